package provider_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
)

const officialBinary = "terraform-provider-harness"

// TestMain runs the tests, or, where a CLI has started this binary under the official provider's name, serves
// the schemas that a CLI needs to move a state away from the official provider.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != officialBinary {
		os.Exit(m.Run())
	}
	err := providerserver.Serve(context.Background(), func() provider.Provider { return officialProvider{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/harness/harness"})
	if err != nil {
		panic(err)
	}
}

// installOfficial makes the official provider available to a CLI, as for a user who moves.
func installOfficial(t *testing.T, dir *clitest.Dir) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, officialBinary)); err != nil {
		t.Fatal(err)
	}
	dir.Override("harness/harness", bin)
}

// officialProvider has the schemas of the official provider that a state may mention, and does nothing.
type officialProvider struct{}

func (officialProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "harness"
}
func (officialProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (officialProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}
func (officialProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (officialProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return officialResource{"_platform_default_images"} },
		func() resource.Resource { return officialResource{"_platform_secret_text"} },
		func() resource.Resource { return officialResource{"_platform_connector_docker"} },
	}
}

type officialResource struct{ suffix string }

func (r officialResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + r.suffix
}

func (r officialResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema.Attributes = map[string]schema.Attribute{}
	for _, name := range []string{"id", "kind", "infra_type", "field", "value", "identifier", "url"} {
		resp.Schema.Attributes[name] = schema.StringAttribute{Optional: true, Computed: true}
	}
}

var errOfficialCalled = errors.New("the official provider was asked to do something")

func (r officialResource) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError(errOfficialCalled.Error(), "")
}

func (r officialResource) Read(_ context.Context, _ resource.ReadRequest, resp *resource.ReadResponse) {
	resp.Diagnostics.AddError(errOfficialCalled.Error(), "")
}

func (r officialResource) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError(errOfficialCalled.Error(), "")
}

func (r officialResource) Delete(_ context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	resp.Diagnostics.AddError(errOfficialCalled.Error(), "")
}
