//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// TestAccVendorIsMeasuredByWhatItLeaves has a server that holds 3 overrides, whatever it acknowledges: writes
// that it stored would undo one another by chance.
func TestAccVendorIsMeasuredByWhatItLeaves(t *testing.T) {
	t.Parallel()
	clitest.Require(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "terraform-provider-harness_v0.0.0")
	if err := os.Symlink(self, binary); err != nil {
		t.Fatal(err)
	}
	var got []told
	exit := script.Run("test", func(in *script.T) {
		l := &lab{T: in, vendor: binary}
		l.play(fakeharness.Options{}, func(s *scene) {
			for _, field := range s.fake.Settable("ci/K8")[:3] {
				s.fake.SetOverride("ci/K8", field, "example.com/held:1")
			}
			s.fake.Inject(fakeharness.Fault{Call: "update-config", Times: -1, Lie: true})
			s.fake.Inject(fakeharness.Fault{Call: "reset-config", Times: -1, Lie: true})
			got = s.report(l, vendor)
			if requests := s.fake.Count(""); requests != 29 {
				t.Errorf("the destroy took %d requests, want the stand-in's 29", requests)
			}
		})
	})
	if exit != 0 || len(got) != 2 {
		t.Fatalf("exit code %d, reports %+v", exit, got)
	}
	for i, want := range []told{{Command: "apply", Reported: 29, Held: 3}, {Command: "destroy", Reported: 29, Held: 3}} {
		want.Resource, want.Wall = string(vendor), got[i].Wall
		if got[i] != want {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
	}
}

func TestLeastIsWhatAVerifiedApplyTakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ k8, vm, parallelism, want int }{
		{1, 0, 10, 5},    // write, settle, read, and a plan's read twice
		{29, 0, 10, 11},  // three rounds
		{29, 23, 10, 26}, // six rounds, each of both infras
		{29, 23, 60, 6},  // one round, which writes twice
	} {
		if got := least(tt.k8, tt.vm, tt.parallelism, 1); int(got) != tt.want {
			t.Errorf("%+v: got %d answers, want %d", tt, got, tt.want)
		}
	}
}

// serveStandIn serves a provider with the vendor's resource: one request for each call, all believed.
func serveStandIn() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return standIn{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/harness/harness"})
	if err != nil {
		panic(err)
	}
}

type standIn struct{}

func (standIn) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "harness"
}
func (standIn) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse)          {}
func (standIn) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}
func (standIn) DataSources(context.Context) []func() datasource.DataSource                        { return nil }

func (standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return defaultImages{} }}
}

type defaultImages struct{}

type defaultImage struct {
	Kind      types.String `tfsdk:"kind"`
	InfraType types.String `tfsdk:"infra_type"`
	Field     types.String `tfsdk:"field"`
	Value     types.String `tfsdk:"value"`
}

func (defaultImages) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = string(vendor)
}

func (defaultImages) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema.Attributes = map[string]schema.Attribute{}
	for _, name := range []string{"kind", "infra_type", "field", "value"} {
		resp.Schema.Attributes[name] = schema.StringAttribute{Required: true}
	}
}

func (defaultImages) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var image defaultImage
	resp.Diagnostics.Append(req.Plan.Get(ctx, &image)...)
	body := fmt.Sprintf(`[{"field": %q, "value": %q}]`, image.Field.ValueString(), image.Value.ValueString())
	if err := image.post(ctx, "update-config", body); err != nil {
		resp.Diagnostics.AddError("Create failed", err.Error())
		return
	}
	resp.State.Raw = req.Plan.Raw
}

func (defaultImages) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var image defaultImage
	resp.Diagnostics.Append(req.State.Get(ctx, &image)...)
	if err := image.post(ctx, "reset-config", fmt.Sprintf(`[{"field": %q}]`, image.Field.ValueString())); err != nil {
		resp.Diagnostics.AddError("Delete failed", err.Error())
	}
}

func (defaultImages) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (defaultImages) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}

func (i defaultImage) post(ctx context.Context, call, body string) error {
	query := url.Values{"accountIdentifier": {os.Getenv("HARNESS_ACCOUNT_ID")}, "infra": {i.InfraType.ValueString()}}
	target := os.Getenv("HARNESS_ENDPOINT") + "/" + i.Kind.ValueString() + "/execution-config/" + call + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body)) //nolint:gosec // the fake
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", os.Getenv("HARNESS_PLATFORM_API_KEY"))
	resp, err := http.DefaultClient.Do(req) //nolint:gosec // the fake
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	_ = resp.Body.Close()
	return err
}
