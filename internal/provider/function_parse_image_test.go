package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestParseImageFunction(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for ref, want := range map[string]map[string]attr.Value{
		"ubuntu": {
			"registry": types.StringValue("docker.io"), "repository": types.StringValue("library/ubuntu"),
			"name": types.StringValue("ubuntu"), "tag": types.StringNull(), "digest": types.StringNull(),
		},
		"registry.example.com:5000/mirror/harness/ci-addon:rootless-1.16.92@" + digest: {
			"registry": types.StringValue("registry.example.com:5000"), "repository": types.StringValue("mirror/harness/ci-addon"),
			"name": types.StringValue("ci-addon"), "tag": types.StringValue("rootless-1.16.92"), "digest": types.StringValue(digest),
		},
	} {
		got, funcErr := call(t, newParseImageFunction(), ref)
		if funcErr != nil {
			t.Errorf("%s: %v", ref, funcErr)
			continue
		}
		object, ok := got.(types.Object)
		if !ok {
			t.Fatalf("%s: got %T", ref, got)
		}
		if !object.Equal(types.ObjectValueMust(object.AttributeTypes(t.Context()), want)) {
			t.Errorf("%s: got %s", ref, object)
		}
	}
}

func TestParseImageFunctionRefusesWhatIsNotAnImage(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"":                       "it is empty",
		"harness/ci addon":       "white space",
		"Harness/ci-addon:1":     "upper-case letters",
		"https://harness/a:1":    `the scheme "https://"; leave it out`,
		`"harness/ci-addon:1.0"`: "quotation mark",
	} {
		_, funcErr := call(t, newParseImageFunction(), ref)
		wantArgumentError(t, funcErr, 0, want)
	}
}
