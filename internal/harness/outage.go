package harness

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// outageMemory is the longest time for which a dead place is not asked again; it is as long as it took to
// find out. Calls that wait behind that one begin within moments; later ones may find it alive.
const outageMemory = 5 * time.Second

// outages remembers which places were dead after every retry, or asked for a long wait, so that a run with
// many calls waits for them once. Without a connection, the place is a host, dead for every call; without a sensible answer, it is a
// path's folder, dead for reads or for writes: calls of the other kind are tried once.
type outages struct {
	mu   sync.Mutex
	dead map[string]outage
}

type outage struct {
	until time.Time
	cause *Error
}

// places returns the names of the folder for calls like this one, and for those of the other kind; none for
// other calls: putting a connector back is worth every try.
func (r request) places() (own, other string) {
	folder := transport.Origin(r.url) + path.Dir(r.url.Path)
	switch {
	case r.method == http.MethodGet:
		return "reads of " + folder, "writes of " + folder
	case r.many:
		return "writes of " + folder, "reads of " + folder
	}
	return "", ""
}

// note remembers a call that failed after all its retries, or whose server asks to wait for longer than it may.
func (o *outages) note(x *exchange, failed *Error) {
	place, now := "", time.Now()
	until := now.Add(min(outageMemory, now.Sub(x.began)))
	switch {
	case !x.policy.Heeds(failed.RetryAfter):
		place, _ = x.places()
		until = now.Add(outageMemory)
	case x.attempts <= x.policy.Max:
	case !x.uncertain && x.status == 0:
		place = transport.Origin(x.url)
	case x.status == 0, x.status >= http.StatusBadGateway && x.status <= http.StatusGatewayTimeout:
		place, _ = x.places()
	}
	if place == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead == nil {
		o.dead = map[string]outage{}
	}
	if x.triedOnce.After(until) {
		until = x.triedOnce
	}
	o.dead[place] = outage{until, failed}
}

// recall returns the failure that spares a call, under that call's name, or nil. once is until when a call
// is tried only once.
func (o *outages) recall(r request) (failed *Error, once time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	own, other := r.places()
	for _, place := range []string{transport.Origin(r.url), own} {
		found, ok := o.dead[place]
		if !ok || time.Now().After(found.until) {
			continue
		}
		return spared(r, found.cause), once
	}
	if found, ok := o.dead[other]; ok && time.Now().Before(found.until) {
		once = found.until
	}
	return nil, once
}

// spared is the failure of a call that another call's failure keeps from being sent.
func spared(r request, cause *Error) *Error {
	e := *cause
	e.Call, e.Subject, e.Attempts = r.call, r.subject, 0
	e.Uncertain = false
	e.Err = &transport.UnsentError{Err: &sparedError{cause.Origin()}}
	return &e
}

// sparedError is why a call was not sent: an earlier one has shown that it would fail.
type sparedError struct{ cause *Error }

func (e *sparedError) Error() string {
	note := fmt.Sprintf("not sent, because %s has just failed this way", e.cause.Call)
	if e.cause.Err == nil {
		return note
	}
	return fmt.Sprintf("%s (%s)", e.cause.Err, note)
}

func (e *sparedError) Unwrap() error { return e.cause.Err }

// Origin returns the failure that spared this call, or else the error itself.
func (e *Error) Origin() *Error {
	if spared, ok := errors.AsType[*sparedError](e.Err); ok {
		return spared.cause
	}
	return e
}
