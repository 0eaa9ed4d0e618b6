package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// ImportState parses the id or the identity; the Read that follows finds the image, or reports that there
// is none.
func (r *imageOverrideResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	target, ok := importTarget(ctx, req, r.data, &resp.Diagnostics)
	if !ok || !r.data.requireKnown("import the image override "+target.String(), &resp.Diagnostics) {
		return
	}
	model := newImageOverrideModel(target)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, model.identity(types.StringValue(r.data.accountID)))...)
}

// importTarget returns what is to be imported, named by id or by identity.
func importTarget(
	ctx context.Context, req resource.ImportStateRequest, data *providerData, diags *diag.Diagnostics,
) (target execconfig.Target, ok bool) {
	var err error
	if importsByID(req) {
		target, err = parseID(req.ID)
	} else {
		var identity imageOverrideIdentity
		diags.Append(req.Identity.Get(ctx, &identity)...)
		target, err = checkTarget(identity.Module.ValueString(), identity.Infra.ValueString(), identity.Field.ValueString())
		requireAccount(identity.AccountID, data, diags)
	}
	if err != nil {
		diags.AddError("Could not import an image override: invalid id", text.Sentence(err.Error()))
	}
	return target, !diags.HasError()
}

// importsByID reports whether an import uses an id, which may be empty, rather than an identity.
func importsByID(req resource.ImportStateRequest) bool {
	return req.ID != "" || req.Identity == nil || req.Identity.Raw.IsFullyNull()
}

// requireAccount adds an error if an import names an account other than the provider's.
func requireAccount(account types.String, data *providerData, diags *diag.Diagnostics) {
	if !data.known() || account.IsNull() || account.ValueString() == data.accountID {
		return
	}
	diags.AddAttributeError(path.Root("account_id"), "Could not import from another account",
		fmt.Sprintf("The identity names account %s, and the provider points at account %s. Use a provider alias for "+
			"that account, or leave account_id out of the identity.", text.Quote(account.ValueString()), data.accountID))
}

// nothingToImport says that an override to import does not exist, and what to do instead.
func (r *imageOverrideResource) nothingToImport(ctx context.Context, target execconfig.Target) diag.Diagnostic {
	defaults, err := r.data.account.Defaults(ctx, target.Scope)
	if err != nil {
		return r.data.failure("read the image override", target, err)
	}
	runs := fmt.Sprintf("The default runs: %s. To override it, apply the resource without importing it.", showImage(defaults[target.Field]))
	if defaults[target.Field] == "" {
		runs = fmt.Sprintf("The defaults of %s show no such field either: check its spelling. The data source "+
			"harnessci_default_images lists the fields.", target.Scope)
	}
	return diag.NewErrorDiagnostic("Nothing to import for "+target.String(),
		fmt.Sprintf("Account %s has no override of %s. %s", r.data.accountID, target, runs))
}

// imageOverrideList lists the account's overrides, for `terraform query`.
type imageOverrideList struct{ configuredResource }

var _ list.ListResourceWithConfigure = (*imageOverrideList)(nil)

func newImageOverrideList() list.ListResource { return &imageOverrideList{} }

// imageOverrideListModel is the config block of the list.
type imageOverrideListModel struct {
	Module types.String `tfsdk:"module"`
	Infra  types.String `tfsdk:"infra"`
}

// Metadata names the resource that is listed.
func (l *imageOverrideList) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_image_override"
}

// ListResourceConfigSchema describes the config block of the list.
func (l *imageOverrideList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the account's image overrides, whoever set them, so that `terraform query` can generate " +
			"their configuration and import blocks. It only reads.",
		Attributes: map[string]schema.Attribute{
			"module": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{moduleValidator()},
				MarkdownDescription: moduleDescription,
			},
			"infra": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{infraValidator(), noInfraWithout{}},
				MarkdownDescription: "Build infrastructure that the images run on: `K8` or `VM`, in upper or lower case. If omitted, both are " +
					"listed. `ECS` is passed on to Harness as well. The module `dbops` has none.",
			},
		},
	}
}

// List reads the overrides of each module and infra asked for.
func (l *imageOverrideList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var model imageOverrideListModel
	diags := req.Config.Get(ctx, &model)
	if diags.HasError() || !l.data.requireKnown("list the image overrides", &diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		left := req.Limit
		var failed diag.Diagnostics
		scopes := model.scopes()
		for _, scope := range scopes {
			images, err := l.data.account.Overrides(ctx, scope)
			if err != nil {
				failed.Append(l.data.failure("list the image overrides of", scope, err))
				continue
			}
			for _, field := range slices.Sorted(maps.Keys(images)) {
				if left == 0 || !push(l.result(ctx, req, execconfig.Target{Scope: scope, Field: field}, images[field])) {
					return
				}
				left--
			}
		}
		if len(failed) > 0 {
			push(list.ListResult{Diagnostics: listFailures(failed, len(failed) == len(scopes))})
		}
	}
}

// listFailures reports what could not be listed: as errors if nothing was, else as warnings, because an
// error would discard the rest.
func listFailures(failed diag.Diagnostics, all bool) diag.Diagnostics {
	if all {
		return failed
	}
	var reported diag.Diagnostics
	for _, one := range failed {
		reported.AddWarning(one.Summary(), one.Detail())
	}
	return reported
}

// scopes returns what to list, in the order of the documentation.
func (m imageOverrideListModel) scopes() []harness.Scope {
	if !m.Infra.IsNull() {
		return []harness.Scope{scopeOf(m.Module, m.Infra)}
	}
	var scopes []harness.Scope
	for _, infra := range scopeOf(m.Module, types.StringNull()).Module.Infras() {
		scopes = append(scopes, scopeOf(m.Module, types.StringValue(string(infra))))
	}
	return scopes
}

// result is one override, with the resource if the CLI asks for it.
func (l *imageOverrideList) result(ctx context.Context, req list.ListRequest, target execconfig.Target, image string) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = fmt.Sprintf("%s on %s: %s", target.Field, target.Scope, image)
	model := newImageOverrideModel(target)
	model.Value = types.StringValue(image)
	result.Diagnostics.Append(result.Identity.Set(ctx, model.identity(types.StringValue(l.data.accountID)))...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	}
	return result
}

// The official provider's resource that a moved block may start from. The registry's host differs between the CLIs, so
// only the end of the address counts. Once one instance of a resource has moved, OpenTofu may name this
// provider as the source of the others.
const (
	officialProvider     = "harness/harness"
	ownProvider          = "harnessci/harnessci"
	officialResourceType = "harness_platform_default_images"
)

// namedAs reports whether an address is that of a provider: host, namespace and type, or the type alone,
// which is all that OpenTofu 1.10 sends.
func namedAs(address, provider string) bool {
	_, name, _ := strings.Cut(provider, "/")
	return address == name || strings.HasSuffix(address, "/"+provider)
}

var _ resource.ResourceWithMoveState = (*imageOverrideResource)(nil)

// MoveState takes over the state of the official provider's resource. It may run in a provider that is not configured;
// the Read that follows records the account.
func (r *imageOverrideResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: moveImageOverride}}
}

func moveImageOverride(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	from := req.SourceProviderAddress
	if req.SourceTypeName != officialResourceType || !namedAs(from, officialProvider) && !namedAs(from, ownProvider) {
		resp.Diagnostics.AddError(fmt.Sprintf("Could not move a %s to harnessci_image_override", req.SourceTypeName),
			fmt.Sprintf("Only %s of the provider harness/harness can be moved; this is a %s of %s. Use a removed block "+
				"for it, and an import block for the override.", officialResourceType, req.SourceTypeName, req.SourceProviderAddress))
		return
	}
	model, err := movedModel(req.SourceRawState.JSON)
	if err != nil {
		resp.Diagnostics.AddError("Could not move a "+officialResourceType+" to harnessci_image_override", text.Sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.TargetState.Set(ctx, model)...)
}

// movedModel reads the attributes of the official provider's resource, a JSON object. Its errors say what to do if the
// state cannot become an override.
func movedModel(attributes []byte) (imageOverrideModel, error) {
	var source struct {
		Kind      string `json:"kind"`
		InfraType string `json:"infra_type"`
		Field     string `json:"field"`
		Value     string `json:"value"`
	}
	if err := json.Unmarshal(attributes, &source); err != nil {
		return imageOverrideModel{}, fmt.Errorf("its state cannot be read: %w", err)
	}
	target, err := checkTarget(
		respelled(harness.Modules(), source.Kind), source.InfraType, source.Field)
	if err != nil {
		return imageOverrideModel{}, fmt.Errorf("in its state, %w", err)
	}
	if strings.TrimSpace(source.Value) == "" {
		return imageOverrideModel{}, withoutValue(target)
	}
	model := newImageOverrideModel(target)
	model.Value = types.StringValue(source.Value)
	return model, nil
}

func withoutValue(target execconfig.Target) error {
	return fmt.Errorf("the one for %s has no value: in that provider, this resets the field to its default, so "+
		"there is no override to adopt. Replace the moved block with a removed block with destroy = false, and "+
		"remove the harnessci_image_override", target)
}

// respelled returns the allowed name that differs only in case, which Harness's server and so its
// provider's state permit; else the name as it is.
func respelled[T ~string](allowed []T, name string) string {
	for _, known := range allowed {
		if strings.EqualFold(string(known), name) {
			return string(known)
		}
	}
	return name
}
