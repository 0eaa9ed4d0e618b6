package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// call runs a function as the framework does, with strings as arguments.
func call(t *testing.T, f function.Function, arguments ...string) (attr.Value, *function.FuncError) {
	t.Helper()
	ctx := context.Background()
	var definition function.DefinitionResponse
	f.Definition(ctx, function.DefinitionRequest{}, &definition)
	result, funcErr := definition.Definition.Return.NewResultData(ctx)
	if funcErr != nil {
		t.Fatal(funcErr)
	}
	values := make([]attr.Value, 0, len(arguments))
	for _, argument := range arguments {
		values = append(values, types.StringValue(argument))
	}
	if fixed := len(definition.Definition.Parameters); definition.Definition.VariadicParameter != nil {
		elements := make([]attr.Type, len(values)-fixed)
		for i := range elements {
			elements[i] = types.StringType
		}
		values = append(values[:fixed:fixed], types.TupleValueMust(elements, values[fixed:]))
	}
	resp := function.RunResponse{Result: result}
	f.Run(ctx, function.RunRequest{Arguments: function.NewArgumentsData(values)}, &resp)
	return resp.Result.Value(), resp.Error
}

// wantArgumentError fails unless the error is on the argument at the position and says the text.
func wantArgumentError(t *testing.T, got *function.FuncError, position int64, text string) {
	t.Helper()
	if got == nil {
		t.Fatal("no error")
	}
	if got.FunctionArgument == nil || *got.FunctionArgument != position {
		t.Errorf("the error is not on argument %d: %+v", position, got)
	}
	if !strings.Contains(got.Text, text) {
		t.Errorf("got %q, want %q", got.Text, text)
	}
	// Terraform ends the sentence itself.
	if strings.HasSuffix(got.Text, ".") {
		t.Errorf("%q ends with a full stop", got.Text)
	}
}

func TestFunctionsAreDocumented(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	seen := map[string]bool{}
	for _, construct := range functions() {
		f := construct()
		var metadata function.MetadataResponse
		f.Metadata(ctx, function.MetadataRequest{}, &metadata)
		var definition function.DefinitionResponse
		f.Definition(ctx, function.DefinitionRequest{}, &definition)
		var valid function.DefinitionValidateResponse
		definition.Definition.ValidateImplementation(ctx, function.DefinitionValidateRequest{FuncName: metadata.Name}, &valid)
		if valid.Diagnostics.HasError() {
			t.Errorf("%s: %v", metadata.Name, valid.Diagnostics)
		}
		if seen[metadata.Name] {
			t.Errorf("%s is there twice", metadata.Name)
		}
		seen[metadata.Name] = true
		if definition.Definition.Summary == "" || definition.Definition.MarkdownDescription == "" {
			t.Errorf("%s has no summary or no description", metadata.Name)
		}
		for _, parameter := range definition.Definition.Parameters {
			if parameter.GetMarkdownDescription() == "" {
				t.Errorf("%s: parameter %s has no description", metadata.Name, parameter.GetName())
			}
		}
	}
	for _, name := range []string{"parse_image", "mirror_image", "releases_behind", "pulled_image"} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}
