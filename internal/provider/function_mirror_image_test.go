package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestMirrorImageFunction(t *testing.T) {
	t.Parallel()
	const want = "registry.example.com/mirror/harness/ci-addon:1.14.4"
	for _, prefix := range []string{"registry.example.com/mirror", "registry.example.com/mirror/"} {
		got, funcErr := call(t, newMirrorImageFunction(), "harness/ci-addon:1.14.4", prefix)
		if funcErr != nil {
			t.Fatal(funcErr)
		}
		if !got.Equal(types.StringValue(want)) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestMirrorImageFunctionPutsTheErrorOnItsArgument(t *testing.T) {
	t.Parallel()
	_, funcErr := call(t, newMirrorImageFunction(), "harness/ci addon", "https://registry.example.com")
	wantArgumentError(t, funcErr, 0, "white space")
	_, funcErr = call(t, newMirrorImageFunction(), "harness/ci-addon", "https://registry.example.com")
	wantArgumentError(t, funcErr, 1, `the scheme "https://"; leave it out`)
	_, funcErr = call(t, newMirrorImageFunction(), "harness/ci-addon", "mirror")
	wantArgumentError(t, funcErr, 1, "neither a dot nor a port")
}
