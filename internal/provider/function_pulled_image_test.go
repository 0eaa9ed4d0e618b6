package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestPulledImageFunction(t *testing.T) {
	t.Parallel()
	for connectorURL, want := range map[string]string{
		"":                                     "harness/ci-addon:1.14.4",
		"https://index.docker.io/v2/":          "harness/ci-addon:1.14.4",
		"https://registry.example.com/mirror/": "registry.example.com/mirror/harness/ci-addon:1.14.4",
	} {
		got, funcErr := call(t, newPulledImageFunction(), "harness/ci-addon:1.14.4", connectorURL)
		if funcErr != nil {
			t.Fatal(funcErr)
		}
		if !got.Equal(types.StringValue(want)) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPulledImageFunctionPutsTheErrorOnItsArgument(t *testing.T) {
	t.Parallel()
	for _, where := range [][]string{{"vm"}, {onHarnessCloud, onHarnessCloud}} {
		_, funcErr := call(t, newPulledImageFunction(), append([]string{"harness/ci-addon", ""}, where...)...)
		wantArgumentError(t, funcErr, 2, `is "harness-cloud", or left out`)
	}
	_, funcErr := call(t, newPulledImageFunction(), "harness/ci addon", "https://registry.example.com")
	wantArgumentError(t, funcErr, 0, "white space")
	for _, connectorURL := range []string{"registry.example.com", "https://user:hunter2@"} {
		_, funcErr = call(t, newPulledImageFunction(), "harness/ci-addon", connectorURL)
		wantArgumentError(t, funcErr, 1, "this is not the URL of a registry")
		if strings.Contains(funcErr.Text, "hunter2") {
			t.Errorf("a password shows: %s", funcErr.Text)
		}
	}
}
