package provider

import (
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Defaults of module and infra.
const (
	defaultModule = harness.CI
	defaultInfra  = harness.K8
)

const (
	moduleDescription = "Harness module that runs the images: `ci`, `iacm`, `idp` or `dbops` (Database DevOps). Defaults to `" + string(defaultModule) + "`."
	infraDescription  = "Build infrastructure that the images run on: `K8` or `VM`, in any case. Defaults to " +
		"`" + string(defaultInfra) + "`. `ECS` is passed on to Harness as well: it has defaults, which equal those of " +
		"`K8`, and whether it takes overrides is not known. The module `dbops` has none: omit it there, and it is null."
)

// moduleAttribute is the module of a resource.
func moduleAttribute() resource.StringAttribute {
	return resource.StringAttribute{
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(string(defaultModule)),
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{moduleValidator()},
		MarkdownDescription: moduleDescription + " Changing this forces a new resource.",
	}
}

// infraAttribute is the infra of a resource.
func infraAttribute() resource.StringAttribute {
	return resource.StringAttribute{
		Optional:            true,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{infraDefault{}, stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{infraValidator(), noInfraWithout{}},
		MarkdownDescription: infraDescription + " Changing this forces a new resource.",
	}
}

// moduleDataAttribute is the module of a data source.
func moduleDataAttribute() datasource.StringAttribute {
	return datasource.StringAttribute{
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{moduleValidator()},
		MarkdownDescription: moduleDescription,
	}
}

// infraDataAttribute is the infra of a data source.
func infraDataAttribute() datasource.StringAttribute {
	return datasource.StringAttribute{
		Optional:            true,
		Computed:            true,
		Validators:          []validator.String{infraValidator(), noInfraWithout{}},
		MarkdownDescription: infraDescription,
	}
}
