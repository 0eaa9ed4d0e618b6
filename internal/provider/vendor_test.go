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

const vendorBinary = "terraform-provider-harness"

// TestMain runs the tests, or, where a CLI has started this binary under the vendor's name, serves
// the schemas that a CLI needs to move a state away from the vendor's provider.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != vendorBinary {
		os.Exit(m.Run())
	}
	err := providerserver.Serve(context.Background(), func() provider.Provider { return vendorProvider{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/harness/harness"})
	if err != nil {
		panic(err)
	}
}

// installVendor makes the vendor's provider available to a CLI, as for a user who moves.
func installVendor(t *testing.T, dir *clitest.Dir) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, vendorBinary)); err != nil {
		t.Fatal(err)
	}
	dir.Override("harness/harness", bin)
}

// vendorProvider has the schemas of the vendor's provider that a state may mention, and does nothing.
type vendorProvider struct{}

func (vendorProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "harness"
}
func (vendorProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (vendorProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}
func (vendorProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (vendorProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return vendorResource{"_platform_default_images"} },
		func() resource.Resource { return vendorResource{"_platform_secret_text"} },
		func() resource.Resource { return vendorResource{"_platform_connector_docker"} },
	}
}

type vendorResource struct{ suffix string }

func (r vendorResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + r.suffix
}

func (r vendorResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema.Attributes = map[string]schema.Attribute{}
	for _, name := range []string{"id", "kind", "infra_type", "field", "value", "identifier", "url"} {
		resp.Schema.Attributes[name] = schema.StringAttribute{Optional: true, Computed: true}
	}
}

var errVendorCalled = errors.New("the vendor's provider was asked to do something")

func (r vendorResource) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError(errVendorCalled.Error(), "")
}

func (r vendorResource) Read(_ context.Context, _ resource.ReadRequest, resp *resource.ReadResponse) {
	resp.Diagnostics.AddError(errVendorCalled.Error(), "")
}

func (r vendorResource) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError(errVendorCalled.Error(), "")
}

func (r vendorResource) Delete(_ context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	resp.Diagnostics.AddError(errVendorCalled.Error(), "")
}
