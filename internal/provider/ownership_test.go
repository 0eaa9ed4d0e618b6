package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
)

// memory is a private state.
type memory map[string][]byte

func (m memory) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return m[key], nil }

func (m memory) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	m[key] = value
	return nil
}

// noIdentity is the identity of a resource that has none yet.
func noIdentity(t *testing.T) *tfsdk.ResourceIdentity {
	t.Helper()
	var resp resource.IdentitySchemaResponse
	new(imageOverrideResource).IdentitySchema(t.Context(), resource.IdentitySchemaRequest{}, &resp)
	return &tfsdk.ResourceIdentity{
		Schema: resp.IdentitySchema,
		Raw:    tftypes.NewValue(resp.IdentitySchema.Type().TerraformType(t.Context()), nil),
	}
}

func dataOf(accountID string) *providerData {
	return &providerData{account: execconfig.New(nil, accountID, execconfig.Options{}), accountID: accountID}
}

func TestOwnershipIsRecordedOnceAndKept(t *testing.T) {
	t.Parallel()
	model := modelOf(types.StringValue("a:1"))
	owned := ownership{noIdentity(t), memory{}}
	if diags := owned.record(t.Context(), dataOf("mine"), model.identity); diags.HasError() {
		t.Fatal(diags)
	}
	var identity imageOverrideIdentity
	if diags := owned.identity.Get(t.Context(), &identity); diags.HasError() {
		t.Fatal(diags)
	}
	if identity != model.identity(types.StringValue("mine")) {
		t.Errorf("identity is %+v", identity)
	}
	before := owned.identity.Raw
	if diags := owned.record(t.Context(), &providerData{}, model.identity); diags.HasError() || !owned.identity.Raw.Equal(before) {
		t.Errorf("an identity that was stored became %s, %v", owned.identity.Raw, diags)
	}
}

// Either place is enough: an old CLI stores no identity, an import by identity no private state.
func TestOwnershipOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	model := modelOf(types.StringValue("a:1"))
	recorded := ownership{noIdentity(t), memory{}}
	if diags := recorded.record(t.Context(), dataOf("mine"), model.identity); diags.HasError() {
		t.Fatal(diags)
	}
	for name, test := range map[string]struct {
		owned ownership
		data  *providerData
		want  bool
	}{
		"same account":                     {recorded, dataOf("mine"), true},
		"another, by both":                 {recorded, dataOf("other"), false},
		"another, by identity":             {ownership{recorded.identity, memory{}}, dataOf("other"), false},
		"another, by private state":        {ownership{noIdentity(t), recorded.private}, dataOf("other"), false},
		"another, by a CLI without":        {ownership{nil, recorded.private}, dataOf("other"), false},
		"nothing recorded":                 {ownership{noIdentity(t), memory{}}, dataOf("other"), true},
		"provider not known yet":           {recorded, &providerData{}, true},
		"provider not configured at all":   {recorded, nil, true},
		"private state of another version": {ownership{noIdentity(t), memory{ownerKey: []byte(`{}`)}}, dataOf("other"), true},
	} {
		var diags diag.Diagnostics
		if got := test.owned.require(t.Context(), test.data, target("gitCloneTag"), &diags); got != test.want || diags.HasError() == test.want {
			t.Errorf("%s: got %v, %v", name, got, diags)
		}
	}
}

// While the account is not known, what is known of it is kept, and an identity is made all the
// same: the framework refuses a read without one.
func TestOwnershipWhileTheProviderIsNotKnown(t *testing.T) {
	t.Parallel()
	model := modelOf(types.StringValue("a:1"))
	for name, private := range map[string]memory{"mine": {ownerKey: []byte(`"mine"`)}, "": {}} {
		owned := ownership{noIdentity(t), private}
		if diags := owned.record(t.Context(), &providerData{}, model.identity); diags.HasError() {
			t.Fatal(diags)
		}
		var identity imageOverrideIdentity
		if diags := owned.identity.Get(t.Context(), &identity); diags.HasError() ||
			identity.AccountID.ValueString() != name || identity.Field.ValueString() != "gitCloneTag" {
			t.Errorf("identity is %+v, %v", identity, diags)
		}
	}
}
