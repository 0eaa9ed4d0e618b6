package execconfig

import "sync"

// Notice is something about a run that a user should know and no operation's outcome says.
type Notice struct{ Summary, Detail string }

// notices collects notices, each summary once.
type notices struct {
	mu   sync.Mutex
	seen map[string]bool
	due  []Notice
}

func (n *notices) add(notice Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[notice.Summary] {
		return
	}
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	n.seen[notice.Summary] = true
	n.due = append(n.due, notice)
}

// Notices returns the notices since the last call; each is returned once.
func (a *Account) Notices() []Notice {
	a.notices.mu.Lock()
	defer a.notices.mu.Unlock()
	due := a.notices.due
	a.notices.due = nil
	return due
}
