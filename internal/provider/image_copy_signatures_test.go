package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// signatureTag is the tag under which cosign keeps the signature of a digest, in a repository.
func signatureTag(repository, digest string) string {
	return repository + ":" + strings.Replace(digest, ":", "-", 1) + ".sig"
}

// A signature is content like any other.
func someSignature(seed uint64) fakeregistry.Content {
	return fakeregistry.Image("linux/amd64", fakeregistry.Layer(seed, 20))
}

// Signatures that a destination has lost are drift; those that others have added are not.
func TestAccASignatureThatIsLostIsCopiedAgain(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{Referrers: true})
	signed := signatureTag("mirror/harness/ci-addon", digest)
	signature := src.Push(signatureTag("harness/ci-addon", digest), someSignature(1))
	dir := copying(t, src, dst, "signatures = true")
	dir.Must("apply", "-auto-approve")
	if got := dst.Tag(signed); got != signature {
		t.Fatalf("the destination has %q as the signature, want %s", got, signature)
	}
	src.ResetLog()
	dst.ResetLog()
	dir.Must("plan", "-detailed-exitcode")
	if s, d := src.Count("", "manifests"), dst.Count("", "manifests"); s != 1 || d != 2 || dst.Count(http.MethodHead) != 2 {
		t.Errorf("a plan with nothing to do asked the source for %d manifests and the destination for %d, want 1 and 2 by HEAD: %+v",
			s, d, dst.Requests())
	}

	own := dst.Push(signed, someSignature(2)) // such as a second signature, of whoever runs the destination
	dir.Must("plan", "-detailed-exitcode")

	dst.Inject(fakeregistry.Fault{Kind: "manifests", Reference: ".sig", Status: 503, Times: -1})
	result := dir.Run("plan")
	requireDiagnostics(t, result.Output, 1, "Error: Could not read the signatures of the image copy", dst.Host())
	dst.ClearFaults()
	if got := dst.Tag(signed); got != own {
		t.Errorf("the destination has %q as the signature, and %s is another's", got, own)
	}

	dst.Untag(signed)
	result = dir.Run("plan", "-detailed-exitcode")
	if flat := strings.Join(strings.Fields(result.Output), " "); result.Code != 2 || !strings.Contains(flat, "signatures = false -> true") {
		t.Errorf("the plan ended with %d and does not show the loss:\n%s", result.Code, result.Output)
	}
	requireDiagnostics(t, result.Output, 1, "Warning: Signatures of "+dst.Host()+"/"+destinationRef+" are gone", signed)
	dir.Must("apply", "-auto-approve")
	if got := dst.Tag(signed); got != signature {
		t.Errorf("the destination has %q as the signature, want %s", got, signature)
	}
	dir.Must("plan", "-detailed-exitcode")
}
