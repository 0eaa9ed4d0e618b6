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

// Signatures that a destination has lost, or somebody has overwritten, are drift; those that others have added are not.
func TestAccASignatureThatIsLostIsCopiedAgain(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{Referrers: true})
	signed := signatureTag("mirror/harness/ci-addon", digest)
	signature := src.Push(signatureTag("harness/ci-addon", digest), someSignature(1))
	dir := copying(t, src, dst, "signatures = true\n  on_destroy = \"delete\"")
	dir.Must("apply", "-auto-approve")
	if got := dst.Tag(signed); got != signature {
		t.Fatalf("the destination has %q as the signature, want %s", got, signature)
	}
	src.ResetLog()
	dst.ResetLog()
	dst.Push(strings.Replace(signed, ".sig", ".att", 1), someSignature(3))
	dir.Must("plan", "-detailed-exitcode")
	// At the destination: the tag, two platforms, the signature.
	if s, d := src.Count("", "manifests"), dst.Count("", "manifests"); s != 1 || d != 4 || dst.Count(http.MethodHead) != 4 {
		t.Errorf("a plan with nothing to do asked the source for %d manifests and the destination for %d, want 1 and 4 by HEAD: %+v",
			s, d, dst.Requests())
	}

	dst.Inject(fakeregistry.Fault{Call: "manifests", Reference: ".sig", Status: 503, Times: -1})
	requireDiagnostics(t, dir.Must("plan", "-detailed-exitcode"), 1, "Warning: Could not check all copied images in "+dst.Host(), ".sig")
	dst.ClearFaults()

	for what, lose := range map[string]func(){
		"overwritten": func() { dst.Push(signed, someSignature(2)) },
		"gone":        func() { dst.Untag(signed) },
	} {
		lose()
		result := dir.Run("plan", "-detailed-exitcode")
		if flat := strings.Join(strings.Fields(result.Output), " "); result.Code != 2 || !strings.Contains(flat, `signatures = "false" -> "true"`) {
			t.Errorf("the plan ended with %d and does not show that it is %s:\n%s", result.Code, what, result.Output)
		}
		requireDiagnostics(t, result.Output, 1, "Warning: Signatures of "+dst.Host()+"/"+destinationRef+" are gone or overwritten", signed, what)
		dir.Must("apply", "-auto-approve")
		if got := dst.Tag(signed); got != signature {
			t.Errorf("the destination has %q as the signature, want %s", got, signature)
		}
		dir.Must("plan", "-detailed-exitcode")
	}

	dir.Must("destroy", "-auto-approve")
	if got := dst.Tag(signed); got != "" || dst.Tag(destinationRef) != "" {
		t.Errorf("the destination still has the signature %q, and %q", got, dst.Tag(destinationRef))
	}
}

// What the destination refuses is left out, if the configuration says so, and is no drift then.
func TestAccSignaturesThatTheDestinationRefuses(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{Quirks: fakeregistry.Quirks{
		Subject: fakeregistry.Refusal{Status: http.StatusMethodNotAllowed, Code: "UNSUPPORTED", Message: "Invalid parameter"},
	}})
	image := fakeregistry.Multi(1, "linux/amd64", "linux/arm64")
	src.Push("harness/ci-addon:sha256-"+strings.TrimPrefix(digest, "sha256:"), fakeregistry.Index(fakeregistry.Manifest(fakeregistry.ManifestType,
		map[string]any{"subject": fakeregistry.Describe(image.MediaType, image.Manifest), "layers": []any{}})))
	dir := copying(t, src, dst, `signatures = "true"`)
	requireDiagnostics(t, dir.Run("apply", "-auto-approve").Output, 1, "Error: Could not copy the image", "Invalid parameter", "when_supported")
	requireNoCopy(t, dir, dst)
	dir.Write("main.tf", strings.ReplaceAll(dir.Read("main.tf"), `"true"`, `"when_supported"`))
	requireDiagnostics(t, dir.Must("apply", "-auto-approve"), 1, "Warning: The destination refuses signatures of", "Invalid parameter")
	dir.Must("plan", "-detailed-exitcode")
	if got := dst.Tag(destinationRef); got != digest {
		t.Errorf("the destination has %q, want %s", got, digest)
	}
}
