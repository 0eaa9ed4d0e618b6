package pulls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
)

const vulnType = "https://cosign.sigstore.dev/attestation/vuln/v1"

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

// One registry has several names, and none of them is a way around a policy.
func TestNoSpellingOfAnImageEvadesAPolicy(t *testing.T) {
	for ref, glob := range map[string]string{
		"registry.example.com/a:1":                       "registry.example.com/*",
		"registry.example.com:443/a:1":                   "registry.example.com/*",
		"registry.example.com/a:1@" + someImage.Digest(): "registry.example.com:443/a:1",
		"Registry.Example.com:443/a":                     "registry.example.com/a",
		"registry.example.com:5000/a":                    "registry.example.com:5000/*",
		"index.docker.io/harness/a:1":                    "docker.io/harness/*",
		"harness/a:1":                                    "docker.io/harness/*",
	} {
		policy := signatures.Policy{Types: []string{signatures.SignatureType}, Images: []*regexp.Regexp{signatures.Glob(glob)}}
		if !applies(policy, ref) {
			t.Errorf("%s need not be signed by %s", ref, glob)
		}
		policy.Images = []*regexp.Regexp{signatures.Glob("other.example.com*")}
		if applies(policy, ref) {
			t.Errorf("%s must be signed by another's policy", ref)
		}
	}
}

// cosign is a real one, with its own folder for keys.
type cosign struct {
	program, dir string
	old          bool // version 2, or the form that it writes
}

func (c cosign) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.program, args...) //nolint:gosec // cosign
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), "COSIGN_PASSWORD=x")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// key makes a pair, and returns the public key.
func (c cosign) key(t *testing.T, name string, private any) signatures.Key {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.dir, name+".pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	c.run(t, "import-key-pair", "--yes", "--key", file, "--output-key-prefix", name)
	public, err := os.ReadFile(filepath.Join(c.dir, name+".pub")) //nolint:gosec // of this test
	if err != nil {
		t.Fatal(err)
	}
	key, err := signatures.ParseKey(string(public))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (c cosign) attach(t *testing.T, verb, key, image string, more ...string) {
	t.Helper()
	args := append([]string{verb, "--yes", "--key", key + ".key", "--tlog-upload=false"}, more...)
	if !strings.Contains(c.program, "cosign-v2") {
		args = append(args, "--use-signing-config=false", fmt.Sprintf("--new-bundle-format=%v", !c.old))
	}
	c.run(t, append(args, image)...)
}

// scan is a predicate of cosign's type vuln.
func (c cosign) scan(t *testing.T, at time.Time) string {
	t.Helper()
	file := filepath.Join(c.dir, "scan.json")
	content := fmt.Sprintf(`{"invocation":{},"scanner":{"uri":"x","version":"1","db":{},"result":{}},"metadata":{"scanStartedOn":%[1]q,"scanFinishedOn":%[1]q}}`,
		at.UTC().Format(time.RFC3339))
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRealCosign judges what real versions of cosign attach to images in a real registry.
func TestRealCosign(t *testing.T) {
	program, cosigns := os.Getenv("HARNESSCI_TEST_REGISTRY"), strings.Fields(os.Getenv("HARNESSCI_TEST_COSIGN"))
	if program == "" || len(cosigns) == 0 {
		t.Skip("make test-signatures runs this with a real cosign and a real registry")
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	server, err := realregistry.Start(t.Context(), program, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	for i, path := range cosigns {
		forms := []bool{true}
		if !strings.Contains(path, "cosign-v2") {
			forms = []bool{true, false}
		}
		for _, old := range forms {
			t.Run(fmt.Sprintf("%s old form %v", filepath.Base(path), old), func(t *testing.T) {
				judgeReal(t, server.Host, fmt.Sprintf("r%d-%v", i, old), cosign{path, t.TempDir(), old})
			})
		}
	}
}

func judgeReal(t *testing.T, host, prefix string, c cosign) {
	t.Helper()
	client := registry.New(registry.Config{})
	t.Cleanup(client.Close)
	run := New(client, through{url: "http://" + host}, false)
	push := func(name string, seed uint64) (image string) {
		content := fakeregistry.Multi(seed, "linux/amd64", "linux/arm64")
		if _, err := (fakeregistry.Remote{URL: "http://" + host}).Push(t.Context(), prefix+"/"+name+":1", content); err != nil {
			t.Fatal(err)
		}
		return host + "/" + prefix + "/" + name + "@" + content.Digest()
	}
	judge := func(image, found string, policy signatures.Policy) {
		t.Helper()
		err := run.CheckSignedWrite(t.Context(), policy, []string{image})[0]
		unsigned, ok := errors.AsType[*UnsignedError](err)
		if found == "" && err != nil || found != "" && (!ok || !strings.Contains(strings.Join(unsigned.Refusal.Found, "; "), found)) {
			t.Errorf("%s: %v, want %q", image, err, found)
		}
	}
	private := map[string]crypto.Signer{}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "stranger": elliptic.P256()} {
		private[name], _ = ecdsa.GenerateKey(curve, rand.Reader)
	}
	private["rsa"], _ = rsa.GenerateKey(rand.Reader, 2048)
	_, private["ed25519"], _ = ed25519.GenerateKey(rand.Reader)
	var trusted []signatures.Key
	for name, key := range private {
		if public := c.key(t, name, key); name != "stranger" {
			trusted = append(trusted, public)
		}
	}
	signed := signatures.Policy{Keys: trusted, Types: []string{signatures.SignatureType}}
	scanned := signatures.Policy{Keys: trusted, Types: []string{vulnType}, MaxAge: 24 * time.Hour}
	seed := uint64(len(prefix)) << 16
	for _, name := range []string{"p256", "p384", "rsa", "ed25519", "stranger"} {
		seed++
		image := push(name, seed)
		judge(image, "unsigned", signed)
		c.attach(t, "sign", name, image)
		if name == "stranger" {
			judge(image, "signed by another key", signed)
			c.attach(t, "sign", "p256", image) // beside the other one
		}
		judge(image, "", signed)
		judge(image, "which is not asked for", scanned)
		c.attach(t, "attest", name, image, "--type", "vuln", "--predicate", c.scan(t, time.Now().Add(-25*time.Hour)))
		if name == "stranger" {
			judge(image, "signed by another key", scanned)
			continue
		}
		judge(image, "older than 24h0m0s", scanned)
		c.attach(t, "attest", name, image, "--type", "vuln", "--predicate", c.scan(t, time.Now()))
		judge(image, "", scanned)
		statements, err := Statements(t.Context(), client, signed, image[strings.Index(image, "@")+1:], image)
		if err != nil || len(statements) != 3 || !slices.ContainsFunc(statements, func(s signatures.Statement) bool { return s.Type == signatures.SignatureType }) {
			t.Errorf("%s: %+v, %v", name, statements, err)
		}
	}
}
