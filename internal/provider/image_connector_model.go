package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// imageConnectorModel is a harnessci_image_connector, in configuration, plan and state.
type imageConnectorModel struct {
	ID                types.String `tfsdk:"id"`
	URL               types.String `tfsdk:"url"`
	Username          types.String `tfsdk:"username"`
	UsernameRef       types.String `tfsdk:"username_ref"`
	PasswordRef       types.String `tfsdk:"password_ref"`
	DelegateSelectors types.Set    `tfsdk:"delegate_selectors"`
	ExecuteOnDelegate types.Bool   `tfsdk:"execute_on_delegate"`
	TestConnection    types.Bool   `tfsdk:"test_connection"`
	ProviderType      types.String `tfsdk:"provider_type"`
	Status            types.String `tfsdk:"status"`
}

const (
	// statusUnknown is the status of settings that have not been tested since they were changed.
	statusUnknown = "UNKNOWN"
	dockerHubType = "DockerHub"
	otherType     = "Other"
)

// newImageConnectorModel returns the model of a connector whose settings are not known yet.
func newImageConnectorModel() imageConnectorModel {
	return imageConnectorModel{
		ID:                types.StringValue(harness.ImageConnector),
		DelegateSelectors: types.SetNull(types.StringType),
		TestConnection:    types.BoolValue(true),
	}
}

// refreshed returns the model with the account's current settings.
func (m imageConnectorModel) refreshed(found connector.Found) imageConnectorModel {
	current := found.Registry
	m.ID = types.StringValue(harness.ImageConnector)
	m.URL = types.StringValue(withoutPassword(current.URL))
	m.Username, m.UsernameRef, m.PasswordRef = optional(current.Username), optional(current.UsernameRef), optional(current.PasswordRef)
	m.DelegateSelectors = stringSet(current.DelegateSelectors)
	m.ExecuteOnDelegate = types.BoolValue(current.ExecuteOnDelegate)
	m.ProviderType = types.StringValue(current.ProviderType)
	m.Status = types.StringValue(currentStatus(found))
	if m.TestConnection.IsNull() {
		m.TestConnection = types.BoolValue(true)
	}
	return m
}

// settled returns the planned model with the values that were unknown in the plan.
func (m imageConnectorModel) settled(found connector.Found) imageConnectorModel {
	current := m.refreshed(found)
	m.ID, m.Status = current.ID, current.Status
	if m.ProviderType.IsUnknown() {
		m.ProviderType = current.ProviderType
	}
	if m.DelegateSelectors.IsUnknown() {
		m.DelegateSelectors = current.DelegateSelectors
	}
	if m.ExecuteOnDelegate.IsUnknown() {
		m.ExecuteOnDelegate = current.ExecuteOnDelegate
	}
	return m
}

// planned returns the model with the settings that the configuration omits: those of the current connector,
// or of a new one.
func (m imageConnectorModel) planned(current harness.Registry) imageConnectorModel {
	m.ID = types.StringValue(harness.ImageConnector)
	if m.DelegateSelectors.IsUnknown() {
		m.DelegateSelectors = stringSet(current.DelegateSelectors)
	}
	if m.ExecuteOnDelegate.IsUnknown() {
		m.ExecuteOnDelegate = types.BoolValue(current.ExecuteOnDelegate)
	}
	m.ProviderType = types.StringUnknown()
	if !m.URL.IsUnknown() {
		m.ProviderType = types.StringValue(providerTypeOf(m.URL.ValueString(), current.ProviderType))
	}
	return m
}

// providerTypeOf returns how Harness names the kind of a registry: the current one unless the URL says
// otherwise.
func providerTypeOf(url, current string) string {
	host, _, _ := imageref.SplitConnectorURL(url)
	switch {
	case imageref.IsDockerHub(host):
		return dockerHubType
	case current == dockerHubType:
		return otherType
	}
	return cmp.Or(current, otherType)
}

// edit returns the settings to store, given the current ones.
func (m imageConnectorModel) edit(current harness.Registry) harness.Registry {
	m = m.planned(current)
	return harness.Registry{
		Login: m.login(), URL: m.URL.ValueString(), ProviderType: m.ProviderType.ValueString(),
		DelegateSelectors: sortedStrings(m.DelegateSelectors), ExecuteOnDelegate: m.ExecuteOnDelegate.ValueBool(),
	}
}

func (m imageConnectorModel) login() harness.Login {
	login := harness.Login{
		Auth: harness.Anonymous, Username: m.Username.ValueString(),
		UsernameRef: m.UsernameRef.ValueString(), PasswordRef: m.PasswordRef.ValueString(),
	}
	if login != (harness.Login{Auth: harness.Anonymous}) {
		login.Auth = harness.UsernamePassword
	}
	return login
}

// sameSettings reports whether another model describes the same connector.
func (m imageConnectorModel) sameSettings(other imageConnectorModel) bool {
	return m.URL.Equal(other.URL) && m.Username.Equal(other.Username) && m.UsernameRef.Equal(other.UsernameRef) &&
		m.PasswordRef.Equal(other.PasswordRef) && m.DelegateSelectors.Equal(other.DelegateSelectors) &&
		m.ExecuteOnDelegate.Equal(other.ExecuteOnDelegate)
}

// currentStatus is the outcome of the last test of the current settings.
func currentStatus(found connector.Found) string {
	if !found.StatusCurrent() {
		return statusUnknown
	}
	return found.Status.State
}

// imageConnectorIdentity identifies the image connector among those of all accounts.
type imageConnectorIdentity struct {
	AccountID  types.String `tfsdk:"account_id"`
	Identifier types.String `tfsdk:"identifier"`
}

// subject is the account's one connector.
func (imageConnectorModel) subject() fmt.Stringer { return imageConnector{} }

// check always succeeds: no part of a request comes from the state of a connector.
func (imageConnectorModel) check() error { return nil }

// identity returns the imageConnectorIdentity in an account.
func (imageConnectorModel) identity(account types.String) any {
	return imageConnectorIdentity{AccountID: account, Identifier: types.StringValue(harness.ImageConnector)}
}

// formerKey is the private state's key of the connector that existed before the resource.
const formerKey = "former_connector"

// former is the connector that existed before the resource: a body, or null for none.
type former struct {
	Body json.RawMessage `json:"body"`
}

func formerOf(found connector.Found) former {
	if !found.Exists {
		return former{}
	}
	return former{Body: found.Body}
}

// readFormer returns what private state has; ok is false if it has nothing.
func readFormer(ctx context.Context, private privateState, diags *diag.Diagnostics) (kept former, ok bool) {
	value, more := private.GetKey(ctx, formerKey)
	diags.Append(more...)
	if len(value) == 0 || json.Unmarshal(value, &kept) != nil {
		return former{}, false
	}
	if string(kept.Body) == "null" {
		kept.Body = nil
	}
	return kept, true
}

// keep stores it in private state.
func (f former) keep(ctx context.Context, private privateState) diag.Diagnostics {
	value, err := json.Marshal(f)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("The previous image connector cannot be recorded", err.Error())}
	}
	return private.SetKey(ctx, formerKey, value)
}

// url is the registry's; "" if there was no connector.
func (f former) url() string {
	registry, _ := harness.Connector{Type: harness.DockerRegistry, Body: f.Body}.Registry()
	return registry.URL
}

// optional returns null for an empty string.
func optional(value string) types.String {
	if value == "" {
		return types.StringNull()
	}
	return types.StringValue(value)
}

// stringSet returns a set of strings, never null.
func stringSet(values []string) types.Set {
	elements := make([]attr.Value, 0, len(values))
	for _, value := range values {
		elements = append(elements, types.StringValue(value))
	}
	return types.SetValueMust(types.StringType, elements)
}

// sortedStrings returns the elements of a set of known strings.
func sortedStrings(set types.Set) []string {
	var values []string
	for _, element := range set.Elements() {
		if value, ok := element.(types.String); ok {
			values = append(values, value.ValueString())
		}
	}
	slices.Sort(values)
	return values
}
