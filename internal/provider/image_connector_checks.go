package provider

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// secretRef is a reference to a secret of the account, the only kind that an account's connector may use.
var secretRef = text.Regexp(`^account\.[A-Za-z_][A-Za-z0-9_$-]{0,127}$`)

// ValidateConfig checks what is known of a configuration.
func (r *imageConnectorResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config imageConnectorModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(config.problems()...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(config.doubts()...)
	}
}

// problems returns what is wrong with the settings as far as they are known. An error about a value that
// may contain a password names no attribute: a CLI would print the line, password included.
func (m imageConnectorModel) problems() (diags diag.Diagnostics) {
	if known(m.URL) {
		diags.Append(urlProblems(m.URL.ValueString())...)
	}
	for _, ref := range []struct {
		name  string
		value types.String
	}{{"username_ref", m.UsernameRef}, {"password_ref", m.PasswordRef}} {
		name, value := ref.name, ref.value
		if known(value) && !secretRef().MatchString(value.ValueString()) {
			diags.AddError(fmt.Sprintf("Invalid image connector: %s is not a reference to a secret", name),
				fmt.Sprintf("%s takes a reference to a secret of the account, such as account.registry_password, "+
					"never the secret itself. Store the secret in Harness at account level, and refer to it as "+
					"account.<identifier>. The value is not shown because it may be a password; if it is, also "+
					"remove it from the configuration's history.", name))
		}
	}
	if known(m.Username) && m.Username.ValueString() == "" {
		diags.AddAttributeError(path.Root("username"), "Invalid image connector: the user is empty",
			"Remove username, or set it to null, to pull anonymously.")
	}
	set := func(value types.String) bool { return !value.IsNull() }
	switch {
	case set(m.Username) && set(m.UsernameRef) && !m.Username.IsUnknown() && !m.UsernameRef.IsUnknown():
		diags.AddAttributeError(path.Root("username_ref"), "Invalid image connector: two users",
			"Set either username, or username_ref with a reference to a secret that contains it.")
	case set(m.PasswordRef) && !m.PasswordRef.IsUnknown() && !set(m.Username) && !set(m.UsernameRef):
		diags.AddAttributeError(path.Root("password_ref"), "Invalid image connector: a password without a user",
			"Also set username or username_ref; without either, images are pulled anonymously.")
	case !set(m.PasswordRef) && (set(m.Username) && !m.Username.IsUnknown() || set(m.UsernameRef) && !m.UsernameRef.IsUnknown()):
		diags.AddError("Invalid image connector: a user without a password",
			"Set password_ref to a reference to the secret that contains the password, such as "+
				"account.registry_password.")
	}
	return diags
}

func known(value types.String) bool { return !value.IsNull() && !value.IsUnknown() }

// urlProblems returns what is wrong with the URL of a registry. A URL that may contain a secret is not
// shown.
func urlProblems(value string) (diags diag.Diagnostics) {
	const summary = "Invalid image connector: url"
	example := " It is the URL of a registry, such as https://registry.example.com/harness."
	host, prefix, err := imageref.SplitConnectorURL(value)
	u, _ := url.Parse(value)
	switch {
	case err == nil && u.User != nil:
		diags.AddError(summary, "The URL contains a user name or password. Set username and password_ref instead; "+
			"if it contains a password, also remove that from the configuration's history."+example)
	case err == nil && (u.RawQuery != "" || u.ForceQuery || u.Fragment != ""):
		diags.AddError(summary, "The URL has a query or a fragment (the part after ? or #)."+example)
	case err != nil && strings.Contains(value, "@"):
		diags.AddError(summary, "The URL cannot be used: "+err.Error()+"."+example)
	case err != nil:
		diags.AddAttributeError(path.Root("url"), summary, "The URL cannot be used: "+err.Error()+"."+example)
	default:
		if _, err := imageref.Mirror("harness/ci-addon", prefix); err != nil && !imageref.IsDockerHub(host) {
			diags.AddAttributeError(path.Root("url"), summary, "Harness puts the URL's host and path before image names, and "+
				"the result is not a valid name: "+text.Sentence(err.Error()))
		}
	}
	return diags
}

// doubts returns warnings about usable settings that are probably a mistake.
func (m imageConnectorModel) doubts() (diags diag.Diagnostics) {
	if !known(m.URL) {
		return nil
	}
	host, prefix, _ := imageref.SplitConnectorURL(m.URL.ValueString())
	if strings.HasPrefix(strings.ToLower(m.URL.ValueString()), "http://") {
		diags.AddAttributeWarning(path.Root("url"), "The image connector's registry is not encrypted",
			"The URL uses plain http: anyone on the network path to "+host+" can read the login and replace the images "+
				"that every build runs. Use https.")
	}
	last := prefix[strings.LastIndex(prefix, "/")+1:]
	if !imageref.IsDockerHub(host) && (last == "v1" || last == "v2") {
		diags.AddAttributeWarning(path.Root("url"), fmt.Sprintf("The path /%s comes before every image name", last),
			fmt.Sprintf("Builds will pull %s. The path %s is part of Docker's API and belongs only in the URL of "+
				"Docker Hub; remove it unless the images are in a repository of that name.",
				imageref.Resolve(m.URL.ValueString(), "harness/ci-addon:1.16.92").Image, "/"+last))
	}
	return diags
}
