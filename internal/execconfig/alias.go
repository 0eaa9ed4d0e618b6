package execconfig

import (
	"context"
)

// storedAs returns the field that the server has stored an acknowledged set under, "" if it cannot be told: some
// fields have a second name in writes. It is the only one that now has the op's image and did not have it
// before, and that nothing else in this run sets.
func (w *writer) storedAs(o *op, held images) (field string) {
	if o.before == nil || o.heldNow != "" {
		return ""
	}
	for other, image := range held {
		if image != o.value || o.before[other] == image || w.queue.claimed(Target{Scope: o.Scope, Field: other}) {
			continue
		}
		if field != "" {
			return ""
		}
		field = other
	}
	return field
}

// undoAliased puts back what an op has replaced under another field than its own, which no state would know. It
// returns why that failed, or was not seen to succeed.
func (w *writer) undoAliased(ctx context.Context, o *op) error {
	ctx = context.WithoutCancel(ctx) // it was stored; each request is limited by itself
	before, overridden := o.before[o.aliasOf]
	defer w.reads.drop(o.Scope)
	var err error
	if overridden {
		err = w.client.UpdateImages(ctx, o.Scope, images{o.aliasOf: before})
	} else {
		err = w.client.ResetImages(ctx, o.Scope, []string{o.aliasOf})
	}
	if err != nil {
		return err
	}
	held, err := w.client.CustomerImages(ctx, o.Scope, true)
	if err == nil && held[o.aliasOf] == o.value {
		return &NotStoredError{Target: Target{Scope: o.Scope, Field: o.aliasOf}, Sent: before, Held: o.value, Attempts: 1}
	}
	return err
}

// lookBefore notes what the overrides are before a set whose field the defaults do not list leaves for the first
// time: if the server knows the field by another name, what has changed tells which.
func (w *writer) lookBefore(ctx context.Context, g group) {
	defaults, known := w.reads.answers.Last(readKey{defaultsRead, g.scope})
	for _, o := range g.ops {
		if _, listed := defaults[o.Field]; listed || !known || g.verb == reset || o.attempts > 0 {
			continue
		}
		if before, err := w.reads.get(ctx, readKey{overridesRead, g.scope}); err == nil {
			o.before = before
		}
	}
}
