package provider

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Keys of a resource's private state.
const (
	// ownerKey is the account, for CLIs older than resource identity.
	ownerKey = "account_id"
	// showsDefaultsKey is whether the server was seen to list overrides that equal the default: then one
	// that is not listed is gone.
	showsDefaultsKey = "lists_defaults"
	// objectKey is a random id that distinguishes the object from all others, even from its replacement.
	objectKey = "object_id"
	// refusedKey is the overrides that Harness refuses to reset, field to image: they are in no plan.
	refusedKey = "refused_resets"
	// sharedKey is the fields that another object in the state also has: see execconfig's Refreshed.
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
			Description: "Build infrastructure: K8 or VM. Required in an import, except for the module " +
				"dbops, which has none.",
		},
	}
}

// located is the model of a resource, which identifies what it manages.
type located interface {
	// subject is the module and infra, or the override, that the resource manages.
	subject() fmt.Stringer
	// check says what is wrong with its names, which somebody may have edited in the state.
	check() error
	// identity returns the resource's identity in an account.
	identity(account types.String) any
}

// ownership is what is stored of a resource besides its attributes: which account it belongs to, and which
// object it is.
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
	if id := recall[string](ctx, o.private, ownerKey, diags); id != "" {
		return types.StringValue(id)
	}
	return types.StringNull()
}

// require adds an error if the resource has invalid names, or belongs to another account: the provider
// would find it gone from its own, and create it there.
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
		fmt.Sprintf("It was created in account %s, and the provider now points at account %s. Nothing was changed. "+
			"Point the provider's account_id (or %s) back at %s; or use a separate state, workspace or provider "+
			"alias for the other account; or, to forget the resource and leave account %s as it is, remove it from "+
			"the state (state rm).", stored, o.data.accountID, envAccountID, stored, stored))
	return false
}

// may reports whether an operation, which completes "Could not …", may write to what is stored; if not, it
// adds an error.
func (o ownership) may(ctx context.Context, operation string, model located, diags *diag.Diagnostics) bool {
	return o.require(ctx, model, diags) && o.data.requireKnown(operation+" "+model.subject().String(), diags)
}

// keep stores the provider's account or, while that is unknown, the one already stored. It sets the
// identity only if there is none, because an identity must not change.
func (o ownership) keep(ctx context.Context, model located, diags *diag.Diagnostics) {
	account := o.stored(ctx, diags)
	if o.data.known() {
		account = types.StringValue(o.data.accountID)
	}
	if o.identity.Raw.IsFullyNull() {
		diags.Append(o.identity.Set(ctx, model.identity(account))...)
	}
	if !account.IsNull() {
		remember(ctx, o.private, ownerKey, account.ValueString(), diags)
	}
}

// made records a create or an update of an object that stores some fields.
func (o ownership) made(ctx context.Context, model plannable, created bool, diags *diag.Diagnostics) {
	o.keep(ctx, model, diags)
	o.rememberListing(ctx, diags)
	remember(ctx, o.private, sharedKey, []string{}, diags)
	if created {
		remember(ctx, o.private, objectKey, rand.Text(), diags)
	}
	o.data.account.Own(o.object(ctx, diags), model.scope(), slices.Collect(maps.Keys(model.images())))
}

// rememberListing records whether the server lists overrides that equal the default, if this run has seen it.
func (o ownership) rememberListing(ctx context.Context, diags *diag.Diagnostics) {
	if shows, seen := o.data.account.ShowsDefaults(); seen {
		remember(ctx, o.private, showsDefaultsKey, shows, diags)
	}
}

// refreshed records the overrides that a refresh has found for the object, and how the server was seen to
// behave.
func (o ownership) refreshed(ctx context.Context, scope harness.Scope, fields []string, diags *diag.Diagnostics) {
	shared := o.data.plan.Refreshed(o.object(ctx, diags), scope, fields)
	remember(ctx, o.private, sharedKey, shared, diags)
	o.rememberListing(ctx, diags)
}

// existing reads the current overrides, for a refresh. The defaults are read at the same time, because it
// takes both answers to see whether the server lists overrides that equal the default.
func (o ownership) existing(
	ctx context.Context, scope harness.Scope, before map[string]string, diags *diag.Diagnostics,
) (map[string]string, error) {
	var second sync.WaitGroup
	second.Go(func() { _, _ = o.data.account.Defaults(ctx, scope) }) // the plan checks report an error
	_, err := o.data.account.Overrides(ctx, scope)
	second.Wait()
	if err != nil {
		return nil, err
	}
	return o.data.account.Existing(ctx, scope, before, o.showsDefaults(ctx, diags))
}

// showsDefaults reports whether the server was last seen to list overrides that equal the default: in this
// run, or by an earlier one that refreshed or wrote the resource.
func (o ownership) showsDefaults(ctx context.Context, diags *diag.Diagnostics) bool {
	if shows, seen := o.data.account.ShowsDefaults(); seen {
		return shows
	}
	return recall[bool](ctx, o.private, showsDefaultsKey, diags)
}

// resetting records what a destroy is about to reset, for a set that is planned again in this apply.
func (o ownership) resetting(ctx context.Context, scope harness.Scope, images map[string]string, diags *diag.Diagnostics) {
	o.data.plan.Resetting(scope, images, o.showsDefaults(ctx, diags))
}

// refusedResets returns the overrides that Harness has refused to reset, field to image.
func (o ownership) refusedResets(ctx context.Context, diags *diag.Diagnostics) map[string]string {
	return recall[map[string]string](ctx, o.private, refusedKey, diags)
}

// object returns the id of the object, a new one if it has none.
func (o ownership) object(ctx context.Context, diags *diag.Diagnostics) string {
	id := recall[string](ctx, o.private, objectKey, diags)
	if id == "" {
		id = rand.Text()
		remember(ctx, o.private, objectKey, id, diags)
	}
	return id
}

// shared returns the fields that another object in the state also has.
func (o ownership) shared(ctx context.Context, diags *diag.Diagnostics) []string {
	return recall[[]string](ctx, o.private, sharedKey, diags)
}

// leaves returns the fields that a destroy must leave to another object: those that the state is known to
// share or that another alias has and, in a run of some targets, where a refresh sees little, those that another object has stored since.
func (o ownership) leaves(ctx context.Context, model plannable, diags *diag.Diagnostics) []string {
	fields, object, held := o.shared(ctx, diags), o.object(ctx, diags), slices.Collect(maps.Keys(model.images()))
	fields = append(fields, o.data.account.HeldByAnother(object, model.scope(), held)...)
	if o.data.targeted {
		fields = append(fields, o.data.account.OwnedByAnother(object, model.scope(), held)...)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// recall returns the value of a key in private state; the zero value if there is none of that type.
func recall[T any](ctx context.Context, private privateState, key string, diags *diag.Diagnostics) (value T) {
	content, more := private.GetKey(ctx, key)
	diags.Append(more...)
	if json.Unmarshal(content, &value) != nil {
		return *new(T)
	}
	return value
}

// remember stores a value in private state.
func remember(ctx context.Context, private privateState, key string, value any, diags *diag.Diagnostics) {
	content, err := json.Marshal(value)
	if err != nil {
		diags.AddError("The private state cannot be stored", text.Sentence(err.Error()))
		return
	}
	diags.Append(private.SetKey(ctx, key, content)...)
}
