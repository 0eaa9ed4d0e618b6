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

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ModifyPlan warns of what happens to the connector, and records it for the checks of the overrides.
func (r *imageConnectorResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *imageConnectorModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if state != nil {
		ownership{r.data, req.Identity, req.Private}.require(ctx, *state, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() || !r.data.known() {
		return
	}
	memory := recallConnector(ctx, req.Private, &resp.Diagnostics)
	switch {
	case plan == nil:
		resp.Diagnostics.Append(r.planDestroy(ctx, *state, memory)...)
		return
	case state == nil:
		resp.Diagnostics.Append(r.data.toleratedInDestroy(r.planCreate(ctx, plan, memory))...)
	default:
		resp.Diagnostics.Append(r.data.toleratedInDestroy(r.planUpdate(ctx, plan, *state, memory))...)
	}
	r.data.connector.Plan(connector.Planned{URL: knownText(plan.URL)})
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// planCreate fills in the settings kept from an existing connector, and warns of what is replaced. The
// second half of a replacement is also planned as a create.
func (r *imageConnectorResource) planCreate(ctx context.Context, plan *imageConnectorModel, memory connectorMemory) (diags diag.Diagnostics) {
	if !memory.Recorded {
		diags.Append(resourceConflict(r.data.connector.PlanResource(connector.Creating))...)
	}
	if plan.keeps() {
		plan.RestoresURL = types.StringNull()
	}
	found, err := r.data.connector.Shared(ctx)
	switch {
	case err != nil && (harness.IsForbidden(err) || harness.IsUnauthorized(err)):
		diags.Append(r.data.failure("read the image connector", nil, connectorError{err}))
		return diags
	case err != nil:
		diags.Append(diag.NewWarningDiagnostic("Could not check what the image connector replaces",
			explain(imageConnector{}, connectorError{err})+"\n\nThe plan continues without this check."))
		return diags
	case found.Exists && !found.IsRegistry():
		diags.Append(r.data.failure("take over the image connector", nil, connectorError{&connector.TypeError{Type: found.Type}}))
		return diags
	}
	*plan = plan.planned(found.Registry)
	current := imageConnectorModel{}.refreshed(found)
	switch {
	case !found.Exists:
	case current.sameSettings(*plan):
		diags.Append(standing(*plan, found)...)
	default:
		diags.Append(replacesExisting(current, *plan, found))
	}
	if found.Exists && !plan.keeps() {
		diags.Append(connectorMemory{Previous: before(found)}.lostLogin()...)
		diags.Append(ranBefore(found)...)
	}
	if !current.URL.Equal(plan.URL) {
		diags.Append(r.data.checkExistingPulls(ctx, plan.URL)...)
	}
	return diags
}

// replacesExisting is the warning that a create takes over the connector.
func replacesExisting(current, plan imageConnectorModel, found connector.Found) diag.Diagnostic {
	last := "Destroying the resource restores the current settings."
	if _, ours := found.Origin(); ours {
		last = ""
	}
	if plan.keeps() {
		last = "Nothing restores the current settings, because on_destroy is " + destroyKeep + "."
	}
	return diag.NewAttributeWarningDiagnostic(path.Root("url"), "The image connector replaces the existing one",
		differences(current, plan)+"\n\nThe apply changes the account's connector "+harness.ImageConnector+
			" in place, and every build pulls through it from then on. "+strings.TrimSpace(last+" To change only some of them, import it "+
			"before the apply:")+"\n\n  terraform import 'harnessci_image_connector.<name>' "+harness.ImageConnector)
}

// ranBefore is the warning that an earlier run has set the connector, which no state knows.
func ranBefore(found connector.Found) (diags diag.Diagnostics) {
	origin, ours := found.Origin()
	if !ours {
		return nil
	}
	restores := "deletes the connector, because there was none"
	if origin.Body != nil {
		restores = "restores " + showURL(keptConnector(origin).url())
	}
	diags.AddWarning("An earlier run has set the image connector, and no state knows it",
		"The run was killed, or its resource was tainted, replaced or taken out of the state. The connector's description says "+
			"what that run replaced, so destroying this resource "+restores+". To restore the current settings instead, remove the "+
			"sentence in brackets from the description in Harness before the apply.")
	return diags
}

// planUpdate keeps the settings that the configuration omits, and the status if nothing changes and nothing
// is to be tested.
func (r *imageConnectorResource) planUpdate(
	ctx context.Context, plan *imageConnectorModel, state imageConnectorModel, memory connectorMemory,
) diag.Diagnostics {
	diags := resourceConflict(r.data.connector.PlanResource(connector.Holding))
	current := harness.Registry{
		ProviderType: state.ProviderType.ValueString(), ExecuteOnDelegate: state.ExecuteOnDelegate.ValueBool(),
		DelegateSelectors: sortedStrings(state.DelegateSelectors),
	}
	*plan = plan.planned(current).restoring(memory)
	same, works := plan.sameSettings(state), state.Status.ValueString() == statusSuccess
	if same {
		plan.ProviderType = state.ProviderType
	}
	plan.Status = types.StringUnknown()
	if same && (works || plan.untested()) {
		plan.Status = state.Status
	}
	if same && works && r.data.connector.HasCandidate(ctx) {
		diags.Append(leftoverCandidate())
	}
	if !works && (same || state.Status.ValueString() == statusAbsent) {
		diags.Append(r.planStanding(ctx, *plan)...)
	}
	if !plan.URL.Equal(state.URL) {
		diags.Append(r.data.checkExistingPulls(ctx, plan.URL)...)
	}
	return diags
}

// leftoverCandidate is the warning of a temporary connector that this plan does not need.
func leftoverCandidate() diag.Diagnostic {
	return diag.NewWarningDiagnostic("The temporary connector "+harness.ImageCandidate+" is still there",
		"It tests settings before builds see them, and no build uses it. Unless another run is at work, one that was killed has left "+
			"it. The next change or destroy of the image connector deletes it; you can also delete it in Harness (Account Settings, "+
			"Connectors).")
}

// planStanding warns of a connector that is not known to work.
func (r *imageConnectorResource) planStanding(ctx context.Context, plan imageConnectorModel) (diags diag.Diagnostics) {
	found, err := r.data.connector.Shared(ctx)
	switch {
	case err != nil:
		return nil // the refresh has said so
	case found.Exists && !found.IsRegistry():
		return append(diags, r.data.failure("set the image connector", nil, connectorError{&connector.TypeError{Type: found.Type}}))
	case !found.Exists:
		return append(diags, diag.NewWarningDiagnostic("The image connector was deleted outside Terraform",
			"Without it, builds pull image names unchanged and without credentials. The apply creates it again. A destroy "+
				"still restores what restores_url shows."))
	}
	return standing(plan, found)
}

// standing warns of stored settings that are not known to work.
func standing(plan imageConnectorModel, found connector.Found) (diags diag.Diagnostics) {
	next := "The apply tests it again, and fails if it still does not work."
	if plan.untested() {
		next = "Nothing tests it, because test_connection is false."
	}
	switch state := currentStatus(found); state {
	case statusSuccess:
	case statusUnknown, "PENDING":
		if !plan.untested() {
			diags.AddWarning("The image connector has not been tested since it was last changed",
				"Whether builds can pull through it is not known. The apply tests it, and fails if it does not work.")
		}
	default:
		reasons := (&connector.TestError{Status: found.Status}).Reasons()
		said := "Builds may not be able to pull."
		if len(reasons) > 0 {
			said += " Harness says:\n\n  " + strings.Join(reasons, "\n  ") + "\n\n"
		} else {
			said += " "
		}
		diags.AddWarning("The last test of the image connector ended with "+state, said+next)
	}
	return diags
}

// planDestroy warns of what is restored.
func (r *imageConnectorResource) planDestroy(ctx context.Context, state imageConnectorModel, memory connectorMemory) diag.Diagnostics {
	diags := resourceConflict(r.data.connector.PlanResource(connector.Destroying))
	if state.keeps() {
		r.data.connector.Plan(connector.Planned{URL: knownText(state.URL)})
		return diags
	}
	if memory = memory.orMarked(ctx, r.data.connector); !memory.Recorded {
		r.data.connector.Plan(connector.Planned{URL: knownText(state.URL)})
		return append(diags, nothingToPutBack())
	}
	back := memory.Previous.url()
	r.data.connector.Plan(connector.Planned{URL: &back})
	what := "There was no image connector before this resource was created, so the connector is deleted: builds then pull " +
		"image names unchanged and without credentials."
	if memory.Previous.Body != nil {
		what = "The connector from before this resource was created or imported is restored:\n\n  url: " + showURL(back) +
			"\n\nEvery build pulls through it from then on."
	}
	diags.AddWarning("Destroying the image connector restores the previous one", what+
		" To leave the connector as it is, apply on_destroy = \"keep\" first, or use a removed block with destroy = false (or state rm).")
	return append(diags, memory.lostLogin()...)
}

// resourceConflict reports several resources for the account's one connector.
func resourceConflict(conflict connector.Conflict) (diags diag.Diagnostics) {
	const advice = "An account has one image connector. Keep one harnessci_image_connector for each account; for another " +
		"account, give the resource a provider alias."
	switch conflict {
	case connector.NoConflict:
	case connector.Twice:
		diags.AddError("Two resources set the image connector of one account", advice)
	case connector.HeldTwice:
		diags.AddWarning("Two resources in the state manage the image connector of one account", advice+
			" Remove the other from the state with a removed block and destroy = false (or state rm).")
	case connector.Renamed:
		diags.AddWarning("One image connector is destroyed and another is created",
			"If the resource was renamed, add a moved block. Without it, the previous connector may come back for "+
				"a moment.")
	}
	return diags
}

// differences lists the settings that differ, current and planned.
func differences(current, plan imageConnectorModel) string {
	var rows []string
	row := func(name, was, becomes string) {
		if was != becomes {
			rows = append(rows, fmt.Sprintf("  %s\n    found:   %s\n    planned: %s", name, was, becomes))
		}
	}
	row("url", shownURL(current.URL), shownURL(plan.URL))
	row("login", shownLogin(current), shownLogin(plan))
	row("delegate_selectors", shownSet(current.DelegateSelectors), shownSet(plan.DelegateSelectors))
	row("execute_on_delegate", current.ExecuteOnDelegate.String(), plan.ExecuteOnDelegate.String())
	return strings.Join(rows, "\n")
}

const knownAfterApply = "(known after apply)"

func shownURL(value types.String) string {
	if value.IsUnknown() {
		return knownAfterApply
	}
	return showURL(value.ValueString())
}

// showURL returns a URL for a message.
func showURL(value string) string { return text.Safe(harness.ShowURL(value)) }

func shownLogin(m imageConnectorModel) string {
	if m.Username.IsUnknown() || m.UsernameRef.IsUnknown() || m.PasswordRef.IsUnknown() {
		return knownAfterApply
	}
	user := m.Username.ValueString() + m.UsernameRef.ValueString()
	if user == "" {
		return "anonymous"
	}
	return fmt.Sprintf("%s with the secret %s", text.Safe(user), text.Safe(m.PasswordRef.ValueString()))
}

func shownSet(set types.Set) string {
	if set.IsUnknown() {
		return knownAfterApply
	}
	if len(set.Elements()) == 0 {
		return "none"
	}
	return text.Safe(text.And(sortedStrings(set)))
}

// knownText returns a string, or nil while it is unknown.
func knownText(value types.String) *string {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueStringPointer()
}

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
	warn := func(summary, detail string) { diags.AddAttributeWarning(path.Root("url"), summary, detail) }
	if strings.HasPrefix(strings.ToLower(m.URL.ValueString()), "http://") {
		warn("The image connector's registry is not encrypted",
			"The URL uses plain http: anyone on the network path to "+host+" can read the login and replace the images "+
				"that every build runs, and nodes refuse such a registry unless they are set up for it. Use https.")
	}
	for _, page := range webPages {
		regional := strings.HasSuffix(host, "."+page.host) && page.host == "console.aws.amazon.com"
		if (host == page.host || regional) && strings.HasPrefix(strings.TrimPrefix(prefix, host), page.path) {
			warn("The image connector's URL is not that of a registry", prefix+" is "+page.is+" Builds cannot pull through it.")
			return diags
		}
	}
	last := prefix[strings.LastIndex(prefix, "/")+1:]
	if !imageref.IsDockerHub(host) && (last == "v1" || last == "v2") {
		warn(fmt.Sprintf("The path /%s comes before every image name", last),
			fmt.Sprintf("Builds will pull %s. The path %s is part of Docker's API and belongs only in the URL of "+
				"Docker Hub; remove it unless the images are in a repository of that name.",
				imageref.Resolve(m.URL.ValueString(), "harness/ci-addon:1.16.92").Image, "/"+last))
	}
	return diags
}

// webPages are the hosts that people copy from a browser, and what to write instead. The first that matches
// counts.
var webPages = []struct{ host, path, is string }{
	{"app.harness.io", "/registry", "Harness's former registry, which ended in 2024. Use " + googleRegistry + "."},
	{"app.harness.io", "", "the Harness console. Use the URL of a registry, such as " + googleRegistry + "."},
	{"hub.docker.com", "", "Docker Hub's website. Use https://index.docker.io/v2/."},
	{"app.docker.com", "", "Docker's website. Use https://index.docker.io/v2/."},
	{"console.cloud.google.com", "", "the Google Cloud console. Use https://<region>-docker.pkg.dev/<project>/<repository>."},
	{"gallery.ecr.aws", "", "the website of ECR public. Use https://public.ecr.aws/<alias>."},
	{"console.aws.amazon.com", "", "the AWS console. Use https://<account>.dkr.ecr.<region>.amazonaws.com."},
	{"portal.azure.com", "", "the Azure portal. Use https://<registry>.azurecr.io."},
	{"github.com", "", "GitHub's website. Use https://ghcr.io/<owner>."},
}

const googleRegistry = "https://us-docker.pkg.dev/gar-prod-setup/harness-public"
