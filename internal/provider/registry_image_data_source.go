package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
)

// registryImageDataSource is harnessci_registry_image: what a registry has under a name.
type registryImageDataSource struct{ configuredDataSource }

var _ datasource.DataSourceWithConfigure = (*registryImageDataSource)(nil)

func newRegistryImageDataSource() datasource.DataSource { return &registryImageDataSource{} }

// registryImageModel is a harnessci_registry_image, in configuration and state.
type registryImageModel struct {
	Image     types.String `tfsdk:"image"`
	Digest    types.String `tfsdk:"digest"`
	Reference types.String `tfsdk:"reference"`
	MediaType types.String `tfsdk:"media_type"`
	Platforms []string     `tfsdk:"platforms"`
	// SignedBy and Attestations are nil without keys to check them with.
	SignedBy     []string           `tfsdk:"signed_by"`
	Attestations []attestationModel `tfsdk:"attestations"`
}

// attestationModel is what a key has attested about an image.
type attestationModel struct {
	Type types.String `tfsdk:"type"`
	Time types.String `tfsdk:"time"`
	Key  types.String `tfsdk:"key"`
}

// Metadata names the data source.
func (d *registryImageDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registry_image"
}

// Schema describes the data source.
func (d *registryImageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Looks up an image in its registry: its digest and the platforms that it runs on. A missing " +
			"image is an error. Each read fetches the image's manifest, which Docker Hub counts as one pull.",
		Attributes: map[string]schema.Attribute{
			"image": schema.StringAttribute{
				Required:   true,
				Validators: []validator.String{registryImageValidator()},
				MarkdownDescription: "Image to look up, such as `harness/ci-addon:1.16.92` or " +
					"`registry.example.com/mirror/harness/ci-addon:1.16.92`.",
			},
			"digest": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Digest, such as `sha256:…`; for an image with several platforms, that of its " +
					"index.",
			},
			"reference": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "Name, tag and digest, such as `harness/ci-addon:1.16.92@sha256:…`, which " +
					"always names this image.",
			},
			"media_type": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Media type of the manifest, such as `application/vnd.oci.image.index.v1+json`.",
			},
			"platforms": schema.ListAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Platforms, sorted, such as `linux/amd64` and `linux/arm/v7`; empty if it is not an " +
					"image.",
			},
			"signed_by": schema.ListAttribute{
				Computed:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Keys in `signatures` of the provider block that have signed this digest, by their fingerprints, such as " +
					"`sha256:…` (`openssl pkey -pubin -in cosign.pub -outform DER | sha256sum`). Null without keys there.",
			},
			"attestations": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "Attestations of this digest by those keys, by type, the newest of a type first. They are read, with the " +
					"signatures, from the image's repository: up to 100, of at most 8 MiB each. Null without keys.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"type": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Predicate type, such as `https://cosign.sigstore.dev/attestation/vuln/v1`.",
					},
					"time": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "When the scan finished or the document was made, in its own words. Null if it does not say.",
					},
					"key": schema.StringAttribute{
						Computed:            true,
						MarkdownDescription: "Fingerprint of the key that signed it.",
					},
				}},
			},
		},
	}
}

// Read asks the registry for the image.
func (d *registryImageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model registryImageModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.data.requireRegistries("look up the image", &resp.Diagnostics) {
		return
	}
	ref := model.Image.ValueString()
	image, err := d.data.registry.Inspect(ctx, ref)
	if err != nil {
		resp.Diagnostics.Append(diag.WithPath(path.Root("image"), d.data.failure("look up the image", imageName(ref), err)))
		return
	}
	model.Digest = types.StringValue(image.Digest)
	model.Reference = types.StringValue(imageref.Pin(ref, image.Digest))
	model.MediaType = types.StringValue(image.MediaType)
	model.Platforms = append([]string{}, image.Platforms...)
	resp.Diagnostics.Append(d.readSigned(ctx, &model)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// readSigned adds what the provider's keys have signed about the image.
func (d *registryImageDataSource) readSigned(ctx context.Context, model *registryImageModel) (diags diag.Diagnostics) {
	if len(d.data.policy.Keys) == 0 {
		return nil
	}
	image := model.Image.ValueString()
	statements, err := pulls.Statements(ctx, d.data.registry, d.data.policy, model.Digest.ValueString(), image)
	if err != nil {
		diags.AddAttributeWarning(path.Root("image"), "Could not read all signatures of "+image,
			"signed_by and attestations may lack some.\n\n"+explain(imageName(image), err))
	}
	model.SignedBy, model.Attestations = []string{}, []attestationModel{}
	for _, s := range statements {
		if s.Type == signatures.SignatureType {
			model.SignedBy = append(model.SignedBy, s.Key)
			continue
		}
		model.Attestations = append(model.Attestations, attestationModel{
			types.StringValue(s.Type), types.StringPointerValue(timeText(s.Time)), types.StringValue(s.Key),
		})
	}
	return diags
}

// imageName is an image as the subject of a diagnostic.
type imageName string

// String returns the reference.
func (n imageName) String() string { return string(n) }

// registryImageValidator accepts image references.
func registryImageValidator() validator.String {
	return stringCheck{"is an image reference", errorCheck("image reference", func(value string) error {
		_, err := imageref.Parse(value)
		return err
	})}
}
