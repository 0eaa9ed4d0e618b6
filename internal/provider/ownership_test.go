package provider

import (
	"context"
	"strings"
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
	owned := recordedBy(t, "mine")
	var identity imageOverrideIdentity
	if diags := owned.identity.Get(t.Context(), &identity); diags.HasError() {
		t.Fatal(diags)
	}
	if identity != model.identity(types.StringValue("mine")) {
		t.Errorf("identity is %+v", identity)
	}
	before := owned.identity.Raw
	owned.data = &providerData{}
	var diags diag.Diagnostics
	if owned.keep(t.Context(), model, &diags); diags.HasError() || !owned.identity.Raw.Equal(before) {
		t.Errorf("an identity that was stored became %s, %v", owned.identity.Raw, diags)
	}
}

// recordedBy returns what a create in an account has recorded.
func recordedBy(t *testing.T, account string) ownership {
	t.Helper()
	owned := ownership{dataOf(account), noIdentity(t), memory{}}
	var diags diag.Diagnostics
	if owned.made(t.Context(), modelOf(types.StringValue("a:1")), true, &diags); diags.HasError() {
		t.Fatal(diags)
	}
	return owned
}

// Either place is enough: an old CLI stores no identity, an import by identity no private state.
func TestOwnershipOfAnotherAccountIsRefused(t *testing.T) {
	t.Parallel()
	recorded := recordedBy(t, "mine")
	for name, test := range map[string]struct {
		owned ownership
		want  bool
	}{
		"same account":                     {ownership{dataOf("mine"), recorded.identity, recorded.private}, true},
		"another, by both":                 {ownership{dataOf("other"), recorded.identity, recorded.private}, false},
		"another, by identity":             {ownership{dataOf("other"), recorded.identity, memory{}}, false},
		"another, by private state":        {ownership{dataOf("other"), noIdentity(t), recorded.private}, false},
		"another, by a CLI without":        {ownership{dataOf("other"), nil, recorded.private}, false},
		"nothing recorded":                 {ownership{dataOf("other"), noIdentity(t), memory{}}, true},
		"provider not known yet":           {ownership{&providerData{}, recorded.identity, recorded.private}, true},
		"provider not configured at all":   {ownership{nil, recorded.identity, recorded.private}, true},
		"private state of another version": {ownership{dataOf("other"), noIdentity(t), memory{ownerKey: []byte(`{}`)}}, true},
	} {
		var diags diag.Diagnostics
		got := test.owned.require(t.Context(), modelOf(types.StringValue("a:1")), &diags)
		if got != test.want || diags.HasError() == test.want {
			t.Errorf("%s: got %v, %v", name, got, diags)
		}
	}
}

// A state is a file that people edit: its contents are shown escaped, and never requested.
func TestOwnershipShowsNothingRawOfAnEditedState(t *testing.T) {
	t.Parallel()
	const hostile = "\x1b[31mmine\u202e"
	edited := modelOf(types.StringValue("a:1"))
	edited.Module = types.StringValue(hostile)
	editedSet := newImageOverridesModel(ciK8)
	editedSet.Infra = types.StringValue(hostile)
	for name, test := range map[string]struct {
		account string
		model   located
	}{
		"account": {hostile, modelOf(types.StringValue("a:1"))},
		"module":  {"mine", edited},
		"infra":   {"mine", editedSet},
	} {
		owned := ownership{dataOf("mine"), recordedBy(t, test.account).identity, memory{}}
		var diags diag.Diagnostics
		if owned.require(t.Context(), test.model, &diags) || len(diags) != 1 {
			t.Fatalf("%s: %v", name, diags)
		}
		said := diags[0].Summary() + diags[0].Detail()
		if strings.Contains(said, hostile) || !strings.Contains(said, `\x1b[31mmine\u202e`) {
			t.Errorf("%s: %q", name, said)
		}
	}
}

// While the account is unknown, what is recorded of it is kept, and an identity is set nevertheless: the
// framework refuses a read without one.
func TestOwnershipWhileTheProviderIsUnknown(t *testing.T) {
	t.Parallel()
	model := modelOf(types.StringValue("a:1"))
	for name, private := range map[string]memory{"mine": {ownerKey: []byte(`"mine"`)}, "": {}} {
		owned := ownership{&providerData{}, noIdentity(t), private}
		var diags diag.Diagnostics
		if owned.keep(t.Context(), model, &diags); diags.HasError() {
			t.Fatal(diags)
		}
		var identity imageOverrideIdentity
		if diags := owned.identity.Get(t.Context(), &identity); diags.HasError() ||
			identity.AccountID.ValueString() != name || identity.Field.ValueString() != "gitCloneTag" {
			t.Errorf("identity is %+v, %v", identity, diags)
		}
	}
}
