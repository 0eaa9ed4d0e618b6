package harness

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

func TestALoginInAURLIsHidden(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{ //nolint:gosec // the point of the test
		"https://registry.example.com/x":      "https://registry.example.com/x",
		"https://registry.example.com:5000/x": "https://registry.example.com:5000/x",
		"nonsense":                            "nonsense",
		"":                                    "",
		"https://robot:hunter2@registry.example.com/x":         "https://xxxxx@registry.example.com/x",
		"https://robot:p%sshunter2@registry.example.com/x":     "https://xxxxx@registry.example.com/x",
		"https://robot:a#hunter2@registry.example.com/x":       "https://xxxxx@registry.example.com/x",
		"https://robot:a/hunter2?@registry.example.com/x":      "https://xxxxx@registry.example.com/x",
		"https://robot:a@hunter2@registry.example.com/x":       "https://xxxxx@registry.example.com/x",
		"https://hunter2@registry.example.com":                 "https://xxxxx@registry.example.com",
		"robot:hunter2@registry.example.com":                   "xxxxx@registry.example.com",
		"https://registry.example.com/x?token=hunter2":         "https://registry.example.com/x?xxxxx",
		"https://registry.example.com/x#hunter2":               "https://registry.example.com/x#xxxxx",
		"https://robot:hunter2":                                "https://xxxxx",
		"https://registry.example.com/%zzhunter2":              "https://xxxxx",
		"https://robot:h@registry.example.com?https://hunter2": "https://xxxxx@registry.example.com?xxxxx",
	} {
		if got := ShowURL(url); got != want || strings.Contains(got, "hunter2") {
			t.Errorf("%q is shown as %q, want %q", url, got, want)
		}
		words := "no answer of " + url
		if got := showMessage(words, url); got != "no answer of "+want {
			t.Errorf("%q is shown as %q", words, got)
		}
		transport.Hide(loginParts(url)...)
		if got := transport.Show(words); url != want && strings.Contains(got, "hunter2") {
			t.Errorf("%q is shown as %q", words, got)
		}
		if had := HasLogin(url); had != (url != want) {
			t.Errorf("%q has a login: %v", url, had)
		}
		body, err := json.Marshal(map[string]any{"type": DockerRegistry, "spec": map[string]any{"dockerRegistryUrl": url, "n": 1}})
		if err != nil {
			t.Fatal(err)
		}
		bare, had, err := WithoutLogin(body)
		if err != nil || had != (url != want) || strings.Contains(string(bare), "hunter2") {
			t.Errorf("%s becomes %s, %v, %v", body, bare, had, err)
		}
	}
}

// A user without a password may be a token, and Harness may quote it in other words than the URL's own.
func TestABareUserIsHiddenWhereverHarnessQuotesIt(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"no user zebra": "no user xxxxx",
		"GET https://zebra@r.example.com:443/v2/": "GET https://xxxxx@r.example.com:443/v2/",
		"GET zebra@r.example.com":                 "GET xxxxx@r.example.com",
	} {
		if got := showMessage(words, "https://zebra@r.example.com:5000/x"); got != want {
			t.Errorf("%q is shown as %q, want %q", words, got, want)
		}
	}
	transport.Hide(loginParts("https://zebra@r.example.com:5000/x")...)
	for words, want := range map[string]string{
		"GET https://zebra@r.example.com:443/v2/": "GET [redacted]:443/v2/",
		"https://zebra@other.example.com":         "[redacted]other.example.com",
		"zebra/image:1":                           "zebra/image:1", // not an image's name
	} {
		if got := transport.Show(words); got != want {
			t.Errorf("%q is shown as %q, want %q", words, got, want)
		}
	}
}

// An answer may be large: what is kept of it is not, and the work is linear.
func TestALargeAnswerIsBounded(t *testing.T) {
	t.Parallel()
	var errs, selectors []string
	for i := range 10_000 {
		errs = append(errs, fmt.Sprintf(`{"message": "reason %d"}`, i))
		selectors = append(selectors, fmt.Sprintf(`"d%d"`, i))
	}
	server, cfg := start(t)
	client := New(cfg)
	server.Inject(fakeharness.Fault{Body: `{"status":"SUCCESS","data":{"status":"FAILURE","errors":[` + strings.Join(errs, ",") + `]}}`})
	status, err := client.TestConnector(t.Context(), ImageConnector, 0)
	if err != nil || len(status.Reasons) != maxReasons {
		t.Errorf("%d reasons, %v", len(status.Reasons), err)
	}
	server.SetConnector(strings.Replace(fakeharness.ConnectorBody("https://registry.example.com", ""), `"builds"`, strings.Join(selectors, ","), 1))
	connector, err := client.Connector(t.Context(), ImageConnector)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connector.Registry(); err == nil || !strings.Contains(err.Error(), "10000 delegate selectors") {
		t.Error(err)
	}
	denied := `{"status":"SUCCESS","data":{"connector":null,"governanceMetadata":{"denyMessages":["` +
		strings.Join(strings.Split(strings.Repeat("x", 10_000), ""), `","`) + `"]}}}`
	server.Inject(fakeharness.Fault{Body: denied})
	_, err = client.UpdateConnector(t.Context(), ImageConnector, json.RawMessage(`{}`))
	if policy, ok := err.(*PolicyError); !ok || len(policy.Reasons) != 1 { //nolint:errorlint // it is returned as it is
		t.Error(err)
	}
}
