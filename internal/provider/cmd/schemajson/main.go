// Schemajson prints the provider's schemas as `terraform providers schema -json` does, for the
// documentation generator. It asks the protocol server, because no single CLI shows everything: OpenTofu
// leaves out list resources.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/harnessci/terraform-provider-harnessci/internal/provider"
)

func main() {
	ctx := context.Background()
	server := providerserver.NewProtocol6(provider.New("dev")())()
	served, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	check(err, served.Diagnostics)
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	check(err, identities.Diagnostics)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	check(out.Encode(object{"format_version": "1.0", "provider_schemas": object{"harnessci": object{
		"provider":                   schema(served.Provider),
		"resource_schemas":           each(served.ResourceSchemas, schema),
		"data_source_schemas":        each(served.DataSourceSchemas, schema),
		"ephemeral_resource_schemas": each(served.EphemeralResourceSchemas, schema),
		"list_resource_schemas":      each(served.ListResourceSchemas, schema),
		"functions":                  each(served.Functions, function),
		"resource_identity_schemas":  each(identities.IdentitySchemas, identity),
	}}}), nil)
}

func check(err error, diags []*tfprotov6.Diagnostic) {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError && err == nil {
			err = fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

type object map[string]any

// each converts the values of a map.
func each[From any](from map[string]From, convert func(From) object) object {
	to := object{}
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}

func schema(s *tfprotov6.Schema) object {
	if len(s.Block.BlockTypes) > 0 {
		panic("nested blocks are not converted: protocol 6 has nested attributes instead")
	}
	return object{"version": s.Version, "block": object{
		"attributes":       attributes(s.Block.Attributes),
		"description":      s.Block.Description,
		"description_kind": strings.ToLower(s.Block.DescriptionKind.String()),
		"deprecated":       s.Block.Deprecated,
	}}
}

func attributes(list []*tfprotov6.SchemaAttribute) object {
	to := object{}
	for _, a := range list {
		o := object{
			"description": a.Description, "description_kind": strings.ToLower(a.DescriptionKind.String()), "deprecated": a.Deprecated,
			"required": a.Required, "optional": a.Optional, "computed": a.Computed, "sensitive": a.Sensitive, "write_only": a.WriteOnly,
		}
		if a.NestedType != nil {
			o["nested_type"] = object{
				"attributes":   attributes(a.NestedType.Attributes),
				"nesting_mode": strings.ToLower(a.NestedType.Nesting.String()),
			}
		} else {
			o["type"] = typeJSON(a.Type)
		}
		to[a.Name] = o
	}
	return to
}

func identity(s *tfprotov6.ResourceIdentitySchema) object {
	to := object{}
	for _, a := range s.IdentityAttributes {
		to[a.Name] = object{
			"type": typeJSON(a.Type), "description": a.Description,
			"required_for_import": a.RequiredForImport, "optional_for_import": a.OptionalForImport,
		}
	}
	return object{"version": s.Version, "attributes": to}
}

func function(f *tfprotov6.Function) object {
	to := object{
		"description": f.Description, "summary": f.Summary, "deprecation_message": f.DeprecationMessage,
		"return_type": typeJSON(f.Return.Type),
	}
	var parameters []object
	for _, p := range f.Parameters {
		parameters = append(parameters, parameter(p))
	}
	to["parameters"] = parameters
	if f.VariadicParameter != nil {
		to["variadic_parameter"] = parameter(f.VariadicParameter)
	}
	return to
}

func parameter(p *tfprotov6.FunctionParameter) object {
	return object{"name": p.Name, "description": p.Description, "is_nullable": p.AllowNullValue, "type": typeJSON(p.Type)}
}

// typeJSON is a type in the JSON of the protocol, which is the CLI's.
func typeJSON(t tftypes.Type) json.RawMessage {
	encoded, err := t.MarshalJSON() //nolint:staticcheck // deprecated for callers that are not this protocol's JSON
	check(err, nil)
	return encoded
}
