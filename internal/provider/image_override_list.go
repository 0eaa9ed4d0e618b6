package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

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
				MarkdownDescription: "Build infrastructure that the images run on: `K8` or `VM`, in any case. If omitted, both are " +
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
