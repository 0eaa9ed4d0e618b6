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
func (s *Server) write(ctx context.Context, latency time.Duration, req Request, f *Fault) answer {
	s.Wait(ctx, latency/4)
	module, _ := mustScope(req.Scope)
	doc := s.store.load(req.Account, module).clone()
	refusal := s.apply(doc, req)
	if f.BeforeSave != nil {
		f.BeforeSave(req)
	}
	s.Wait(context.WithoutCancel(ctx), latency/2)
	if refusal == nil && !f.Lie {
		s.save(ctx, req, doc, f.SaveLate)
	}
	s.Wait(ctx, latency/4)
	if refusal != nil {
		return *refusal
	}
	return success(true)
}

// save saves a document, late if a fault says so: the write is in flight until then.
func (s *Server) save(ctx context.Context, req Request, doc document, late time.Duration) {
	module, _ := mustScope(req.Scope)
	if late == 0 {
		s.store.save(req.Account, module, doc, s.Options().ReplicaLag)
		return
	}
	s.writes.count(req.Account, 1)
	s.late.Go(func() {
		defer s.writes.count(req.Account, -1)
		s.Wait(context.WithoutCancel(ctx), late)
		s.store.save(req.Account, module, doc, s.Options().ReplicaLag)
	})
}

// apply changes doc as the body says; nil when every operation of it is valid.
func (s *Server) apply(doc document, req Request) *answer {
	refusal := func(a answer) *answer { return &a }
	module, infra := mustScope(req.Scope)
	operations, err := operationsOf(module, req.Call, req.Body)
	if err != nil || !s.takesForm(module, req.Call, req.Body) {
		return refusal(invalid("body", "Unable to process JSON"))
	}
	if operations == nil {
		return refusal(invalid("body", "must not be null"))
	}
	for i, op := range operations {
		if op == nil || isBlank(op.Field) {
			return refusal(invalid(fmt.Sprintf("[%d].field", i), "must not be blank"))
		}
		if field, ok := s.Options().Aliases[op.Field]; ok {
			op.Field = field
		}
		if !s.store.takes(req.Scope, op.Field) {
			return refusal(s.badField(op.Field, infra))
		}
		if req.Call == "reset-config" {
			op.Value = nil
		}
		if respell := s.Options().Respell; respell != nil && op.Value != nil {
			*op.Value = respell(*op.Value)
		}
		doc.set(infra, op.Field, op.Value)
	}
	return nil
}

// badField is the refusal of a field that cannot be set.
func (s *Server) badField(field, infra string) answer {
	if status := s.Options().BadFieldStatus; status != http.StatusInternalServerError {
		return failed(status, "INVALID_REQUEST", fmt.Sprintf("Field %s does not exist for infra type: %s", field, infra))
	}
	return broken()
}
