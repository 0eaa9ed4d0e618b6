package owners

import (
	"fmt"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// DuplicateError says that two resources set the same override in one apply.
type DuplicateError struct{ Target }

func (e *DuplicateError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *DuplicateError) Reason() string {
	return "another resource has the same override"
}

// ConflictError says that single overrides and an exclusive set, or two exclusive sets, meet in one
// module and infra.
type ConflictError struct {
	Scope harness.Scope
	// Fields are the single overrides seen so far, sorted; empty for two sets.
	Fields []string
}

func (e *ConflictError) Error() string {
	if len(e.Fields) == 0 {
		return fmt.Sprintf("two exclusive sets own the overrides of %s", e.Scope)
	}
	return fmt.Sprintf("single overrides (%s) conflict with an exclusive set that owns all overrides of %s",
		strings.Join(e.Fields, ", "), e.Scope)
}

// UndoneError says that one resource in a plan destroys what another keeps unchanged.
type UndoneError struct {
	Scope harness.Scope
	// Fields are the overrides concerned, sorted.
	Fields []string
}

func (e *UndoneError) Error() string {
	return fmt.Sprintf("in %s, one resource destroys what another keeps: %s", e.Scope, strings.Join(e.Fields, ", "))
}

// KeptError says that a reset was skipped because another resource set the same override in this run: a
// reset would undo that.
type KeptError struct{ Target }

func (e *KeptError) Error() string { return e.Named(e.Reason()) }

// Reason says it without the name of the override.
func (e *KeptError) Reason() string {
	return "not reset, because another resource set it in this run"
}
