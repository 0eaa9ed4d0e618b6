package harness

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// Whatever the server has, what is sent back has the requested settings, and everything else unchanged.
func FuzzConnectorBody(f *testing.F) {
	f.Add([]byte(fakeharness.ConnectorBody("https://registry.example.com", "robot")), "https://other.example.com", "user", true)
	f.Add([]byte(`{"spec": null, "type": "DockerRegistry"}`), "", "", false)
	f.Add([]byte(`{"spec": {"auth": {"type": "UsernamePassword", "spec": []}}, "n": 1e400, "spec ": {}}`), "x", "u", true)
	f.Fuzz(func(t *testing.T, body []byte, url, user string, onDelegate bool) {
		connector := Connector{Type: DockerRegistry, Body: body}
		want := Registry{Login: Login{Auth: Anonymous}, URL: url, ProviderType: "Other", ExecuteOnDelegate: onDelegate}
		if user != "" {
			want.Login = Login{Auth: UsernamePassword, Username: user, PasswordRef: "account.x"}
		}
		changed, err := connector.With(want)
		if err != nil {
			return
		}
		got, err := Connector{Type: DockerRegistry, Body: changed}.Registry()
		if err != nil || utf8.ValidString(url) && utf8.ValidString(user) && !got.Equal(want) {
			t.Errorf("%s became %s: %+v, %v", body, changed, got, err)
		}
		if before, after := rest(t, body), rest(t, changed); !reflect.DeepEqual(before, after) {
			t.Errorf("%s became %s", body, changed)
		}
		again, err := Connector{Type: DockerRegistry, Body: changed}.With(want)
		if err != nil || !bytes.Equal(again, changed) {
			t.Errorf("the same change once more: %s became %s, %v", changed, again, err)
		}
	})
}

// rest returns a body without the settings that are known.
func rest(t *testing.T, body []byte) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var all map[string]any
	if err := decoder.Decode(&all); err != nil {
		t.Fatal(err)
	}
	spec, _ := all["spec"].(map[string]any)
	for _, known := range []string{"dockerRegistryUrl", "providerType", "delegateSelectors", "executeOnDelegate", "auth"} {
		delete(spec, known)
	}
	if len(spec) == 0 {
		delete(all, "spec")
	}
	return all
}
