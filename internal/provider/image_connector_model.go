package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
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

	OnDestroy   types.String   `tfsdk:"on_destroy"`
	RestoresURL types.String   `tfsdk:"restores_url"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

const (
	// testTimeout is how long a connection test may take by default.
	testTimeout = 3 * time.Minute
	// destroyRestore and destroyKeep are the values of on_destroy.
	destroyRestore = "restore"

	statusSuccess = "SUCCESS"
	// statusAbsent is the status of a connector that is gone, or of another type now.
	statusAbsent = "ABSENT"
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
		OnDestroy:         types.StringValue(destroyRestore),
		Timeouts: timeouts.Value{Object: types.ObjectNull(map[string]attr.Type{
			"create": types.StringType, "update": types.StringType, "delete": types.StringType,
		})},
	}
}

// isNew reports whether a state is one of newImageConnectorModel, which an import has made.
func (m imageConnectorModel) isNew() bool { return m.URL.IsNull() && m.Status.IsNull() }

// keeps reports whether a destroy leaves the connector as it is.
func (m imageConnectorModel) keeps() bool { return m.OnDestroy.ValueString() == destroyKeep }

// untested reports whether nothing is to be tested.
func (m imageConnectorModel) untested() bool { return m.TestConnection.Equal(types.BoolValue(false)) }

// absent returns the model of a connector that is gone.
func (m imageConnectorModel) absent() imageConnectorModel {
	m.URL, m.Username, m.UsernameRef, m.PasswordRef = types.StringNull(), types.StringNull(), types.StringNull(), types.StringNull()
	m.DelegateSelectors, m.ExecuteOnDelegate = types.SetNull(types.StringType), types.BoolNull()
	m.ProviderType, m.Status = types.StringNull(), types.StringValue(statusAbsent)
	return m
}

// describes reports whether a connector is the one in the state.
func (m imageConnectorModel) describes(found connector.Found) bool {
	if m.Status.ValueString() == statusAbsent || !found.IsRegistry() {
		return m.Status.ValueString() == statusAbsent && !found.Exists
	}
	return m.sameSettings(imageConnectorModel{}.refreshed(found))
}

// restoring returns the model with what a destroy brings back.
func (m imageConnectorModel) restoring(memory connectorMemory) imageConnectorModel {
	switch {
	case m.OnDestroy.IsUnknown():
		m.RestoresURL = types.StringUnknown()
	case m.keeps() || !memory.Recorded:
		m.RestoresURL = types.StringNull()
	default:
		m.RestoresURL = types.StringValue(harness.ShowURL(memory.Previous.url()))
	}
	return m
}

// testLimit returns how long each connection test may take; zero if there is none.
func (m imageConnectorModel) testLimit(ctx context.Context, limit timeoutOf, diags *diag.Diagnostics) time.Duration {
	if m.untested() {
		return 0
	}
	timeout, more := limit(ctx, testTimeout)
	diags.Append(more...)
	return timeout
}

// current returns the model with the account's current settings; see absent.
func (m imageConnectorModel) current(found connector.Found) imageConnectorModel {
	if !found.IsRegistry() {
		return m.absent()
	}
	return m.refreshed(found)
}

// refreshed returns the model with a connector's settings.
func (m imageConnectorModel) refreshed(found connector.Found) imageConnectorModel {
	current := found.Registry
	m.ID = types.StringValue(harness.ImageConnector)
	m.URL = types.StringValue(harness.ShowURL(current.URL))
	m.Username, m.UsernameRef, m.PasswordRef = optional(current.Username), optional(current.UsernameRef), optional(current.PasswordRef)
	m.DelegateSelectors = stringSet(current.DelegateSelectors)
	m.ExecuteOnDelegate = types.BoolValue(current.ExecuteOnDelegate)
	m.ProviderType = types.StringValue(current.ProviderType)
	m.Status = types.StringValue(currentStatus(found))
	if m.TestConnection.IsNull() {
		m.TestConnection = types.BoolValue(true)
	}
	if m.OnDestroy.IsNull() {
		m.OnDestroy = types.StringValue(destroyRestore)
	}
	return m
}

// settled returns the planned model with the values that were unknown in the plan.
func (m imageConnectorModel) settled(found connector.Found, memory connectorMemory) imageConnectorModel {
	m = m.restoring(memory)
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

// Keys of the connector's private state.
const (
	previousKey = "previous_connector" // what a destroy restores
	workedKey   = "worked_connector"   // what was seen to work last
)

// keptConnector is a connector in private state: a body, or null for none.
type keptConnector struct {
	Body json.RawMessage `json:"body"`
	// LostLogin: the URL had a login, which private state does not hold.
	LostLogin bool `json:"lost_login,omitempty"`
}

// remember returns what private state may hold of a connector.
func remember(found connector.Found) (kept keptConnector) {
	if !found.Exists {
		return kept
	}
	body, lost, err := harness.WithoutLogin(found.Body)
	if err != nil {
		return kept // what cannot be read was not taken over
	}
	return keptConnector{Body: body, LostLogin: lost}
}

// url is the registry's; "" if there was no connector.
func (k keptConnector) url() string {
	registry, _ := harness.Connector{Type: harness.DockerRegistry, Body: k.Body}.Registry()
	return registry.URL
}

// workedAfter returns the connector to fall back to after a change: the one that works, or the one that a
// failed change has replaced. It is empty if neither is known, or has a login that cannot be kept.
func workedAfter(result connector.Result, err error) keptConnector {
	kept := keptConnector{}
	switch {
	case err == nil && result.After.Works():
		kept = remember(result.After)
	case err != nil && result.Touched:
		kept = remember(result.Before)
	}
	if kept.LostLogin {
		return keptConnector{}
	}
	return kept
}

// connectorMemory is what private state knows of other connectors.
type connectorMemory struct {
	Previous, Worked keptConnector
	// Recorded: Previous was recorded, even if there was none.
	Recorded bool
}

// recallConnector returns what private state has.
func recallConnector(ctx context.Context, private privateState, diags *diag.Diagnostics) (memory connectorMemory) {
	read := func(key string, into *keptConnector) bool {
		value, more := private.GetKey(ctx, key)
		diags.Append(more...)
		if len(value) == 0 || json.Unmarshal(value, into) != nil {
			return false
		}
		if string(into.Body) == "null" {
			into.Body = nil
		}
		return true
	}
	memory.Recorded = read(previousKey, &memory.Previous)
	read(workedKey, &memory.Worked)
	return memory
}

// keep stores it in private state.
func (m connectorMemory) keep(ctx context.Context, private privateState) (diags diag.Diagnostics) {
	for key, kept := range map[string]keptConnector{previousKey: m.Previous, workedKey: m.Worked} {
		value, err := json.Marshal(kept)
		if err != nil {
			diags.AddError("The previous image connector cannot be recorded", err.Error())
			continue
		}
		if key == previousKey && m.Recorded || kept.Body != nil {
			diags.Append(private.SetKey(ctx, key, value)...)
		}
	}
	return diags
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
