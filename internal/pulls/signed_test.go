package pulls

import (
	"errors"
	"net/http"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
)

// Nobody has signed anything here; what an image that must be signed costs, and what is said of it.
func TestWhatIsAskedAboutSignatures(t *testing.T) {
	fake, run := start(t, false)
	policy := signatures.Policy{Types: []string{signatures.SignatureType}}
	stored := []string{"harness/ci-addon:1.16.92", "harness/ci-addon:1.16.92@" + someImage.Digest(), "not an image"}
	for range 2 {
		passed, outcomes := run.CheckSignedPlan(t.Context(), policy, stored)
		unsigned, ok := errors.AsType[*UnsignedError](outcomes[0])
		if !ok || unsigned.Refusal.Digest != someImage.Digest() || unsigned.Stored != stored[0] || len(passed) != 0 {
			t.Fatalf("%v, %v", passed, outcomes)
		}
		if _, unchecked := errors.AsType[*UncheckedError](outcomes[2]); !unchecked {
			t.Errorf("what is no image: %v", outcomes[2])
		}
	}
	// For each name once a run: .sig, .att, the fallback tag.
	if n, asked := fake.Count(http.MethodGet, "manifests"), fake.Count("", "referrers"); n != 6 || asked != 2 {
		t.Errorf("%d manifests and %d lists were asked for, want 6 and 2", n, asked)
	}
	fake.ResetLog()
	policy.Images = append(policy.Images, signatures.Glob("other.example.com/*"))
	if _, outcomes := run.CheckSignedPlan(t.Context(), policy, stored[:2]); outcomes[0] != nil || len(fake.Requests()) != 0 {
		t.Errorf("an image that need not be signed: %v, %d requests", outcomes, len(fake.Requests()))
	}
	policy.Images = nil
	run.WillMake(fake.Host()+"/mirror/"+stored[0], someImage.Digest())
	if _, outcomes := run.CheckSignedPlan(t.Context(), policy, stored[:1]); outcomes[0] != nil {
		t.Errorf("what a copy makes is judged with the copy: %v", outcomes)
	}
	if outcomes := run.CheckSignedWrite(t.Context(), policy, stored[:1]); outcomes[0] == nil {
		t.Error("an unsigned copy is stored")
	}
}
