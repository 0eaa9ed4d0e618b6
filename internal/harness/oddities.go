package harness

import (
	"slices"
	"sync"
)

// maxOddities is how many oddities are told in a run; who sends more has been heard.
const maxOddities = 20

// oddities collects what was odd in answers that were used all the same.
type oddities struct {
	mu   sync.Mutex
	told []string // so far, each once
	next int      // the first that nobody has taken
}

func (o *oddities) add(said string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.told) < maxOddities && !slices.Contains(o.told, said) {
		o.told = append(o.told, said)
	}
}

// Oddities returns, in sentences without a full stop, what was odd in answers since it was last
// called: what is left out of them does not show otherwise. The same is told once.
func (c *Client) Oddities() []string {
	c.odd.mu.Lock()
	defer c.odd.mu.Unlock()
	fresh := slices.Clone(c.odd.told[c.odd.next:])
	c.odd.next = len(c.odd.told)
	return fresh
}
