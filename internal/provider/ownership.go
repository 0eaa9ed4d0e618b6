package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// What private state keeps of a resource.
const (
	// ownerKey has the account, for CLIs older than identities.
	ownerKey = "account_id"
	// showsDefaultsKey has that the server was seen to list overrides that equal the default, so that
	// one which is not listed is gone.
	showsDefaultsKey = "lists_defaults"
	// objectKey has a random id that tells the object from all others, also from the one that replaces it.
	objectKey = "object_id"
	// sharedKey has the fields that another object of the state holds, too: see execconfig's Refreshed.
	sharedKey = "shared_fields"
)

// privateState is what the framework's private state can do; its own type cannot be named.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// scopeIdentityAttributes are the identity attributes that every resource of a scope has.
func scopeIdentityAttributes() map[string]identityschema.Attribute {
	return map[string]identityschema.Attribute{
		"account_id": identityschema.StringAttribute{
			OptionalForImport: true,
			Description: "Identifier of the Harness account. Optional in an import; if given, it must be the " +
				"provider's account.",
		},
		"module": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "Harness module: ci, iacm, idp or dbops.",
		},
		"infra": identityschema.StringAttribute{
			OptionalForImport: true,
			Description:       "Build infrastructure: K8 or VM. The module dbops has none; an import of any other needs it.",
		},
	}
}

// located is the model of a resource, which says what it is about.
type located interface {
	// subject is the module and infra, or the override, that the resource manages.
	subject() fmt.Stringer
	// check says what is wrong with its names, which a person may have changed in the state.
	check() error
	// identity returns the resource's identity in an account.
	identity(account types.String) any
}

// ownership is what a stored resource says beside its attributes: whose it is, and which one.
type ownership struct {
	data     *providerData
	identity *tfsdk.ResourceIdentity
	private  privateState
}

// stored returns the account that the resource belongs to; null where the state does not say.
func (o ownership) stored(ctx context.Context, diags *diag.Diagnostics) types.String {
	var account types.String
	if o.identity != nil && !o.identity.Raw.IsNull() {
		diags.Append(o.identity.GetAttribute(ctx, path.Root("account_id"), &account)...)
	}
	if account.ValueString() != "" {
		return account
	}
	if id := recall[string](ctx, o, ownerKey, diags); id != "" {
		return types.StringValue(id)
	}
	return types.StringNull()
}

// require adds an error where the resource is not what the provider may look for: its names are none,
// or it belongs to another account, in which it would silently be made anew.
func (o ownership) require(ctx context.Context, model located, diags *diag.Diagnostics) bool {
	if err := model.check(); err != nil {
		diags.AddError("The state of a resource does not identify an override", text.Sentence(err.Error())+" Remove the resource from "+
			"the state (state rm), and import it again.")
		return false
	}
	account := o.stored(ctx, diags).ValueString()
	if !o.data.known() || account == "" || account == o.data.accountID {
		return !diags.HasError()
	}
	stored := showName(account)
	diags.AddError(fmt.Sprintf("The state of %s belongs to another account", model.subject()),
		fmt.Sprintf("It was created in account %s, and the provider now points at account %s. Nothing was changed. Point the "+
			"provider's account_id (or %s) back at %s; or give the other account a state, a workspace or a provider alias of "+
			"its own; or, to forget the resource and leave account %s as it is, remove it from the state (state rm).", stored, o.data.accountID, envAccountID, stored, stored))
	return false
}

// may reports that an operation, which completes "Could not …", may write to what is stored; otherwise
// it adds an error.
func (o ownership) may(ctx context.Context, operation string, model located, diags *diag.Diagnostics) bool {
	return o.require(ctx, model, diags) && o.data.requireKnown(operation+" "+model.subject().String(), diags)
}

// keep stores the account, the provider's or, while that is not known, the one that is stored already;
// and the identity where there is none, because it must not change its form.
func (o ownership) keep(ctx context.Context, model located, diags *diag.Diagnostics) {
	account := o.stored(ctx, diags)
	if o.data.known() {
		account = types.StringValue(o.data.accountID)
	}
	if o.identity.Raw.IsFullyNull() {
		diags.Append(o.identity.Set(ctx, model.identity(account))...)
	}
	if !account.IsNull() {
		o.remember(ctx, ownerKey, account.ValueString(), diags)
	}
}

// made notes what a create or an update has stored, on the server as this run has seen it: that it
// lists defaults counts no longer if it has not been seen to do so since.
func (o ownership) made(ctx context.Context, model located, created bool, diags *diag.Diagnostics) {
	o.keep(ctx, model, diags)
	o.remember(ctx, showsDefaultsKey, o.data.account.ShowsDefaults(), diags)
	o.remember(ctx, sharedKey, []string{}, diags)
	if created {
		o.remember(ctx, objectKey, rand.Text(), diags)
	}
}

// refreshed notes which overrides a refresh has found the object to hold, and what the server was seen
// to do.
func (o ownership) refreshed(ctx context.Context, scope harness.Scope, fields []string, diags *diag.Diagnostics) {
	shared := o.data.account.Refreshed(o.object(ctx, diags), scope, fields)
	o.remember(ctx, sharedKey, shared, diags)
	if o.data.account.ShowsDefaults() {
		o.remember(ctx, showsDefaultsKey, true, diags)
	}
}

// standing reads the current overrides, for a refresh. The defaults are read at the same time, because
// only both answers together show whether the server lists overrides that equal the default.
func (o ownership) standing(
	ctx context.Context, scope harness.Scope, before map[string]string, diags *diag.Diagnostics,
) (map[string]string, error) {
	var second sync.WaitGroup
	second.Go(func() { _, _ = o.data.account.Defaults(ctx, scope) }) // the plan checks tell of an error
	_, err := o.data.account.Overrides(ctx, scope)
	second.Wait()
	if err != nil {
		return nil, err
	}
	return o.data.account.Standing(ctx, scope, before, o.showsDefaults(ctx, diags))
}

// showsDefaults reports that the server was seen, in this run or when the resource was last refreshed
// or written, to list overrides that equal the default.
func (o ownership) showsDefaults(ctx context.Context, diags *diag.Diagnostics) bool {
	return o.data.account.ShowsDefaults() || recall[bool](ctx, o, showsDefaultsKey, diags)
}

// resetting notes what a destroy is about to reset, for the plan of a set that is made again in this apply.
func (o ownership) resetting(ctx context.Context, scope harness.Scope, images map[string]string, diags *diag.Diagnostics) {
	o.data.account.Resetting(scope, images, o.showsDefaults(ctx, diags))
}

// object returns the id of the object, a new one where it has none.
func (o ownership) object(ctx context.Context, diags *diag.Diagnostics) string {
	id := recall[string](ctx, o, objectKey, diags)
	if id == "" {
		id = rand.Text()
		o.remember(ctx, objectKey, id, diags)
	}
	return id
}

// shared returns the fields that another object of the state holds, too.
func (o ownership) shared(ctx context.Context, diags *diag.Diagnostics) []string {
	return recall[[]string](ctx, o, sharedKey, diags)
}

// recall returns what private state holds of a key; the zero value where it has none of that type.
func recall[T any](ctx context.Context, o ownership, key string, diags *diag.Diagnostics) (value T) {
	content, more := o.private.GetKey(ctx, key)
	diags.Append(more...)
	if json.Unmarshal(content, &value) != nil {
		return *new(T)
	}
	return value
}

// remember stores a value in private state.
func (o ownership) remember(ctx context.Context, key string, value any, diags *diag.Diagnostics) {
	content, err := json.Marshal(value)
	if err != nil {
		diags.AddError("The private state cannot be stored", text.Sentence(err.Error()))
		return
	}
	diags.Append(o.private.SetKey(ctx, key, content)...)
}
