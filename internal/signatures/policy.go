package signatures

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// maxFuture is how far the clock of a signer may be ahead.
const maxFuture = 10 * time.Minute

// Policy is what must be signed before an image is used. Without Types, nothing must.
type Policy struct {
	Keys []Key
	// Types are the predicate types of which there must be a statement each; SignatureType for a signature.
	Types []string
	// MaxAge is how old each may be; 0: any age. A statement without a time is too old.
	MaxAge time.Duration
	// Images are globs of the names that it applies to; none: all.
	Images []*regexp.Regexp
}

// Glob compiles a pattern of names, in which * stands for any text, also with slashes.
func Glob(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`)
}

// AppliesTo reports whether an image must be signed, by its name without a digest.
func (p Policy) AppliesTo(name string) bool {
	return len(p.Types) > 0 &&
		(len(p.Images) == 0 || slices.ContainsFunc(p.Images, func(glob *regexp.Regexp) bool { return glob.MatchString(name) }))
}

// Verdict gathers what is attached to the image with a digest.
type Verdict struct {
	policy     Policy
	digest     string
	now        time.Time
	statements []Statement
	otherKey   int
	otherImage int
	broken     []string
}

// Judge begins a verdict on the image with a digest.
func (p Policy) Judge(digest string, now time.Time) *Verdict {
	return &Verdict{policy: p, digest: digest, now: now}
}

// Add takes a document that is attached to the image into account.
func (v *Verdict) Add(d Document) {
	statement, err := Read(d, v.digest, v.policy.Keys)
	switch {
	case errors.Is(err, errOtherKey):
		v.otherKey++
	case errors.Is(err, errOtherDigest):
		v.otherImage++
	case err != nil:
		v.Spoil(err.Error())
	default:
		v.statements = append(v.statements, statement)
	}
}

// Spoil takes a document that could not be read into account.
func (v *Verdict) Spoil(why string) {
	if !slices.Contains(v.broken, why) {
		v.broken = append(v.broken, why)
	}
}

// Statements are what the keys of the policy have signed about the image: by type, the newest first.
func (v *Verdict) Statements() []Statement { return sorted(slices.Clone(v.statements)) }

// Passes reports whether the image is signed as the policy says.
func (v *Verdict) Passes() bool { return len(v.lacks()) == 0 }

// lacks are the types of which there is no statement that is young enough.
func (v *Verdict) lacks() (lacks []string) {
	for _, wanted := range v.policy.Types {
		if !slices.ContainsFunc(v.statements, func(s Statement) bool { return s.Type == wanted && v.age(s) == "" }) {
			lacks = append(lacks, wanted)
		}
	}
	return lacks
}

// age says why a statement does not count because of its time.
func (v *Verdict) age(s Statement) string {
	switch {
	case v.policy.MaxAge == 0:
		return ""
	case s.Time.IsZero():
		return "does not say when it was made"
	case s.Time.After(v.now.Add(maxFuture)):
		return "is from the future, " + s.Time.Format(time.RFC3339)
	case v.now.Sub(s.Time) > v.policy.MaxAge:
		return fmt.Sprintf("is of %s, older than %s", s.Time.Format(time.RFC3339), v.policy.MaxAge)
	}
	return ""
}

// Problem returns a *Refusal if the image is not signed as the policy says.
func (v *Verdict) Problem() error {
	lacks := v.lacks()
	if len(lacks) == 0 {
		return nil
	}
	refusal := &Refusal{Digest: v.digest, Lacks: lacks}
	statements := v.Statements()
	for i, s := range statements {
		switch {
		case i > 0 && s.Type == statements[i-1].Type: // an older one
		case slices.Contains(lacks, s.Type):
			refusal.add("the newest " + Name(s.Type) + " " + v.age(s))
		case !slices.Contains(v.policy.Types, s.Type):
			refusal.add(Name(s.Type) + ", which is not asked for")
		}
	}
	if v.otherKey > 0 {
		refusal.add(count(v.otherKey, "signed by another key"))
	}
	if v.otherImage > 0 {
		refusal.add(count(v.otherImage, "for another digest"))
	}
	for _, why := range v.broken {
		refusal.add("one that does not count: " + why)
	}
	if len(refusal.Found) == 0 {
		refusal.add("unsigned: nothing is attached to this digest")
	}
	return refusal
}

func count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %s", n, what)
}

// maxFound is how many findings a Refusal keeps.
const maxFound = 8

// Refusal is why an image does not count as signed.
type Refusal struct {
	Digest string
	Lacks  []string // predicate types
	Found  []string // what is attached instead, a phrase each
}

func (r *Refusal) add(found string) {
	if len(r.Found) < maxFound && !slices.Contains(r.Found, found) {
		r.Found = append(r.Found, found)
	}
}

// Error says what the image lacks.
func (r *Refusal) Error() string {
	names := make([]string, len(r.Lacks))
	for i, lacked := range r.Lacks {
		names[i] = Name(lacked)
	}
	return "no valid " + strings.Join(names, ", and no valid ")
}

// Name is a predicate type in words.
func Name(predicateType string) string {
	if predicateType == SignatureType {
		return "signature"
	}
	return "attestation " + text.Safe(predicateType)
}
