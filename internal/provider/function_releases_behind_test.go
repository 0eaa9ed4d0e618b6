package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestReleasesBehindFunction(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		image string
		want  types.Int64
	}{
		{"harness/ci-addon:1.14.4", types.Int64Value(2)},
		{"registry.example.com/mirror/harness/ci-addon:1.14.4", types.Int64Value(2)},
		{"harness/ci-addon:1.16.92", types.Int64Value(0)},
		{"harness/ci-addon:1.17.0", types.Int64Value(0)},
		{"harness/ci-addon:latest", types.Int64Null()},
		{"harness/ci-addon:rootless-1.14.4", types.Int64Null()},
		{"harness/ci-lite-engine:1.14.4", types.Int64Null()},
	} {
		got, funcErr := call(t, newReleasesBehindFunction(), test.image, "harness/ci-addon:1.16.92")
		if funcErr != nil || !got.Equal(test.want) {
			t.Errorf("%s: got %s, %v; want %s", test.image, got, funcErr, test.want)
		}
	}
}

func TestReleasesBehindFunctionCountsPublishedVersions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		image string
		tags  []string
		want  types.Int64
	}{
		{"harness/ci-addon:1.16.6", nil, types.Int64Value(0)},
		{"harness/ci-addon:1.16.6", []string{"1.16.92", "1.16.56.1", "1.16.56", "rootless-1.16.9", "latest"}, types.Int64Value(3)},
		{"harness/ci-addon:1.16.6", []string{"not a tag"}, types.Int64Value(1)},
		{"harness/ci-addon:0.9.0", []string{"1.0.0"}, types.Int64Value(2)},
		{"harness/ci-addon:1.17.0", []string{"1.16.92", "1.17.0"}, types.Int64Value(0)},
		{"harness/ci-addon:latest", []string{"1.16.92"}, types.Int64Null()},
	} {
		got, funcErr := call(t, newReleasesBehindFunction(), append([]string{test.image, "harness/ci-addon:1.16.92"}, test.tags...)...)
		if funcErr != nil || !got.Equal(test.want) {
			t.Errorf("%s, %v: got %s, %v; want %s", test.image, test.tags, got, funcErr, test.want)
		}
	}
}

func TestReleasesBehindFunctionPutsTheErrorOnItsArgument(t *testing.T) {
	t.Parallel()
	_, funcErr := call(t, newReleasesBehindFunction(), "", "")
	wantArgumentError(t, funcErr, 0, "it is empty")
	_, funcErr = call(t, newReleasesBehindFunction(), "harness/ci-addon:1.16.92", "harness/CI-addon")
	wantArgumentError(t, funcErr, 1, "upper-case letters")
}
