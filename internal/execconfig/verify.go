package execconfig

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// evidence is what a read shows about an op.
type evidence int

const (
	missing evidence = iota // the server has something else
	shown                   // the server has what was sent
	hidden                  // the server may omit it: stored, or missing
)

const (
	// lagSteps is how often the first of the growing pauses between two reads fits into LagMax.
	lagSteps = 16
	// ignoredMax is how many acknowledgements make a field count as never listed.
	ignoredMax = 3
	// respelledMax is how many acknowledgements make another spelling the server's own.
	respelledMax = 3
	// hidesAfter is after how many acknowledgements a server that used to list overrides equal to the
	// default is assumed to omit them now.
	hidesAfter = 5
)

// settle ends the ops whose outcome reads show, and returns those to send again. It first waits as long as
// our write took: a foreign write that read the document before ours was saved has saved it by then, and
// what it undid shows. What does not show is read again before it is sent again: the answer may come from a
// lagging replica, and an unanswered write may be saved late.
func (w *writer) settle(ctx context.Context, ops []*op, took time.Duration) (again []*op) {
	w.pause(ctx, took)
	began, late, lost := time.Now(), false, false
	for pause := w.opts.LagMax / lagSteps; len(ops) > 0; pause *= 2 {
		w.readBack(ctx, ops)
		next := pause
		ops = slices.DeleteFunc(ops, func(o *op) bool {
			switch {
			case o.ended():
			case o.carrier.open():
				next = min(next, time.Until(o.carrier.actsUntil))
				return false
			case w.stored(o):
				w.queue.finish(o, nil)
				late = late || pause > w.opts.LagMax/lagSteps
				if w.actsUntil.Equal(o.carrier.actsUntil) {
					w.actsUntil = time.Time{} // its single attempt has been saved
				}
			case o.carrier.anyLost && w.patienceLeft(o.carrier, began) > 0:
				next = min(next, w.patienceLeft(o.carrier, began))
				return false
			default:
				lost = lost || o.carrier.failure == nil && o.evidence == missing
				if w.decide(ctx, o) {
					again = append(again, o)
				}
			}
			return true
		})
		if len(ops) > 0 {
			w.pause(ctx, next)
		}
	}
	w.learnPatience(late, lost)
	return again
}

// patienceLeft returns for how long what a request wrote may still be on its way to the replica that reads
// come from.
func (w *writer) patienceLeft(r *request, written time.Time) time.Duration {
	if r.actsUntil.After(written) {
		written = r.actsUntil
	}
	return w.patience - time.Since(written)
}

// learnPatience waits less for what another writer undoes, until a read is seen to lag.
func (w *writer) learnPatience(late, lost bool) {
	switch {
	case late:
		w.patience = w.opts.LagMax
	case lost:
		w.patience = max(w.patience/2, w.opts.LagMax/lagSteps)
	}
}

// readBack reads the overrides of the ops' modules and infras, all at once: unlike writes, reads may
// overlap. It ends the ops that cannot be read back and records the evidence of the others.
func (w *writer) readBack(ctx context.Context, ops []*op) {
	scopes := map[harness.Scope][]*op{}
	for _, o := range ops {
		scopes[o.Scope] = append(scopes[o.Scope], o)
	}
	var reads sync.WaitGroup
	for scope, ops := range scopes {
		reads.Go(func() {
			held, err := w.client.CustomerImages(ctx, scope, true)
			w.note(ctx, scope, ops, held, err)
		})
	}
	reads.Wait()
}

// note records what a read of a module and infra says about its ops.
func (w *writer) note(ctx context.Context, scope harness.Scope, ops []*op, held images, readErr error) {
	if readErr == nil {
		w.reads.observe(scope, held)
	}
	for _, o := range ops {
		o.carrier.anyLost = false
	}
	incomplete := readErr != nil
	for _, o := range ops {
		err := readErr
		if err == nil {
			o.evidence, err = w.look(ctx, o, held)
			o.heldNow = held[o.Field]
			o.aliasOf = w.storedAs(o, held)
		}
		switch {
		case err != nil && o.carrier.failure != nil:
			w.queue.finish(o, &UncertainError{Target: o.Target, Err: o.carrier.failure, ReadErr: err})
		case err != nil:
			w.queue.finish(o, &UnverifiedError{Target: o.Target, Err: err})
		}
		o.carrier.anyShown = o.carrier.anyShown || err == nil && o.evidence == shown
		o.carrier.anyLost = o.carrier.anyLost || err == nil && o.evidence == missing
		incomplete = incomplete || o.evidence == missing
	}
	if !incomplete {
		w.reads.feed(scope, held)
	}
}

// look says what the overrides show about an op.
func (w *writer) look(ctx context.Context, o *op, held images) (evidence, error) {
	image, listed := held[o.Field]
	switch {
	case listed && image == o.value:
		return shown, nil
	case listed:
		return missing, nil
	}
	wanted := o.value
	if o.verb() == reset {
		wanted = o.held
	}
	mayHide, err := w.reads.mayHide(ctx, o.Target, wanted, o.attempts >= hidesAfter)
	switch {
	case err != nil:
		return missing, err
	case mayHide:
		return hidden, nil
	case o.verb() == reset:
		return shown, nil
	}
	return missing, nil
}

// stored reports whether an op counts as stored. One that may be hidden needs a witness: no failure,
// no loss in the same request, and either another op of that request that shows, or a second
// acknowledgement.
func (w *writer) stored(o *op) bool {
	if o.evidence != hidden {
		return o.evidence == shown
	}
	if o.carrier.failure != nil || o.carrier.anyLost || !o.carrier.anyShown && o.attempts < 2 {
		return false
	}
	w.reads.listing.Store(omitsDefaults)
	return true
}

// decide ends an op that no read shows, or reports that it must be sent again.
func (w *writer) decide(ctx context.Context, o *op) (again bool) {
	switch {
	case o.carrier.failure != nil:
		w.queue.finish(o, w.refusal(ctx, o))
	case o.attempts >= respelledMax && respelled(o.value, o.heldNow):
		w.queue.finish(o, &RespelledError{Target: o.Target, Sent: o.value, Held: o.heldNow, Attempts: o.attempts})
	case w.ignored(ctx, o):
		unlisted := &NotListedError{Target: o.Target, Sent: o.value, Attempts: o.attempts, StoredAs: o.aliasOf}
		if o.aliasOf != "" {
			unlisted.UndoErr = w.undoAliased(ctx, o)
		}
		w.queue.finish(o, unlisted)
	case o.attempts >= w.opts.Attempts:
		w.queue.finish(o, notStored(o, nil))
	default:
		return true
	}
	return false
}

// respelled reports whether an image that the server has is another spelling of the one sent.
func respelled(sent, held string) bool {
	plain := func(image string) string {
		image = strings.ToLower(strings.TrimSpace(image))
		for _, prefix := range []string{"https://", "index.docker.io/", "docker.io/", "library/"} {
			image = strings.TrimPrefix(image, prefix)
		}
		return strings.TrimSuffix(image, ":latest")
	}
	return sent != "" && plain(sent) == plain(held)
}

// ignored reports whether the server accepts a field and never lists it: several acknowledged writes left
// no trace, although others in the same request did, or although the defaults do not list it either.
func (w *writer) ignored(ctx context.Context, o *op) bool {
	if o.verb() == reset || o.evidence != missing || o.heldNow != "" {
		return false
	}
	if o.aliasOf != "" {
		return true
	}
	defaults, err := w.reads.get(ctx, readKey{defaultsRead, o.Scope})
	if _, known := defaults[o.Field]; err == nil && (o.carrier.anyShown || !known) {
		o.ignored++
	}
	return o.ignored >= ignoredMax
}
