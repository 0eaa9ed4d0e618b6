package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Where private state keeps the account, for CLIs older than identities, and that the server was seen
// to list overrides that equal the default, so that one which is not listed is gone.
const (
	ownerKey         = "account_id"
	showsDefaultsKey = "lists_defaults"
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
			Description:       "Identifier of the Harness account. An import may leave it out; where it is given, it must be the provider's.",
		},
		"module": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "Harness module: ci, iacm or idp.",
		},
		"infra": identityschema.StringAttribute{
			RequiredForImport: true,
			Description:       "Build infrastructure: K8 or VM.",
		},
	}
}

// ownership is what a stored resource says about its account beside its attributes.
type ownership struct {
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
	value, more := o.private.GetKey(ctx, ownerKey)
	diags.Append(more...)
	var id string
	if json.Unmarshal(value, &id) != nil {
		return types.StringNull()
	}
	return types.StringValue(id)
}

// require adds an error where the resource belongs to another account than the provider's: to
// read or write there would silently make it anew in the wrong account.
func (o ownership) require(ctx context.Context, data *providerData, subject fmt.Stringer, diags *diag.Diagnostics) bool {
	account := o.stored(ctx, diags).ValueString()
	if !data.known() || account == "" || account == data.accountID {
		return !diags.HasError()
	}
	diags.AddError(fmt.Sprintf("The state of %s belongs to another account", subject),
		fmt.Sprintf("It was made in account %s, and the provider now points at account %s. Nothing was changed. "+
			"Point the provider's account_id (or %s) back at %s; or give the other account a state, a workspace or "+
			"a provider alias of its own; or, to forget the resource and leave account %s as it is, remove it from "+
			"the state (state rm).", account, data.accountID, envAccountID, account, account))
	return false
}

// record keeps with the resource what the server was seen to do, and the account: the provider's or,
// while that is not known, the one already stored. The identity is written only where there is none,
// for it must not change its form.
func (o ownership) record(ctx context.Context, data *providerData, identity func(account types.String) any) diag.Diagnostics {
	var diags diag.Diagnostics
	account := o.stored(ctx, &diags)
	if data.known() {
		account = types.StringValue(data.accountID)
	}
	if o.identity.Raw.IsFullyNull() {
		diags.Append(o.identity.Set(ctx, identity(account))...)
	}
	if account.IsNull() {
		return diags
	}
	value, err := json.Marshal(account.ValueString())
	if err != nil {
		diags.AddError("The account cannot be stored", text.Sentence(err.Error()))
		return diags
	}
	diags.Append(o.private.SetKey(ctx, ownerKey, value)...)
	if data.known() && data.account.ShowsDefaults() {
		diags.Append(o.private.SetKey(ctx, showsDefaultsKey, []byte("true"))...)
	}
	return diags
}

// showsDefaults reports that the server was seen, in this run or when the resource was written, to
// list overrides that equal the default.
func (o ownership) showsDefaults(ctx context.Context, data *providerData, diags *diag.Diagnostics) bool {
	value, more := o.private.GetKey(ctx, showsDefaultsKey)
	diags.Append(more...)
	return len(value) > 0 || data.account.ShowsDefaults()
}
