package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// stringCheck makes a validator from a function that checks a known string offline.
type stringCheck struct {
	// description completes the sentence "The value …".
	description string
	check       func(at path.Path, value string) diag.Diagnostics
}

// Description says what the validator requires.
func (c stringCheck) Description(context.Context) string { return c.description }

// MarkdownDescription says what the validator requires.
func (c stringCheck) MarkdownDescription(context.Context) string { return c.description }

// ValidateString checks a value that is known and not null.
func (c stringCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	value := req.ConfigValue.ValueString()
	for _, d := range c.check(req.Path, value) {
		resp.Diagnostics.Append(withoutLogin(value, d))
	}
}

// withoutLogin returns what is said about a value: if that has a login, without the path, for which the CLI would quote
// the line of the configuration.
func withoutLogin(value string, said diag.Diagnostic) diag.Diagnostic {
	login := loginIn(value)
	if login == "" {
		return said
	}
	transport.HideURL("://" + login + "@")
	if said.Severity() == diag.SeverityWarning {
		return diag.NewWarningDiagnostic(said.Summary(), said.Detail())
	}
	return diag.NewErrorDiagnostic(said.Summary(), said.Detail())
}

// loginIn returns the user and the password, user:password, in what should be a URL or an image; "" if there is none.
func loginIn(value string) string {
	rest := value
	if _, after, found := strings.Cut(value, "://"); found {
		rest = after
	}
	at := strings.LastIndex(rest, "@")
	if at < 0 || strings.HasPrefix(rest[at:], "@sha") || !strings.Contains(rest[:at], ":") {
		return ""
	}
	return rest[:at]
}

// errorCheck makes a check from a function that returns what is wrong, as part of a sentence.
func errorCheck(kind string, judge func(string) error) func(path.Path, string) diag.Diagnostics {
	return func(at path.Path, value string) (diags diag.Diagnostics) {
		if err := judge(value); err != nil {
			diags.AddAttributeError(at, "Invalid "+kind, text.Sentence(err.Error()))
		}
		return diags
	}
}

// moduleValidator accepts the modules, spelled as in ids.
func moduleValidator() validator.String {
	return stringCheck{"names a module", errorCheck("module", func(value string) error {
		_, err := checkModule(value)
		return err
	})}
}

// infraValidator accepts the infras, in any case.
func infraValidator() validator.String {
	return stringCheck{"names an infra", errorCheck("infra", func(value string) error {
		_, err := checkInfra(value)
		return err
	})}
}

// fieldValidator accepts what can be a field; whether it exists is for the server to say.
func fieldValidator() validator.String {
	return stringCheck{"can be a field", errorCheck("field", checkField)}
}

// storedFieldValidator accepts what the server may hold as a field of a set: a configuration generated from it
// must pass, and the plan checks whether the field exists.
func storedFieldValidator() validator.String {
	return stringCheck{"is not blank", errorCheck("field", func(value string) error {
		if strings.TrimSpace(value) == "" || strings.ContainsFunc(value, unicode.IsControl) {
			return fmt.Errorf("%s is blank or contains control characters", text.Quote(value))
		}
		return nil
	})}
}

// imageValidator refuses a blank, which the server takes for no override, and control characters. Any other
// invalid reference may already be stored: a configuration generated from it must pass, and the plan checks
// the rest.
func imageValidator() validator.String {
	return stringCheck{"is not blank", errorCheck("image reference", func(value string) error {
		switch {
		case strings.TrimSpace(value) == "":
			return fmt.Errorf("%s is blank, which means no override: to run the default, omit the "+
				"field", text.Quote(value))
		case strings.ContainsFunc(value, unicode.IsControl):
			return fmt.Errorf("%s contains control characters", text.Quote(value))
		}
		return nil
	})}
}

// noNullImages refuses a null image, on its key in the map.
type noNullImages struct{}

// Description says what the validator requires.
func (noNullImages) Description(context.Context) string { return "contains no null" }

// MarkdownDescription says what the validator requires.
func (v noNullImages) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateMap checks a map as far as it is known.
func (noNullImages) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	images := req.ConfigValue.Elements()
	for _, field := range slices.Sorted(maps.Keys(images)) {
		if images[field].IsNull() {
			name := showName(field)
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(field), fmt.Sprintf("The image of %s is null", name),
				fmt.Sprintf("To run the default, omit %s from images, such as with { for field, image in … : field "+
					"=> image if image != null }.", name))
		}
	}
}
