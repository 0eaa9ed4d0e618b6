package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// The official provider's resource that a moved block may start from. The registry's host differs between the CLIs, so
// only the end of the address counts. Once one instance of a resource has moved, OpenTofu may name this
// provider as the source of the others.
const (
	vendorProvider     = "harness/harness"
	ownProvider        = "harnessci/harnessci"
	vendorResourceType = "harness_platform_default_images"
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
	if req.SourceTypeName != vendorResourceType || !namedAs(from, vendorProvider) && !namedAs(from, ownProvider) {
		resp.Diagnostics.AddError(fmt.Sprintf("Could not move a %s to harnessci_image_override", req.SourceTypeName),
			fmt.Sprintf("Only %s of the provider harness/harness can be moved; this is a %s of %s. Use a removed block "+
				"for it, and an import block for the override.", vendorResourceType, req.SourceTypeName, req.SourceProviderAddress))
		return
	}
	model, err := movedModel(req.SourceRawState.JSON)
	if err != nil {
		resp.Diagnostics.AddError("Could not move a "+vendorResourceType+" to harnessci_image_override", text.Sentence(err.Error()))
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
