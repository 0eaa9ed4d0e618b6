package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const (
	vulnType   = "https://cosign.sigstore.dev/attestation/vuln/v1"
	bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// signer signs as cosign does.
type signer struct {
	private          *ecdsa.PrivateKey
	pem, fingerprint string
}

func newSigner(t *testing.T) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return signer{private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "sha256:" + hex.EncodeToString(sum[:])}
}

func (s signer) sign(message []byte) string {
	sum := sha256.Sum256(message)
	signature, err := ecdsa.SignASN1(rand.Reader, s.private, sum[:])
	if err != nil {
		panic(err) // the test's own mistake
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// signature is what cosign 2 stores under the tag of an image's signature.
func (s signer) signature(digest string) fakeregistry.Content {
	payload := fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":%q},`+
		`"type":"cosign container image signature"},"optional":null}`, digest)
	return attached(nil, "application/vnd.dev.cosign.simplesigning.v1+json", payload, s.sign(payload))
}

// attestation is what cosign 3 attaches to an image as a referrer.
func (s signer) attestation(image fakeregistry.Content, predicateType, predicate string) fakeregistry.Content {
	const statementType = "application/vnd.in-toto+json"
	statement := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"digest":{"sha256":%q}}],"predicateType":%q,"predicate":%s}`,
		strings.TrimPrefix(image.Digest(), "sha256:"), predicateType, predicate)
	signed := s.sign(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(statementType), statementType, len(statement), statement))
	bundle, err := json.Marshal(map[string]any{"mediaType": bundleType, "dsseEnvelope": map[string]any{
		"payload": statement, "payloadType": statementType, "signatures": []any{map[string]string{"sig": signed}},
	}})
	if err != nil {
		panic(err) // the test's own mistake
	}
	return attached(&image, bundleType, bundle, "")
}

func scanned(at time.Time) string {
	return fmt.Sprintf(`{"metadata":{"scanFinishedOn":%q}}`, at.Format(time.RFC3339))
}

// attached is a manifest with one document: under a tag of cosign's, or with the image as its subject.
func attached(subject *fakeregistry.Content, mediaType string, document []byte, signature string) fakeregistry.Content {
	config := []byte("{}")
	layer := fakeregistry.Describe(mediaType, document)
	fields := map[string]any{
		"config": fakeregistry.Describe("application/vnd.oci.empty.v1+json", config),
		"layers": []any{map[string]any{
			"mediaType": layer.MediaType, "digest": layer.Digest, "size": layer.Size,
			"annotations": map[string]string{"dev.cosignproject.cosign/signature": signature},
		}},
	}
	if subject != nil {
		fields["subject"], fields["artifactType"] = fakeregistry.Describe(subject.MediaType, subject.Manifest), mediaType
	}
	c := fakeregistry.Manifest(fakeregistry.ManifestType, fields)
	c.Blobs = [][]byte{config, document}
	return c
}

// requiring returns a folder whose provider wants images to be signed by one of the keys; reg/ means the registry.
func requiring(t *testing.T, fake *fakeharness.Server, registry *fakeregistry.Server, rule, text string, keys ...signer) *clitest.Dir {
	t.Helper()
	env := fake.Env()
	env["DOCKER_CONFIG"] = t.TempDir()
	dir := clitest.New(t, "", env)
	var list strings.Builder
	for _, key := range keys {
		list.WriteString("<<EOT\n" + key.pem + "EOT\n    ,")
	}
	dir.Write("main.tf", fmt.Sprintf("provider \"harnessci\" {\n  max_retries = 0\n  signatures = {\n    public_keys = [%s]\n    %s\n  }\n}\n", list.String(), rule)+
		strings.ReplaceAll(text, "reg/", registry.Host()+"/"))
	return dir
}

const (
	wantSignature = `require = "signature"`
	wantScan      = `require = "attestation"
    attestation_types = ["` + vulnType + `"]
    max_age = "24h"`
)

func TestAccAnUnsignedImageNeverReachesHarness(t *testing.T) {
	t.Parallel()
	image, another := fakeregistry.Multi(1, "linux/amd64", "linux/arm64"), fakeregistry.Multi(2, "linux/amd64")
	good, retired, stranger := newSigner(t), newSigner(t), newSigner(t)
	const repository = "approved/ci-addon"
	tag := signatureTag(repository, image.Digest())
	for name, test := range map[string]struct {
		rule   string
		attach func(*fakeregistry.Server)
		found  string
	}{
		"unsigned":  {wantSignature, func(*fakeregistry.Server) {}, "unsigned: nothing is attached to this digest"},
		"other key": {wantSignature, func(r *fakeregistry.Server) { r.Push(tag, stranger.signature(image.Digest())) }, "one signed by another key"},
		"replayed":  {wantSignature, func(r *fakeregistry.Server) { r.Push(tag, good.signature(another.Digest())) }, "one for another digest"},
		"a platform": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(signatureTag(repository, image.Children[0].Digest()), good.signature(image.Children[0].Digest()))
		}, "unsigned"},
		"hostile": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, bundleType, []byte("\x1b[31m{"), "\x1b[31m"))
		}, "the bundle is not valid JSON"},
		"huge": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, bundleType, make([]byte, 9<<20), ""))
		}, "bytes are more than is read"},
		"too old": {wantScan, func(r *fakeregistry.Server) {
			r.Push(repository, good.attestation(image, vulnType, scanned(time.Now().Add(-25*time.Hour))))
		}, "older than 24h0m0s"},
		"another type": {wantScan, func(r *fakeregistry.Server) {
			r.Push(repository, good.attestation(image, "https://cyclonedx.org/bom", "{}"))
		}, "attestation https://cyclonedx.org/bom, which is not asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			registry := fakeregistry.Start(t, fakeregistry.Options{Referrers: test.rule == wantScan})
			registry.Push(repository+":1", image)
			test.attach(registry)
			dir := requiring(t, fake, registry, test.rule, set(map[string]string{"addonTag": "reg/" + repository + ":1"}), retired, good)
			output := dir.Must("plan")
			requireDiagnostics(t, output, 1, "Warning: Images are not signed", "ci/K8/addonTag", image.Digest(), test.found)
			requireDiagnostics(t, output, 0, "Warning: Tags may move")
			result := dir.Run("apply", "-auto-approve")
			requireDiagnostics(t, result.Output, 1, "Error: Could not set the image override ci/K8/addonTag", image.Digest(), test.found, "Nothing was written")
			if n := fake.Count("writes"); n != 0 || result.Code != 1 || strings.Contains(result.Output, "\x1b") {
				t.Errorf("%d writes, exit code %d:\n%s", n, result.Code, result.Output)
			}

			if name != "unsigned" && name != "too old" {
				return
			}
			// Once it is signed, the same configuration applies; a digest cannot move.
			if test.rule == wantScan {
				registry.Push(repository, retired.attestation(image, vulnType, scanned(time.Now())))
			} else {
				registry.Push(tag, retired.signature(image.Digest()))
			}
			pinned := registry.Host() + "/" + repository + ":1@" + image.Digest()
			requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Tags may move", pinned)
			dir.Write("main.tf", strings.ReplaceAll(dir.Read("main.tf"), repository+":1\"", repository+":1@"+image.Digest()+"\""))
			output = dir.Must("apply", "-auto-approve")
			requireDiagnostics(t, output, 0, "Warning: Tags may move")
			requireDiagnostics(t, output, 0, "Warning: Images are not signed")
			requireEmptyPlan(t, dir)
			if got := fake.Overrides("ci/K8")["addonTag"]; got != pinned {
				t.Errorf("the account has %s", got)
			}
		})
	}
}

// What cannot be checked is not stored, and one cause is told once.
func TestAccSignaturesThatCannotBeReadStopTheWrite(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	good := newSigner(t)
	config := ""
	for _, field := range []string{"addonTag", "liteEngineTag"} {
		registry.Push("a/"+strings.ToLower(field)+":1", someImage)
		config += pin(field, "reg/a/"+strings.ToLower(field)+":1")
	}
	registry.Inject(fakeregistry.Fault{Kind: "manifests", Reference: ".sig", Status: http.StatusServiceUnavailable, Times: -1})
	dir := requiring(t, fake, registry, wantSignature, config, good)
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Signatures were not checked: "+registry.Host(), "ci/K8/addonTag", "ci/K8/liteEngineTag")
	result := dir.Run("apply", "-auto-approve")
	requireSays(t, result.Output, "Whether the image is signed could not be checked", "the cause is the same as for", "Nothing was written")
	if n := fake.Count("writes"); n != 0 || result.Code != 1 {
		t.Errorf("%d writes, exit code %d", n, result.Code)
	}
	registry.ClearFaults()
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), wantSignature, wantSignature+"\n    images = [\""+registry.Host()+"/b/*\"]", 1))
	registry.ResetLog()
	requireDiagnostics(t, dir.Must("apply", "-auto-approve"), 0, "Warning: Signatures were not checked")
	if n := registry.Count(http.MethodGet, "manifests"); n != 0 {
		t.Errorf("%d requests for signatures of images that need none", n)
	}
}

func TestAccACopyIsJudgedByItsSource(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{})
	image, good := fakeregistry.Multi(1, "linux/amd64", "linux/arm64"), newSigner(t)
	registry.Push("quarantine/ci-addon:1", image)
	resource := func(signatures string) string {
		return fmt.Sprintf("resource \"harnessci_image_copy\" \"addon\" {\n  source = \"reg/quarantine/ci-addon:1\"\n  destination = \"reg/approved/ci-addon:1\"\n"+
			"  signatures = %q\n}\n", signatures) + pin("addonTag", "${harnessci_image_copy.addon.destination}")
	}
	dir := requiring(t, fake, registry, wantSignature+"\n    images = [\""+registry.Host()+"/approved/*\"]", resource("true"), good)
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Images are not signed", registry.Host()+"/approved/ci-addon:1", image.Digest())
	result := dir.Run("apply", "-auto-approve")
	requireDiagnostics(t, result.Output, 1, "Error: Could not copy the image", "no valid signature", "unsigned: nothing is attached", "Nothing was written")
	if n := registry.Count(http.MethodPost) + registry.Count(http.MethodPut); n != 0 || registry.Tag("approved/ci-addon:1") != "" || fake.Count("writes") != 0 {
		t.Errorf("%d uploads", n)
	}

	// A copy that leaves the signature behind brings an unsigned image.
	registry.Push(signatureTag("quarantine/ci-addon", image.Digest()), good.signature(image.Digest()))
	config := dir.Read("main.tf")
	dir.Write("main.tf", strings.Replace(config, `signatures = "true"`, `signatures = "false"`, 1))
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Images are not signed", "unsigned: nothing is attached")
	dir.Write("main.tf", config)
	requireDiagnostics(t, dir.Must("plan"), 0, "Warning: Images are not signed")
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
	if got := fake.Overrides("ci/K8")["addonTag"]; got != registry.Host()+"/approved/ci-addon:1" ||
		registry.Tag(signatureTag("approved/ci-addon", image.Digest())) == "" {
		t.Errorf("the account has %q", got)
	}
}
