package provider_test

import (
	"archive/zip"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// The credentials of these tests; what is cut off at either end still has the part in the middle.
const (
	secretPart  = "hunter2"
	secretKey   = "pat.AbCdEfGh." + secretPart + ".IjKlMnOpQr"
	secretToken = "eyJhbGciOiJI." + secretPart + ".UzI1NiIsInR5"
)

// requireNoSecret fails if a part of a credential is in a text, or in what is there in base64.
func requireNoSecret(t *testing.T, where, text string) {
	t.Helper()
	text = decodedBase64(text)
	if at := strings.Index(text, secretPart); at >= 0 {
		t.Errorf("%s contains a credential: …%s…", where, text[max(0, at-200):min(len(text), at+100)])
	}
}

// echoes are the answers of a server, or of something in front of it, that echoes what it was sent.
func echoes(secret, otherHost string) []fakeharness.Fault {
	return []fakeharness.Fault{
		{Status: 403, Body: fakeharness.ErrorBody("NO_"+secret, "The key "+secret+" may not do that", secret)},
		{Status: 400, Body: `{"status":"FAILURE","errors":[{"fieldId":"` + secret + `","error":"` + secret + `"}]}`},
		{Status: 503, Body: fakeharness.ErrorBody("X", base64.StdEncoding.EncodeToString([]byte(secret)), "")},
		{Redirect: otherHost + "/login?key=" + secret},
		{Redirect: "https://" + secret + ".example.com/"},
		{Status: 200, Body: `{"status":"` + secret + `","data":{"` + secret + `":7}}`},
		{Status: 403, Body: `{"message":"The key ` + secret + ` may not do that"}`},
	}
}

// With everything logged, a credential is in the one header of requests to the endpoint and nowhere else:
// not in what is printed, logged, planned or stored, whatever a server does with it.
func TestAccSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for _, credential := range []string{"api_key", "bearer_token"} {
		t.Run(credential, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{APIKey: secretKey, BearerToken: secretToken})
			other := startFake(t, fakeharness.Options{APIKey: secretKey, BearerToken: secretToken})
			secret, env := secretKey, fake.Env()
			if credential == "bearer_token" {
				secret = secretToken
				delete(env, "HARNESS_PLATFORM_API_KEY")
				env["HARNESS_BEARER_TOKEN"] = secretToken
			}
			// Somebody has stored it as an image, and as the name of a field.
			fake.SetOverride("ci/K8", "sneakyTag", "evil/"+secret+":1")
			fake.SetOverride("ci/K8", "sneaky"+secret, "evil/sneaky:1")
			dir := clitest.New(t, oneEach(fake, "max_retries = 0")+`
data "harnessci_customer_images" "all" {}
data "harnessci_image_status" "now" {}
`, env)
			dir.Setenv("TF_LOG", "TRACE")
			dir.Setenv("TF_LOG_PATH", dir.Path("trace.log"))
			run := func(wantCode int, args ...string) {
				t.Helper()
				result := dir.Run(args...)
				if result.Code != wantCode {
					t.Errorf("%v exited with %d, want %d:\n%s", args, result.Code, wantCode, result.Output)
				}
				requireNoSecret(t, strings.Join(args, " "), result.Output)
			}
			echo := func(call string) {
				fake.ClearFaults()
				for i, fault := range echoes(secret, other.Endpoint()) {
					fault.Call, fault.Scope, fault.Times = call, faultScopes[i], -1
					fake.Inject(fault)
				}
			}
			echo("writes")
			run(1, "apply", "-auto-approve")
			echo("get-default-config")
			run(1, "plan") // with one error of each kind, and warnings
			fake.ClearFaults()
			run(0, "plan", "-out", "saved.plan")
			run(0, "show", "-json", "saved.plan")
			requireNoSecretInPlan(t, dir.Path("saved.plan"))
			run(0, "apply", "saved.plan")
			run(0, "show", "-json")
			if state := dir.State(); !strings.Contains(state, "evil/[redacted]:1") || !strings.Contains(state, "sneaky[redacted]") {
				t.Errorf("the state does not have what was stored:\n%s", state)
			}
			echo("get-customer-config")
			run(1, "plan")
			echo("reset-config")
			run(1, "destroy", "-auto-approve")
			fake.ClearFaults()
			run(0, "destroy", "-auto-approve")

			if log := dir.Read("trace.log"); strings.Count(log, "Harness API request") < 20 || !strings.Contains(log, "[redacted]") {
				t.Error("the log has no requests, or no mask for a credential")
			}
			requireNoSecretBelow(t, filepath.Dir(dir.Path("trace.log")))
			for _, r := range fake.Requests() { // where the fake has masked the one header
				requireNoSecret(t, "a request", fmt.Sprintf("%+v %s", r, r.Body))
				if r.Credential != credential {
					t.Errorf("%s carried %q, want %s", r.Call, r.Credential, credential)
				}
			}
			if n := other.Count(""); n != 0 {
				t.Errorf("%d requests reached another host", n)
			}
		})
	}
}

// requireNoSecretBelow reads every file of a folder.
func requireNoSecretBelow(t *testing.T, folder string) {
	t.Helper()
	files := os.DirFS(folder)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		requireNoSecret(t, path, string(content))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// requireNoSecretInPlan reads what a saved plan, an archive, holds.
func requireNoSecretInPlan(t *testing.T, path string) {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) < 3 {
		t.Errorf("the plan contains %d files", len(archive.File))
	}
	for _, file := range archive.File {
		content, err := fs.ReadFile(archive, file.Name)
		if err != nil {
			t.Error(err)
		}
		requireNoSecret(t, file.Name+" of the plan", string(content))
	}
	if err := archive.Close(); err != nil {
		t.Error(err)
	}
}
