// Schemajson prints the provider's schemas as `terraform providers schema -json` does, for the
// documentation generator. It asks the protocol server, because no single CLI shows everything: OpenTofu
// leaves out list resources.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/harnessci/terraform-provider-harnessci/internal/provider"
)

// key is the name that tfplugindocs looks for.
const key = "harnessci"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	schemas, err := schemasOf(ctx, providerserver.NewProtocol6(provider.New("dev")())())
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(schemas); err != nil {
		return fmt.Errorf("writing the schemas: %w", err)
	}
	return nil
}

// schemasOf asks a provider's server for everything that it serves.
func schemasOf(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchemas, error) {
	served, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err == nil {
		err = firstError(served.Diagnostics)
	}
	if err != nil {
		return nil, fmt.Errorf("getting the schemas: %w", err)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err == nil {
		err = firstError(identities.Diagnostics)
	}
	if err != nil {
		return nil, fmt.Errorf("getting the identity schemas: %w", err)
	}
	return &tfjson.ProviderSchemas{
		FormatVersion: "1.0",
		Schemas: map[string]*tfjson.ProviderSchema{key: {
			ConfigSchema:             schema(served.Provider),
			ResourceSchemas:          each(served.ResourceSchemas, schema),
			DataSourceSchemas:        each(served.DataSourceSchemas, schema),
			EphemeralResourceSchemas: each(served.EphemeralResourceSchemas, schema),
			ListResourceSchemas:      each(served.ListResourceSchemas, schema),
			Functions:                each(served.Functions, function),
			ResourceIdentitySchemas:  each(identities.IdentitySchemas, identity),
		}},
	}, nil
}

func firstError(diags []*tfprotov6.Diagnostic) error {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	return nil
}
