package fakeharness

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// operation is one element of a write's body. Without a value, or with null, it unsets the field.
type operation struct {
	Field string
	Value *string
}

// UnmarshalJSON accepts the keys only in their own case, unlike encoding/json.
func (o *operation) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	for key, into := range map[string]any{"field": &o.Field, "value": &o.Value} {
		if member, ok := members[key]; ok {
			if err := json.Unmarshal(member, into); err != nil {
				return err
			}
		}
	}
	return nil
}

// write reads the whole document of one account and module, changes the named fields in memory and saves
// all of it. Nothing is locked in between: of two writes in flight the later save wins. It completes even
// if its client has gone.
func (s *Server) write(ctx context.Context, latency time.Duration, req Request, f *Fault) *answer {
	s.Wait(ctx, latency/4)
	module, _ := mustScope(req.Scope)
	var doc document
	s.locked(func() { doc = s.load(req.Account, module, 0).clone() })
	refusal := s.apply(doc, req)
	if f.BeforeSave != nil {
		f.BeforeSave(req)
	}
	s.Wait(context.WithoutCancel(ctx), latency/2)
	save := func() { s.locked(func() { s.save(req.Account, module, doc) }) }
	switch {
	case refusal != nil || f.Lie:
	case f.SaveLate == 0:
		save()
	default:
		s.countWrite(req.Account, 1) // it is in flight until it is saved
		s.Go(func() {
			defer s.countWrite(req.Account, -1)
			s.Wait(context.WithoutCancel(ctx), f.SaveLate)
			save()
		})
	}
	s.Wait(ctx, latency/4)
	if refusal != nil {
		return refusal
	}
	return success(true)
}

// apply changes doc as the body says; nil when every operation of it is valid.
func (s *Server) apply(doc document, req Request) *answer {
	module, infra := mustScope(req.Scope)
	operations, err := operationsOf(module, req.Call, req.Body)
	if err != nil || !s.takesForm(module, req.Call, req.Body) {
		return invalid("body", "Unable to process JSON")
	}
	if operations == nil {
		return invalid("body", "must not be null")
	}
	opts := s.Options()
	for i, op := range operations {
		if op == nil || isBlank(op.Field) {
			return invalid(fmt.Sprintf("[%d].field", i), "must not be blank")
		}
		if field, ok := opts.Aliases[op.Field]; ok {
			op.Field = field
		}
		if !s.takes(req.Scope, op.Field) {
			return s.badField(op.Field, infra)
		}
		if req.Call == "reset-config" {
			op.Value = nil
		}
		if opts.Respell != nil && op.Value != nil {
			*op.Value = opts.Respell(*op.Value)
		}
		doc.set(infra, op.Field, op.Value)
	}
	return nil
}

// badField is the refusal of a field that cannot be set.
func (s *Server) badField(field, infra string) *answer {
	if status := s.Options().BadFieldStatus; status != http.StatusInternalServerError {
		return failed(status, "INVALID_REQUEST", fmt.Sprintf("Field %s does not exist for infra type: %s", field, infra))
	}
	return broken()
}
