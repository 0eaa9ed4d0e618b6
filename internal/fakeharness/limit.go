package fakeharness

import (
	"sync"
	"time"
)

// limiter counts the calls of each credential in the minute that ends now.
type limiter struct {
	mu    sync.Mutex
	calls map[string][]time.Time
}

// allow reports whether the credential has one of its calls per minute left, and takes it; 0 = no limit.
func (l *limiter) allow(credential string, perMinute int) bool {
	if perMinute <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	recent := l.calls[credential]
	for len(recent) > 0 && now.Sub(recent[0]) >= time.Minute {
		recent = recent[1:]
	}
	allowed := len(recent) < perMinute
	if allowed {
		recent = append(recent, now)
	}
	if l.calls == nil {
		l.calls = map[string][]time.Time{}
	}
	l.calls[credential] = recent
	return allowed
}
