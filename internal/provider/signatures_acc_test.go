package provider_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
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
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return signer{private, public, fingerprint(t, public)}
}

func fingerprint(t *testing.T, public string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(public))
	if block == nil {
		t.Fatal("no PEM block")
	}
	return fakeregistry.Digest(block.Bytes)
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

// attached is a manifest with one document, or the same one many times: under a tag of cosign's, or with the image as its subject.
func attached(subject *fakeregistry.Content, mediaType string, document []byte, signature string, times ...int) fakeregistry.Content {
	config := []byte("{}")
	layer := fakeregistry.Describe(mediaType, document)
	fields := map[string]any{
		"config": fakeregistry.Describe("application/vnd.oci.empty.v1+json", config),
		"layers": slices.Repeat([]any{map[string]any{
			"mediaType": layer.MediaType, "digest": layer.Digest, "size": layer.Size,
			"annotations": map[string]string{"dev.cosignproject.cosign/signature": signature},
		}}, append(times, 1)[0]),
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
	payload := []byte("{}")
	sign := func(r *fakeregistry.Server) { r.Push(tag, good.signature(image.Digest())) }
	for name, test := range map[string]struct {
		rule   string
		attach func(*fakeregistry.Server)
		// later happens after a plan that had nothing to say against the image.
		later func(*fakeregistry.Server)
		found string
	}{
		"unsigned":  {wantSignature, nil, nil, "unsigned: nothing is attached to this digest"},
		"other key": {wantSignature, func(r *fakeregistry.Server) { r.Push(tag, stranger.signature(image.Digest())) }, nil, "one signed by another key"},
		"replayed":  {wantSignature, func(r *fakeregistry.Server) { r.Push(tag, good.signature(another.Digest())) }, nil, "one for another digest"},
		"a replayed bundle": {wantScan, func(r *fakeregistry.Server) {
			r.Push(strings.TrimSuffix(tag, ".sig"), fakeregistry.Index(good.attestation(another, vulnType, scanned(time.Now()))))
		}, nil, "one for another digest"},
		"stripped later": {wantSignature, sign, func(r *fakeregistry.Server) { r.Untag(tag) }, "unsigned: nothing is attached to this digest"},
		"replaced later": {wantSignature, sign, func(r *fakeregistry.Server) { r.Push(tag, stranger.signature(image.Digest())) }, "one signed by another key"},
		"moved later":    {wantSignature, sign, func(r *fakeregistry.Server) { r.Push(repository+":1", another) }, "digest: " + another.Digest()},
		"a platform": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(signatureTag(repository, image.Children[0].Digest()), good.signature(image.Children[0].Digest()))
		}, nil, "unsigned"},
		"hostile": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, bundleType, []byte("\x1b[31m{"), "\x1b[31m"))
		}, nil, "the bundle is not valid JSON"},
		"nested": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, bundleType, []byte(strings.Repeat(`{"dsseEnvelope":`, 500_000)), ""))
		}, nil, "the bundle is not valid JSON"},
		"huge": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, bundleType, make([]byte, 9<<20), ""))
		}, nil, "bytes are more than is read"},
		"a small huge one": {wantSignature, func(r *fakeregistry.Server) {
			sign(r)
			r.Inject(fakeregistry.Fault{Call: "blobs", Times: -1, Status: http.StatusOK, PadTo: 9 << 20})
		}, nil, "larger than is read"},
		"altered": {wantSignature, func(r *fakeregistry.Server) {
			sign(r)
			r.Inject(fakeregistry.Fault{Call: "blobs", Times: -1, Alter: true})
		}, nil, "its content is not what its digest says"},
		"5,000 layers": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, bundleType, payload, "", 5_000))
		}, nil, "more than 100 signatures and attestations are attached"},
		"another media type": {wantSignature, func(r *fakeregistry.Server) {
			r.Push(tag, attached(nil, "text/plain", payload, good.sign(payload)))
		}, nil, "its media type is none that cosign signs"},
		"too old": {wantScan, func(r *fakeregistry.Server) {
			r.Push(repository, good.attestation(image, vulnType, scanned(time.Now().Add(-25*time.Hour))))
		}, nil, "older than 24h0m0s"},
		"another type": {wantScan, func(r *fakeregistry.Server) {
			r.Push(repository, good.attestation(image, "https://cyclonedx.org/bom", "{}"))
		}, nil, "attestation https://cyclonedx.org/bom, which is not asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			registry := fakeregistry.Start(t, fakeregistry.Options{Referrers: test.rule == wantScan && name != "a replayed bundle"})
			registry.Push(repository+":1", image)
			if test.attach != nil {
				test.attach(registry)
			}
			dir := requiring(t, fake, registry, test.rule, set(map[string]string{"addonTag": "reg/" + repository + ":1"}), retired, good)
			output := dir.Must("plan", "-out=plan.bin")
			switch {
			case name == "5,000 layers" && strings.Contains(output, "Warning: Signatures were not checked: "+registry.Host()+" did not answer within"):
				// A busy machine may read fewer than a hundred documents in the time that a plan waits for them.
			case test.later == nil:
				requireDiagnostics(t, output, 1, "Warning: Images are not signed", "ci/K8/addonTag", image.Digest(), test.found)
				requireDiagnostics(t, output, 0, "Warning: Tags may move")
			default:
				requireDiagnostics(t, output, 1, "Warning: Tags may move")
				requireDiagnostics(t, output, 0, "Warning: Images are not signed")
				test.later(registry)
			}
			result := dir.Run("apply", "plan.bin")
			requireDiagnostics(t, result.Output, 1, "Error: Could not set the image override ci/K8/addonTag", "digest: sha256:", test.found, "Nothing was written")
			if n := fake.Count("writes"); n != 0 || result.Code != 1 || strings.Contains(result.Output, "\x1b") {
				t.Errorf("%d writes, exit code %d:\n%s", n, result.Code, result.Output)
			}
			// At most 100 of the 5,000 are read by each of the plan, the plan within the apply, and the write.
			if n := registry.Count(http.MethodGet, "blobs"); n > 300 {
				t.Errorf("%d documents were read", n)
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

// Who has signed and attested what shows, only with keys; a status lists what builds run although nobody has signed it.
func TestAccWhatIsSignedShows(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry := fakeregistry.Start(t, fakeregistry.Options{Referrers: true})
	fake.SetConnector(fakeharness.ConnectorBody("http://"+registry.Host()+"/mirror", ""))
	image, good, retired, stranger := fakeregistry.Multi(1, "linux/amd64", "linux/arm64"), newSigner(t), newSigner(t), newSigner(t)
	const stored = "harness/ci-addon:9.9.9"
	const repository = "mirror/harness/ci-addon"
	fake.SetOverride("ci/K8", "addonTag", stored)
	registry.Push("mirror/"+stored, image)
	signed := signatureTag(repository, image.Digest())
	registry.Push(signed, good.signature(image.Digest()))
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	for by, when := range map[signer]time.Time{good: at, retired: at.Add(-time.Hour), stranger: at} {
		registry.Push(repository, by.attestation(image, vulnType, scanned(when)))
	}
	registry.Push(repository, good.attestation(image, "https://cyclonedx.org/bom", "{}"))
	dir := requiring(t, fake, registry, wantSignature, `
data "harnessci_registry_image" "addon" {
  image = "reg/mirror/harness/ci-addon:9.9.9"
}
data "harnessci_image_status" "now" {
  check_registry    = true
  releases_registry = "reg/mirror"
}
output "signed_by" { value = data.harnessci_registry_image.addon.signed_by }
output "attestations" { value = data.harnessci_registry_image.addon.attestations }
output "unsigned" { value = data.harnessci_image_status.now.unsigned_fields }
output "row" { value = regexall("[*][*]unsigned[^|]*[|] [^|]*", data.harnessci_image_status.now.table) }
`, good, retired)
	shows := func(wants map[string]string) {
		t.Helper()
		dir.Must("apply", "-auto-approve")
		for output, want := range wants {
			if got := strings.Join(strings.Fields(dir.Must("output", "-json", output)), ""); got != strings.ReplaceAll(want, " ", "") {
				t.Errorf("%s: %s, want %s", output, got, want)
			}
		}
	}
	attestation := func(by signer, when time.Time) string {
		return fmt.Sprintf(`{"key":%q,"time":%q,"type":%q}`, by.fingerprint, when.Format(time.RFC3339), vulnType)
	}
	shows(map[string]string{
		"signed_by": fmt.Sprintf("[%q]", good.fingerprint),
		"attestations": "[" + attestation(good, at) + "," + attestation(retired, at.Add(-time.Hour)) + "," +
			fmt.Sprintf(`{"key":%q,"time":null,"type":"https://cyclonedx.org/bom"}]`, good.fingerprint),
		"unsigned": "{}", "row": "[]",
	})
	registry.Push(signed, stranger.signature(image.Digest()))
	const why = "no valid signature: attestation https://cosign.sigstore.dev/attestation/vuln/v1, which is not asked for; " +
		"attestation https://cyclonedx.org/bom, which is not asked for; 2 signed by another key"
	shows(map[string]string{
		"signed_by": "[]", "unsigned": fmt.Sprintf(`{"addonTag":%q}`, why),
		"row": fmt.Sprintf("[\"**unsigned**: `%s…`, overridden | `addonTag` \"]", why[:120]),
	})
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), wantSignature, `require = "none"`, 1))
	shows(map[string]string{"signed_by": "[]", "row": "[]"})
	if outputs := dir.Must("output", "-json"); strings.Contains(outputs, "unsigned") {
		t.Errorf("something must be signed although nothing is required: %s", outputs)
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
	registry.Inject(fakeregistry.Fault{Call: "manifests", Reference: ".sig", Status: http.StatusServiceUnavailable, Times: -1})
	dir := requiring(t, fake, registry, wantSignature, config, good)
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Signatures were not checked: "+registry.Host(), "ci/K8/addonTag", "ci/K8/liteEngineTag")
	result := dir.Run("apply", "-auto-approve")
	requireSays(t, result.Output, "Whether the image is signed could not be checked", "as explained for", "Nothing was written")
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

// Keys that another resource makes are known in the apply, which then judges.
func TestAccKeysThatAreKnownLate(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	registry, good := fakeregistry.Start(t, fakeregistry.Options{}), newSigner(t)
	registry.Push("a/b:1", someImage)
	dir := requiring(t, fake, registry, wantSignature, "resource \"terraform_data\" \"key\" {\n  input = <<EOT\n"+good.pem+"EOT\n}\n"+pin("addonTag", "reg/a/b:1"))
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), "public_keys = []", "public_keys = [terraform_data.key.output]", 1))
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Signatures were not checked: signatures in the provider block is not known yet", "ci/K8/addonTag")
	result := dir.Run("apply", "-auto-approve")
	requireDiagnostics(t, result.Output, 1, "Error: Could not set the image override ci/K8/addonTag", "unsigned: nothing is attached", "Nothing was written")
	if n := fake.Count("writes"); n != 0 || result.Code != 1 {
		t.Errorf("%d writes, exit code %d", n, result.Code)
	}
	registry.Push(signatureTag("a/b", someImage.Digest()), good.signature(someImage.Digest()))
	dir.Must("apply", "-auto-approve")
	requireEmptyPlan(t, dir)
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
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Images are not signed", registry.Host()+"/approved/ci-addon:1",
		"source: "+registry.Host()+"/quarantine/ci-addon:1 digest: "+image.Digest()+" found: unsigned")
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

// The guide's flow as it is written: two configurations, the script between them, and the policy. Every host is one registry:
// a real one that a real cosign writes to, if there are both, or else a fake and what a stand-in for cosign was asked to do.
func TestAccScanAndSign(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " on PATH")
		}
	}
	for _, cosign := range append(strings.Fields(os.Getenv("HARNESSCI_TEST_COSIGN")), "") {
		t.Run("cosign "+path.Base(cmp.Or(cosign, "none")), func(t *testing.T) {
			t.Parallel()
			scanAndSign(t, cosign)
		})
	}
}

func scanAndSign(t *testing.T, cosign string) {
	t.Helper()
	const name = "guides/scan-and-sign"
	images := map[string]fakeregistry.Content{
		"harness/ci-addon":       fakeregistry.Multi(1, "linux/amd64", "linux/arm64"),
		"harness/ci-lite-engine": fakeregistry.Multi(2, "linux/amd64", "linux/arm64"),
	}
	var handler http.Handler
	fakes := fakeregistry.Start(t, fakeregistry.Options{Referrers: true})
	all := fakeregistry.Remote{URL: fakes.URL()}
	if handler = fakes; cosign != "" {
		server, err := realregistry.Start(t.Context(), os.Getenv("HARNESSCI_TEST_REGISTRY"), t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		all.URL = "http://" + server.Host
		handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", server.Host
			r.Out.Header.Set("X-Forwarded-Proto", "https")
		}}
	}
	for repository, image := range images {
		if _, err := all.Push(t.Context(), repository+":1.16.92", image); err != nil {
			t.Fatal(err)
		}
	}
	fake := startFake(t, fakeharness.Options{})
	pullFromTheirs(fake)
	quarantine := example{name: name + "/quarantine", files: []string{"main.tf"}}.workspace(t, fake)
	approved := example{name: name + "/approved", files: []string{"main.tf"}}.workspace(t, fake)
	env := anywhere(t, handler)
	maps.Copy(env, fake.Env())
	for variable, value := range env {
		quarantine.Setenv(variable, value)
		approved.Setenv(variable, value)
	}

	// The tools of the script: a Trivy that finds what the test wants, and cosign, or what writes down what it is asked for.
	tools := t.TempDir()
	env["PATH"] = tools + string(os.PathListSeparator) + os.Getenv("PATH")
	env["TERRAFORM"], env["TF_CLI_CONFIG_FILE"], env["COSIGN_PASSWORD"] = os.Getenv("TF_ACC_TERRAFORM_PATH"), quarantine.Path("cli.tfrc"), "x"
	program := func(tool, script string) {
		if err := os.WriteFile(filepath.Join(tools, tool), []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // to run
			t.Fatal(err)
		}
	}
	sh := func(command string) string {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command) //nolint:gosec // of this test
		cmd.Dir, cmd.Env = filepath.Dir(quarantine.Path("main.tf")), os.Environ()
		for variable, value := range env {
			cmd.Env = append(cmd.Env, variable+"="+value)
		}
		output, err := cmd.CombinedOutput()
		return fmt.Sprintf("\n%s%v", output, err)
	}
	program("trivy", `case "$*" in *cosign-vuln*) printf '{"scanner":{},"metadata":{"scanStartedOn":"%s","scanFinishedOn":"%s"}}' `+
		`"$(date -u +%FT%TZ)" "$(date -u +%FT%T.5Z)" >scan.json;; *"$VULNERABLE"*) exit 1;; esac`)
	stranger := newSigner(t)
	good := stranger
	if cosign == "" {
		quarantine.Write("cosign.pub", good.pem)
		program("cosign", `[ -s scan.json ] && for image; do :; done && echo "$image" >>signed.txt`)
	} else {
		program("cosign", "exec "+cosign+` "$@"`)
		if said := sh("cosign generate-key-pair"); !strings.HasSuffix(said, "<nil>") {
			t.Fatal(said)
		}
	}
	stranger = newSigner(t)
	approved.Write("cosign.pub", quarantine.Read("cosign.pub"))
	quarantine.Write("scan-and-sign.sh", readExample(t, name, "scan-and-sign.sh"))

	requireNoWarning(t, quarantine.Must("apply", "-auto-approve"))
	requireEmptyPlan(t, quarantine)
	requireDiagnostics(t, approved.Must("plan"), 1, "Warning: Images are not signed", "registry.example.com/approved/harness/ci-", "found: unsigned")
	refused := approved.Run("apply", "-auto-approve")
	requireDiagnostics(t, refused.Output, 2, "Error: Could not copy the image", "unsigned: nothing is attached", "Nothing was written")

	// attest runs the script, while Trivy finds something in images whose name has a part.
	attest := func(vulnerable string, wants ...string) {
		t.Helper()
		env["VULNERABLE"] = vulnerable
		said := sh("sh scan-and-sign.sh")
		for _, want := range wants {
			if !strings.Contains(said, want) {
				t.Errorf("the script does not say %q:\n%s", want, said)
			}
		}
		if cosign != "" {
			return
		}
		for line := range strings.Lines(quarantine.Read("signed.txt")) {
			repository, _, _ := strings.Cut(strings.TrimPrefix(line, "registry.example.com/quarantine/"), ":")
			fakes.Push("quarantine/"+repository, good.attestation(images[repository], vulnType, scanned(time.Now())))
		}
	}
	attest("lite-engine", "\nattested: registry.example.com/quarantine/harness/ci-addon:1.16.92@sha256:", "not attested: registry.example.com/quarantine/harness/ci-lite-engine:1.16.92@", "exit status 1")
	output := approved.Must("plan")
	requireDiagnostics(t, output, 1, "Warning: Images are not signed", "approved/harness/ci-lite-engine")
	if n := fake.Count("writes"); n != 0 || strings.Contains(output, "\n  registry.example.com/approved/harness/ci-addon") || refused.Code != 1 {
		t.Errorf("%d writes:\n%s", n, output)
	}
	attest("nothing", "\nattested: registry.example.com/quarantine/harness/ci-lite-engine:1.16.92@", "<nil>")
	requireNoWarning(t, approved.Must("plan", "-out=plan.bin"))
	requirePolicy(t, approved, fingerprint(t, quarantine.Read("cosign.pub")), true)
	requirePolicy(t, approved, stranger.fingerprint, false)
	requireNoWarning(t, approved.Must("apply", "plan.bin"))
	requireEmptyPlan(t, approved)
	for field, repository := range map[string]string{"addonTag": "harness/ci-addon", "liteEngineTag": "harness/ci-lite-engine"} {
		want := "registry.example.com/approved/" + repository + ":1.16.92@" + images[repository].Digest()
		if got := fake.Overrides("ci/K8")[field]; got != want {
			t.Errorf("the account has %q, want %q", got, want)
		}
	}
}

// requirePolicy lets the real OPA judge a saved plan with the policy, as the guide changes it for a key.
func requirePolicy(t *testing.T, dir *clitest.Dir, signer string, allows bool) {
	t.Helper()
	opa := os.Getenv("HARNESSCI_TEST_OPA")
	if opa == "" {
		return // make test-policy sets it
	}
	policy := readExample(t, "complete", "policy", "images.rego")
	_, lines, _ := strings.Cut(readFile(t, "../../templates/guides/scan-and-sign.md.tmpl"), "```rego\n")
	lines, _, _ = strings.Cut(lines, "```")
	changed := 0
	for line := range strings.Lines(strings.Replace(lines, "sha256:…", signer, 1)) {
		if name, _, ok := strings.Cut(line, " := "); ok {
			policy = regexp.MustCompile(`(?m)^`+name+` := .*\n`).ReplaceAllStringFunc(policy, func(string) string { changed++; return line })
		}
	}
	dir.Write("images.rego", policy)
	dir.Write("plan.json", dir.Must("show", "-json", "plan.bin"))
	why, err := exec.CommandContext(t.Context(), opa, "eval", "--format=pretty", "--data", dir.Path("images.rego"), "--input", dir.Path("plan.json"), //nolint:gosec // the real one
		"data.harness.images.deny").CombinedOutput()
	if denied := strings.Contains(string(why), "an allowed key has attested"); err != nil || changed != 5 || denied == allows || allows && strings.TrimSpace(string(why)) != "[]" {
		t.Errorf("%d lines changed, %v: %s", changed, err, why)
	}
}
