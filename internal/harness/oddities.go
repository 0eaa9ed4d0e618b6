package harness

import (
	"slices"
	"sync"
)

// maxOddities is how many oddities a run reports: enough to show the problem.
const maxOddities = 20

// oddities collects what was odd in answers that were used nevertheless.
type oddities struct {
	mu   sync.Mutex
	seen []string // so far, each once
	next int      // the first that nobody has taken
}

func (o *oddities) add(said string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.seen) < maxOddities && !slices.Contains(o.seen, said) {
		o.seen = append(o.seen, said)
	}
}

// Oddities returns, as sentences without a full stop, what was odd in answers since its last call, each
// once: nothing else shows what was left out.
func (c *Client) Oddities() []string {
	c.odd.mu.Lock()
	defer c.odd.mu.Unlock()
	fresh := slices.Clone(c.odd.seen[c.odd.next:])
	c.odd.next = len(c.odd.seen)
	return fresh
}
