package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
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

// before returns what a resource that takes over a connector restores; an earlier run may have set it.
func before(found connector.Found) keptConnector {
	origin, err := found.Before()
	if !found.Exists || err != nil { // what cannot be read was not taken over
		return keptConnector{}
	}
	return keptConnector(origin)
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
		kept.Body = result.After.Body
	case err != nil && result.Touched:
		kept.Body = result.Before.Body
	}
	if kept.Body != nil && harness.HasLogin(kept.url()) {
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

// orMarked returns what the connector itself says of a previous one, if private state has lost it: a CLI gives that of a
// tainted object to nobody, and a killed run has none.
func (m connectorMemory) orMarked(ctx context.Context, account *connector.Account) connectorMemory {
	if m.Recorded {
		return m
	}
	found, err := account.Shared(ctx)
	if origin, ok := found.Origin(); ok && err == nil {
		m.Previous, m.Recorded = keptConnector(origin), true
	}
	return m
}

// origin is the previous connector for the description of the next one; nil if it is not recorded.
func (m connectorMemory) origin() *harness.Origin {
	if !m.Recorded {
		return nil
	}
	origin := harness.Origin(m.Previous)
	return &origin
}

// recallConnector returns what private state has.
func recallConnector(ctx context.Context, private privateState, diags *diag.Diagnostics) (memory connectorMemory) {
	if previous := recall[*keptConnector](ctx, private, previousKey, diags); previous != nil {
		memory.Previous, memory.Recorded = previous.orNone(), true
	}
	if worked := recall[*keptConnector](ctx, private, workedKey, diags); worked != nil {
		memory.Worked = worked.orNone()
	}
	return memory
}

// orNone returns what was recorded, without a body if there was no connector.
func (k keptConnector) orNone() keptConnector {
	if string(k.Body) == "null" {
		k.Body = nil
	}
	return k
}

// keep stores it in private state.
func (m connectorMemory) keep(ctx context.Context, private privateState) (diags diag.Diagnostics) {
	if m.Recorded {
		remember(ctx, private, previousKey, m.Previous, &diags)
	}
	if m.Worked.Body != nil {
		remember(ctx, private, workedKey, m.Worked, &diags)
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

// connectorError gives an error about the connector its own advice.
type connectorError struct{ error }

// Unwrap returns the error.
func (e connectorError) Unwrap() error { return e.error }

// restoreError is an error of a destroy, which has its own way out.
type restoreError struct{ connectorError }

// Advice says how to destroy the resource all the same.
func (e restoreError) Advice() string {
	const wayOut = "To leave the connector as it is, apply on_destroy = \"keep\" and destroy again, or take the resource out of " +
		"the state with a removed block and destroy = false (or state rm)."
	if tested, ok := errors.AsType[*connector.TestError](e.error); ok && tested.Err == nil && tested.PutBack == nil {
		return "The connector that the destroy would restore does not work. " + wayOut
	}
	if isA[*connector.TypeError](e.error) {
		return wayOut
	}
	return e.connectorError.Advice() + " " + wayOut
}

// Reason says what went wrong, and what is in place after a change was undone.
func (e connectorError) Reason() string {
	if call, ok := e.error.(*harness.Error); ok { //nolint:errorlint // a wrapped call is part of what its wrapper says
		return call.Reason()
	}
	if candidate, ok := errors.AsType[*connector.CandidateError](e.error); ok && candidate.Read == nil {
		return reason(candidate.Err) + "\n" + candidateOnly
	}
	tested, ok := errors.AsType[*connector.TestError](e.error)
	if !ok {
		return e.Error()
	}
	said := text.Sentence(tested.Error())
	if tested.Err == nil {
		said = text.Sentence("Harness tested the connection, and the test ended with " + tested.Status.State)
		for _, reason := range tested.Reasons() {
			said += "\n\n  " + reason
		}
		if len(tested.Reasons()) > 0 {
			said += "\n"
		}
	}
	return said + "\n" + putBackReason(tested)
}

func isUncertain(err error) bool {
	_, ok := errors.AsType[*connector.UncertainError](err)
	return ok
}

// candidateOnly says what stands after a failure that has to do with a candidate.
const candidateOnly = "This was about " + harness.ImageCandidate + ", a temporary connector that tests the settings. The image " +
	"connector has not been changed, and builds pull as they did before."

// putBackReason says which connector is in place after a test that did not succeed.
func putBackReason(tested *connector.TestError) string {
	switch {
	case tested.Stage == connector.Candidate:
		return candidateOnly
	case tested.Stage == connector.Standing:
		return "The image connector had these settings already and has been left as it is: builds may not be able to pull."
	case tested.PutBack == nil && tested.Untested != nil:
		return "The previous connector has been put back. Builds pulled through the new one in the meantime, because it could not be " +
			"tested before: " + text.Sentence(tested.Untested.Error())
	case tested.PutBack == nil:
		return "The previous connector has been put back, and builds pull as they did before."
	}
	if _, theirs := errors.AsType[*connector.OverwrittenError](tested.PutBack); theirs {
		return "Somebody else changed the connector in the meantime. That change was left in place."
	}
	return "The previous connector could not be put back, so builds may not be able to pull: " + text.Sentence(tested.PutBack.Error())
}

// Advice says what to do next.
func (e connectorError) Advice() string {
	if tested, ok := errors.AsType[*connector.TestError](e.error); ok {
		return testAdvice(tested)
	}
	if mistyped, ok := errors.AsType[*connector.TypeError](e.error); ok {
		return fmt.Sprintf("Builds now pull through a connector of the type %s. Delete it in Harness (Account "+
			"Settings, Connectors, %s), and apply again: until the apply has created the new one, builds pull "+
			"image names unchanged. Otherwise remove harnessci_image_connector from the "+
			"configuration.", mistyped.Type, harness.ImageConnector)
	}
	for _, known := range []struct {
		is   bool
		text string
	}{
		{isA[*connector.ChangedError](e.error), "Nothing was changed. Run a plan to see the current connector, and apply that plan."},
		{isA[*harness.PolicyError](e.error), "Nothing was changed. Adjust the policy to allow the change, or choose settings " +
			"that it allows."},
		{isA[*connector.NotStoredError](e.error), "Nothing was changed. Apply again; if the error persists, contact Harness " +
			"support."},
		{isA[*connector.OverwrittenError](e.error), "Run a plan to see the current connector, and apply again when the other " +
			"writer (a pipeline, a person or another run) has finished."},
		{isUncertain(e.error), "Run a plan to see the current connector, and apply again: repeating the change does no harm."},
		{harness.IsOverlapping(e.error), "Somebody else changed the connector at the same time. Apply again."},
		{harness.IsReferenced(e.error), "Harness does not delete a connector that pipelines refer to. Remove those " +
			"references, or keep the connector: take the resource out of the state with a removed block and destroy = false " +
			"(or state rm)."},
		{harness.IsForbidden(e.error), "Connectors have their own permissions, apart from those of the account: " +
			"core_connector_view to read the image connector, core_connector_edit to change it, " +
			"core_connector_delete to delete it. Ask an administrator for a role that includes them, at account " +
			"scope."},
		{harness.IsRefused(e.error), "Harness refused the change and left the connector as it was. The secrets that " +
			"username_ref and password_ref name must exist at account level."},
	} {
		if known.is {
			return known.text
		}
	}
	for _, adviser := range advisers {
		if next := adviser(e.error); next != "" {
			return next
		}
	}
	return ""
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func testAdvice(tested *connector.TestError) string {
	switch {
	case tested.PutBack != nil && !isA[*connector.OverwrittenError](tested.PutBack):
		return "Restore builds first: correct the connector " + harness.ImageConnector + " in Harness, or apply settings " +
			"that work."
	case tested.Stage == connector.Standing && tested.Err == nil:
		return "Restore builds first: correct the URL, the user, or the secret behind password_ref, and apply again."
	case isA[*connector.InterruptedError](tested.Err):
		return "The run was interrupted. Apply again."
	case isA[*connector.SlowTestError](tested.Err):
		return "Check that the delegates named in delegate_selectors are running. To skip the test, set " +
			"test_connection = false; a connector that does not work then shows only in failing builds."
	case tested.Err != nil:
		return "Apply again. To skip the test, set test_connection = false; a connector that does not work then " +
			"shows only in failing builds."
	}
	return "Check url, the user and the secret behind password_ref, and whether the registry can be reached from where " +
		"Harness connects: the Harness platform or, with execute_on_delegate, a delegate. To set the connector anyway, set " +
		"test_connection = false."
}

// asides are the warnings about a change apart from its outcome.
func (d *providerData) asides(result connector.Result) (diags diag.Diagnostics) {
	if result.Untested != nil && result.After.Works() {
		diags.AddWarning("Builds saw the image connector before it was tested",
			"New settings are tested as a temporary connector, "+harness.ImageCandidate+", before builds see them. That was not "+
				"possible:\n\n"+explain(nil, connectorError{result.Untested})+"\n\nThe connector was changed first and tested then: it works.")
	}
	diags.Append(leftover(result.Leftover)...)
	if result.Unverified != nil {
		diags.Append(d.unverified("the settings of", imageConnector{}, result.Unverified))
	}
	return diags
}

// leftover is the warning that the temporary connector could not be deleted.
func leftover(err error) (diags diag.Diagnostics) {
	if err != nil {
		diags.AddWarning("Could not delete the temporary connector "+harness.ImageCandidate,
			explain(nil, connectorError{err})+"\n\nNo build uses it. The next change deletes it; you can also delete it "+
				"in Harness (Account Settings, Connectors).")
	}
	return diags
}

// swept deletes a temporary connector that a killed run has left.
func (d *providerData) swept(ctx context.Context) diag.Diagnostics {
	return leftover(d.connector.Sweep(ctx))
}

// brokenConnector is an error of a create as a warning: see Create.
func brokenConnector(failed diag.Diagnostic) diag.Diagnostic {
	return asWarning(failed, "The state records the previous connector, and the next plan tests the image connector again. This is a "+
		"warning and not an error, because after an error the state would lose the previous connector.")
}

// lostLogin warns of a previous connector that a destroy cannot restore as it was.
func (m connectorMemory) lostLogin() (diags diag.Diagnostics) {
	if m.Previous.LostLogin {
		diags.AddWarning("The previous image connector cannot be restored with its login",
			"Its URL contains what may be a user, a password or a token, which the state does not record. A destroy would restore "+
				showURL(m.Previous.url())+" without it, and fails if that does not work. With on_destroy = \"keep\", a destroy "+
				"leaves the connector as it is.")
	}
	return diags
}

// connectorKept is the warning that a destroy does not restore the previous connector, because this run
// has set a new one.
func connectorKept(memory connectorMemory) diag.Diagnostic {
	was := "There was none."
	if memory.Previous.Body != nil {
		was = "Its URL is " + showURL(memory.Previous.url()) + "."
	}
	return diag.NewWarningDiagnostic("Did not restore the previous image connector, because this run has set a new one",
		"Restoring it would undo that. "+was+" A destroy of the new resource restores it. This happens when a resource is renamed "+
			"without a moved block, or replaced with create_before_destroy.")
}

// nothingToPutBack is the warning that the previous connector is unknown.
func nothingToPutBack() diag.Diagnostic {
	return diag.NewWarningDiagnostic("The image connector stays as it is",
		"Neither the state nor the connector's description says which connector existed before this resource, so a destroy restores "+
			"none. Builds pull as they did before.")
}
