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
	kept, made := readFormer(ctx, req.Private, &resp.Diagnostics)
	switch {
	case plan == nil:
		resp.Diagnostics.Append(r.planDestroy(kept)...)
		return
	case state == nil:
		resp.Diagnostics.Append(r.data.toleratedInDestroy(r.planCreate(ctx, plan, made))...)
	default:
		resp.Diagnostics.Append(r.data.toleratedInDestroy(r.planUpdate(ctx, plan, *state))...)
	}
	r.data.connector.Plan(connector.Planned{URL: knownText(plan.URL)})
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// planCreate fills in the settings kept from an existing connector, and warns of what is replaced. The
// second half of a replacement is also planned as a create.
func (r *imageConnectorResource) planCreate(ctx context.Context, plan *imageConnectorModel, made bool) (diags diag.Diagnostics) {
	if !made {
		diags.Append(resourceConflict(r.data.connector.PlanResource(connector.Creating))...)
	}
	found, err := r.data.connector.Shared(ctx)
	switch {
	case err != nil && (harness.IsForbidden(err) || harness.IsUnauthorized(err)):
		diags.Append(r.data.connectorFailure("read the image connector", err))
		return diags
	case err != nil:
		diags.Append(diag.NewWarningDiagnostic("Could not check what the image connector replaces",
			explain(imageConnector{}, connectorError{err})+"\n\nThe plan continues without this check."))
		return diags
	case found.Exists && !found.IsRegistry():
		diags.Append(r.data.connectorFailure("take over the image connector", &connector.TypeError{Type: found.Type}))
		return diags
	}
	*plan = plan.planned(found.Registry)
	current := imageConnectorModel{}.refreshed(found)
	if found.Exists && !current.sameSettings(*plan) {
		diags.Append(diag.NewAttributeWarningDiagnostic(path.Root("url"), "The image connector replaces the existing one",
			differences(current, *plan)+"\n\nThe apply changes the account's connector "+harness.ImageConnector+
				" in place, and every build pulls through it from then on. Destroying the resource restores the current "+
				"settings. To change only some of them, import it before the apply:\n\n  terraform import "+
				"'harnessci_image_connector.<name>' "+harness.ImageConnector))
	}
	if !current.URL.Equal(plan.URL) {
		diags.Append(r.data.checkExistingPulls(ctx, plan.URL)...)
	}
	return diags
}

// planUpdate keeps the settings that the configuration omits, and the status if nothing changes.
func (r *imageConnectorResource) planUpdate(ctx context.Context, plan *imageConnectorModel, state imageConnectorModel) diag.Diagnostics {
	diags := resourceConflict(r.data.connector.PlanResource(connector.Holding))
	current := harness.Registry{
		ProviderType: state.ProviderType.ValueString(), ExecuteOnDelegate: state.ExecuteOnDelegate.ValueBool(),
		DelegateSelectors: sortedStrings(state.DelegateSelectors),
	}
	*plan = plan.planned(current)
	if plan.sameSettings(state) {
		plan.ProviderType, plan.Status = state.ProviderType, state.Status
		return diags
	}
	plan.Status = types.StringUnknown()
	if !plan.URL.Equal(state.URL) {
		diags.Append(r.data.checkExistingPulls(ctx, plan.URL)...)
	}
	return diags
}

// planDestroy warns of what is restored.
func (r *imageConnectorResource) planDestroy(kept former) diag.Diagnostics {
	diags := resourceConflict(r.data.connector.PlanResource(connector.Destroying))
	back := kept.url()
	r.data.connector.Plan(connector.Planned{URL: &back})
	what := "There was no image connector before this resource was created, so the connector is deleted: builds then pull " +
		"image names unchanged and without credentials."
	if kept.Body != nil {
		what = "The connector from before this resource was created or imported is restored:\n\n  url: " + showURL(back) +
			"\n\nEvery build pulls through it from then on."
	}
	return append(diags, diag.NewWarningDiagnostic("Destroying the image connector restores the previous one", what+
		" To leave the connector as it is, use a removed block with destroy = false instead (or state rm)."))
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
				"a moment, and the new resource does not record it.")
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
func showURL(value string) string {
	if _, err := url.Parse(value); err != nil {
		return "(not a URL)"
	}
	return text.Safe(withoutPassword(value))
}

// withoutPassword returns a URL without the password that it may contain, which must reach neither state
// nor output.
func withoutPassword(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	return u.Redacted()
}

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
