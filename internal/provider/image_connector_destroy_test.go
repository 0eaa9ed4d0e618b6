package provider_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestAccImageConnector_aDestroyRestoresOnlyWhatWorks(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()
	fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"toomanyrequests: pull rate limit"}})
	requireFails(t, dir, "destroy -auto-approve", "Could not restore the previous image connector", "toomanyrequests: pull rate limit",
		"has not been changed", `apply on_destroy = "keep" and destroy again`, "removed block with destroy = false")
	requireConnectorCalls(t, fake, "create candidate", "test candidate", "delete candidate")
	requireURL(t, fake, mirrorURL)
	failSwitched(fake)
	requireFails(t, dir, "destroy -auto-approve", "has been put back")
	requireURL(t, fake, mirrorURL)

	dir.Write("main.tf", connectorConfig(mirrorURL, `on_destroy = "keep"`, "test_connection = false"))
	requireSays(t, dir.Must("apply", "-auto-approve"), `on_destroy = "restore" -> "keep"`, `restores_url = "`+hubURL+`" -> null`)
	fake.ResetLog()
	requireNoWarning(t, dir.Must("destroy", "-auto-approve"))
	requireConnectorCalls(t, fake)
	requireURL(t, fake, mirrorURL)
}

func TestAccImageConnector_saysWhatADestroyRestores(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts     fakeharness.Options
		restores string
	}{"taken over": {fakeharness.Options{}, `"` + hubURL + `"`}, "created": {fakeharness.Options{NoConnector: true}, `""`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, dir := connectorWorld(t, test.opts, connectorConfig(mirrorURL))
			dir.Must("apply", "-auto-approve")
			dir.Must("plan", "-destroy", "-out=destroy.plan")
			if shown := dir.Must("show", "-json", "destroy.plan"); !strings.Contains(shown, `"restores_url":`+test.restores) {
				t.Errorf("no %s in %s", test.restores, shown)
			}
		})
	}
}

func TestAccImageConnector_whatSomebodyChangedAfterThePlanStays(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", connectorConfig("https://other.example.com"))
	dir.Must("plan", "-out=tf.plan")
	setURL(fake, mirrorURL, "https://theirs.example.com")
	requireFails(t, dir, "apply tf.plan", "Somebody else changed the connector after the plan", "Nothing was changed")
	requireURL(t, fake, "https://theirs.example.com")
	requireSays(t, dir.Must("apply", "-auto-approve"), `url = "https://theirs.example.com" -> "https://other.example.com"`)
	requireURL(t, fake, "https://other.example.com")
}

func TestAccImageConnector_saysThatBuildsSeeItUntested(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
	fake.DenyByPolicy("naming", harness.ImageCandidate)
	requireSays(t, dir.Must("apply", "-auto-approve"), "Warning: Builds saw the image connector before it was tested", "naming", "it works")
	requireURL(t, fake, mirrorURL)
	dir.Write("main.tf", connectorConfig("https://other.example.com"))
	fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE"})
	requireFails(t, dir, "apply -auto-approve", "Builds pulled through the new one in the meantime", "naming")
	requireURL(t, fake, mirrorURL)
}

func TestAccImageConnector_timeoutsBoundTheTestsAndTheLogTellsOfThem(t *testing.T) {
	t.Parallel()
	fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL, `timeouts = { create = "50ms" }`))
	fake.TestConnections(fakeharness.ConnectionTest{Status: "PENDING"})
	dir.Setenv("TF_LOG_PROVIDER", "INFO")
	requireFails(t, dir, "apply -auto-approve", "the test had no outcome within 50ms", "[INFO]", "Harness tests the connection", "connector=harnessImageCandidate")
	requireURL(t, fake, hubURL)
}

// A login that somebody stored in the connector's URL is in no state, private state, plan file or output.
func TestAccImageConnector_aStoredLoginIsNowhere(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{ //nolint:gosec // the point of the test
		"parses": "https://robot:hunter2@registry.example.com/x", "does not parse": "https://robot:%zzhunter2@registry.example.com/x",
		"number sign": "https://robot:a#hunter2@registry.example.com/x", "a token": "https://registry.example.com/x?token=hunter2",
		"a user": "https://hunter2@registry.example.com/x", "a port": "https://robot:hunter2",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL)+connectorData)
			dir.Setenv("TF_LOG", "TRACE")
			setURL(fake, hubURL, url)
			fake.TestConnections(fakeharness.ConnectionTest{Connector: harness.ImageConnector, Status: "FAILURE", Errors: []string{"cannot reach " + url}})
			fake.EndTest()
			fake.TestConnections(fakeharness.ConnectionTest{Connector: harness.ImageConnector, Status: "FAILURE"})
			look := func(command ...string) {
				t.Helper()
				requireNoSecret(t, fmt.Sprint(command), decodedBase64(dir.Run(command...).Output))
				requireNoSecretInFiles(t, filepath.Dir(dir.Path("x")))
			}
			look("plan", "-out=tf.plan")
			look("apply", "tf.plan") // its test fails, and the login is put back
			if !strings.Contains(fake.Connector(), url) {
				t.Errorf("put back %s", fake.Connector())
			}
			fake.TestConnections(fakeharness.ConnectionTest{})
			look("apply", "-auto-approve")
			requireURL(t, fake, mirrorURL)
			plan := dir.Run("plan", "-destroy", "-out=tf.plan").Output
			requireSays(t, plan, "cannot be restored with its login")
			requireNoSecret(t, "the plan of a destroy", decodedBase64(plan))
			setURL(fake, mirrorURL, url) // and as drift
			look("plan", "-out=tf.plan")
			look("apply", "-auto-approve")
			setURL(fake, mirrorURL, url)
			look("destroy", "-auto-approve")
		})
	}
}

// requireNoSecretInFiles reads every file of a folder, what saved plans pack too, and what is in base64.
func requireNoSecretInFiles(t *testing.T, folder string) {
	t.Helper()
	var read func(where string, files fs.FS)
	read = func(where string, files fs.FS) {
		err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := fs.ReadFile(files, name)
			if packed, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil {
				read(name, packed)
			}
			requireNoSecret(t, where+"/"+name, string(content))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	read(folder, os.DirFS(folder))
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/]{16,}={0,2}`)

// decodedBase64 returns a text and all that is in base64 in it, and in that again.
func decodedBase64(content string) string {
	out := []string{content}
	for i := 0; i < len(out); i++ {
		for _, run := range base64Run.FindAllString(out[i], -1) {
			for skip := range 4 { // what comes before may look like a part of it
				text := strings.TrimRight(run[skip:], "=")
				plain, err := base64.RawStdEncoding.DecodeString(text[:len(text)-len(text)%4])
				if err == nil && (bytes.Contains(plain, []byte(`"`)) || bytes.Contains(plain, []byte(secretPart))) {
					out = append(out, string(plain))
				}
			}
		}
	}
	return strings.Join(out, "\n")
}
