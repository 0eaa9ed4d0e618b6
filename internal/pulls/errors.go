package pulls

import (
	"errors"
	"fmt"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ErrSettings is why no image can be looked up yet.
var ErrSettings = errors.New("the settings of registries are not known yet")

// UncheckedError is an image of which nothing is known: neither that it is there, nor that it is missing.
type UncheckedError struct {
	Host string // the registry that was asked; "" if none was
	Err  error
}

// Error says why.
func (e *UncheckedError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *UncheckedError) Unwrap() error { return e.Err }

// SilentError is a registry that has not answered within Patience, or was not asked again after that.
type SilentError struct{ Host string }

// Error says which one.
func (e *SilentError) Error() string {
	return fmt.Sprintf("%s did not answer within %.0f s", e.Host, Patience.Seconds())
}

// MissingError is an image that its registry definitely does not have.
type MissingError struct {
	Stored  string
	Pull    imageref.Pull
	Nearest []string // existing tags that are similar
	Err     error    // the registry's answer
}

// Error says what is missing where.
func (e *MissingError) Error() string { return e.Reason() + ": " + e.Err.Error() }

// Unwrap returns the registry's answer.
func (e *MissingError) Unwrap() error { return e.Err }

// Reason says what is missing where.
func (e *MissingError) Reason() string {
	return e.Answer() + ", and builds would fail to pull the image"
}

// Answer says which registry does not have what.
func (e *MissingError) Answer() string {
	what := "has no such tag"
	if kind, _ := registry.KindOf(e.Err); kind == registry.NoRepository {
		what = "has no such repository"
	}
	return hostOf(e.Pull.Image) + " " + what
}

// Facts returns the stored name, the pulled one where it differs, and the nearest tags.
func (e *MissingError) Facts() text.Facts {
	facts := names(e.Stored, e.Pull.Image)
	for _, tag := range e.Nearest {
		facts = append(facts, text.Fact{Name: "nearest tags", Value: tag})
	}
	return facts
}

// names are the facts of what is stored and, where that differs, of what is pulled for it.
func names(stored, pulled string) text.Facts {
	facts := text.Facts{{Name: "image", Value: stored}}
	if pulled != stored {
		facts = append(facts, text.Fact{Name: "pulled", Value: pulled})
	}
	return facts
}

// IsMissing reports whether a registry definitely does not have an image.
func IsMissing(err error) bool {
	kind, ok := registry.KindOf(err)
	return ok && (kind == registry.NotFound || kind == registry.NoRepository)
}
