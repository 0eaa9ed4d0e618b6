package pulls

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// UnsignedError is an image without what a policy wants to be signed.
type UnsignedError struct {
	Stored, Pulled string
	Refusal        *signatures.Refusal
}

// Error says what is not there.
func (e *UnsignedError) Error() string { return e.Reason() }

// Reason is Error, for messages that name the image.
func (e *UnsignedError) Reason() string {
	return "the image has " + e.Refusal.Error() + ", so builds must not run it"
}

// Facts are the image's names, if it is to be stored, and what is attached to it instead.
func (e *UnsignedError) Facts() text.Facts {
	var facts text.Facts
	if e.Stored != "" {
		facts = names(e.Stored, e.Pulled)
	}
	facts = append(facts, text.Fact{Name: "digest", Value: e.Refusal.Digest})
	for _, found := range e.Refusal.Found {
		facts = append(facts, text.Fact{Name: "found", Value: found})
	}
	return facts
}

// Unwrap returns the verdict.
func (e *UnsignedError) Unwrap() error { return e.Refusal }

// httpsPort is the port of registries whose name has none.
const httpsPort = ":443"

// errNoReference is why an image cannot be judged that no registry can be asked for.
var errNoReference = errors.New("what builds would pull is not an image reference")

// Passed are the images that a policy lets pass, with the reference by digest of what was judged.
type Passed map[string]string

// CheckSignedPlan judges what builds would pull for planned images. The outcomes are, in the place of each, an *UnsignedError,
// an *UncheckedError or nil. What copies of this run make is judged with the copy. An image is judged once a run, within the
// budget of its host.
func (r *Run) CheckSignedPlan(ctx context.Context, policy signatures.Policy, images []string) (Passed, []error) {
	return r.checkSigned(ctx, policy, images, func(ctx context.Context, pulled string) (digest string, err error) {
		if r.makes(pulled) {
			return "", nil
		}
		return r.judged.Do(ctx, FullName(pulled), func(ctx context.Context) (string, error) {
			held, err := r.Look(ctx, pulled)
			if err != nil {
				return "", err
			}
			return held.Digest, r.budgets.spend(ctx, hostOf(pulled), func(ctx context.Context) error {
				return r.judge(registry.Once(ctx), policy, held.Digest, pulled)
			})
		})
	})
}

// CheckSignedWrite judges what builds would pull for images that are about to be stored. Each is looked up anew, with all
// effort: the digest that a tag names is the one that is judged.
func (r *Run) CheckSignedWrite(ctx context.Context, policy signatures.Policy, images []string) []error {
	_, outcomes := r.checkSigned(ctx, policy, images, func(ctx context.Context, pulled string) (string, error) {
		held, err := r.registry.Head(ctx, pulled)
		if err != nil {
			return "", err
		}
		return held.Digest, r.judge(ctx, policy, held.Digest, pulled)
	})
	return outcomes
}

func (r *Run) checkSigned(
	ctx context.Context, policy signatures.Policy, images []string, judge func(ctx context.Context, pulled string) (string, error),
) (passed Passed, outcomes []error) {
	var mu sync.Mutex
	passed = Passed{}
	return passed, r.resolve(ctx, images, func(image string, pull imageref.Pull) error {
		if pull.Host == "" {
			return &UncheckedError{Err: errNoReference}
		}
		if !applies(policy, pull.Image) {
			return nil
		}
		digest, err := judge(ctx, pull.Image)
		if err == nil && digest != "" {
			mu.Lock()
			defer mu.Unlock()
			passed[image] = imageref.Pin(image, digest)
		}
		return judgement(err, image, pull.Image)
	})
}

// CheckDigest judges the image with a digest that has a name, such as a copy's destination: by what is attached to the digest in
// the repositories of some references, one after the other until it passes. Quick: within the budget of the first one's host.
// The error is as those of CheckSignedPlan.
func (r *Run) CheckDigest(ctx context.Context, policy signatures.Policy, quick bool, name, digest string, places ...string) error {
	if !applies(policy, name) {
		return nil
	}
	judge := func(ctx context.Context, _ *registry.Client) error { return r.judge(ctx, policy, digest, places...) }
	var err error
	if quick {
		err = r.Ask(registry.Once(ctx), places[0], judge)
	} else {
		err = judge(ctx, nil)
	}
	err = judgement(err, "", places[0])
	if unsigned, ok := errors.AsType[*UnsignedError](err); ok {
		unsigned.Pulled = "" // the caller says what it is
	}
	return err
}

// judgement says which image an outcome is about.
func judgement(err error, stored, pulled string) error {
	if refused, ok := errors.AsType[*signatures.Refusal](err); ok {
		return &UnsignedError{stored, pulled, refused}
	}
	if err != nil {
		return &UncheckedError{Host: hostOf(pulled), Err: err}
	}
	return nil
}

// judge judges the image with a digest by what is attached to it in the repositories of some references. The error is a
// *signatures.Refusal, or why the first of them could not be read.
func (r *Run) judge(ctx context.Context, policy signatures.Policy, digest string, places ...string) error {
	verdict := policy.Judge(digest, time.Now())
	for i, place := range places {
		err := gather(ctx, r.registry, verdict, digest, place, func() bool { return !verdict.Passes() })
		switch {
		case verdict.Passes():
			return nil
		case err == nil:
		case i == 0 || ctx.Err() != nil:
			return err
		default:
			verdict.Spoil(err.Error())
		}
	}
	return verdict.Problem()
}

// Statements returns what the policy's keys have signed about the image with a digest, in the repository of a reference.
func Statements(ctx context.Context, client *registry.Client, policy signatures.Policy, digest, place string) ([]signatures.Statement, error) {
	verdict := policy.Judge(digest, time.Now())
	err := gather(ctx, client, verdict, digest, place, func() bool { return true })
	return verdict.Statements(), err
}

// gather adds what is attached to a digest to a verdict, as long as more is wanted.
func gather(ctx context.Context, client *registry.Client, verdict *signatures.Verdict, digest, place string, more func() bool) error {
	return client.Documents(ctx, place, digest, signatures.IsBundle, func(d registry.Document) bool {
		if d.Problem != "" {
			verdict.Spoil(d.Problem)
		} else {
			verdict.Add(signatures.Document{MediaType: d.MediaType, Signature: d.Signature, Content: d.Content})
		}
		return more()
	})
}

// applies reports whether an image must be signed: by its name in full, without a digest, with and without the port that is
// meant without one.
func applies(policy signatures.Policy, ref string) bool {
	image, err := imageref.Parse(ref)
	if err != nil {
		return policy.AppliesTo(ref)
	}
	image.Digest = ""
	host := strings.TrimSuffix(image.Registry, httpsPort)
	if strings.Contains(host, ":") {
		return policy.AppliesTo(image.String())
	}
	return slices.ContainsFunc([]string{host, host + httpsPort}, func(host string) bool {
		image.Registry = host
		return policy.AppliesTo(image.String())
	})
}
