package provider

import (
	"context"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// protocol is what the framework serves of Terraform's protocol for this provider.
type protocol interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
}

// server is the provider as a CLI meets it. Everything that it tells, plans or stores passes here, where no
// secret of this process goes through, whoever has echoed it.
type server struct {
	protocol
	// topics are the headings of the page of errors.
	topics func() []topic
	// unexplained, in tests, gets what has no heading.
	unexplained func(*tfprotov6.Diagnostic)
}

// Server returns the constructor of what main serves. The version is that of the release, such as "1.2.3", or
// "dev"; the page of errors, in Markdown, explains each message.
func Server(version, errorsPage string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer { return serve(New(version)(), errorsPage) }
}

func serve(p provider.Provider, errorsPage string) *server {
	inner, ok := providerserver.NewProtocol6(p)().(protocol)
	if !ok {
		panic("the plugin framework serves no list resources") // of its pinned version: cannot happen
	}
	return &server{protocol: inner, topics: sync.OnceValue(func() []topic { return parseTopics(errorsPage) })}
}

// told calls the framework, and returns its answer as told by the server.
func told[Q, R any](ctx context.Context, s *server, call func(context.Context, *Q) (*R, error), req *Q) (*R, error) {
	resp, err := call(ctx, req)
	if resp == nil || err != nil {
		return nil, err
	}
	s.tell(resp)
	return resp, nil
}

// tell makes what an answer says safe to show, with an address, and its private state safe to store.
func (s *server) tell(resp any) {
	answer := reflect.ValueOf(resp).Elem()
	for _, value := range answer.Fields() {
		switch field := value.Addr().Interface().(type) {
		case *[]*tfprotov6.Diagnostic:
			for _, d := range *field {
				d.Summary, d.Detail = printable(transport.Redact(d.Summary)), printable(transport.Redact(d.Detail))
				s.explain(d)
			}
		case *[]byte:
			*field = withoutSecrets(*field)
		}
	}
}

// explain adds the address of the heading that explains a diagnostic. One without a detail refers to another one.
func (s *server) explain(d *tfprotov6.Diagnostic) {
	if d.Detail == "" {
		return
	}
	url := errorsURL
	if id := address(s.topics(), d); id != "" {
		url += "#" + id
	} else if s.unexplained != nil {
		s.unexplained(d)
	}
	d.Detail += "\n\n" + url
}

// printable escapes all but printable characters, line breaks and tabs.
func printable(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }
	if !strings.ContainsFunc(s, odd) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if odd(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// state removes secrets from the values of a resource, or of a data source, in place. Few have any, so types
// are looked up only then.
func (s *server) state(ctx context.Context, schemas func(*tfprotov6.GetProviderSchemaResponse) map[string]*tfprotov6.Schema,
	name string, values *tfprotov6.DynamicValue,
) error {
	if values == nil || transport.RedactValue(string(values.MsgPack)) == string(values.MsgPack) {
		return nil
	}
	all, err := s.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	typ := schemas(all)[name].ValueType()
	value, err := values.Unmarshal(typ)
	if err != nil {
		return err
	}
	value, err = tftypes.Transform(value, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if !v.Type().Is(tftypes.String) || v.IsNull() || !v.IsKnown() {
			return v, nil
		}
		var said string
		err := v.As(&said)
		return tftypes.NewValue(tftypes.String, transport.RedactValue(said)), err
	})
	if err != nil {
		return err
	}
	clean, err := tfprotov6.NewDynamicValue(typ, value)
	*values = clean
	return err
}

func resources(all *tfprotov6.GetProviderSchemaResponse) map[string]*tfprotov6.Schema {
	return all.ResourceSchemas
}

func dataSources(all *tfprotov6.GetProviderSchemaResponse) map[string]*tfprotov6.Schema {
	return all.DataSourceSchemas
}

// withoutSecrets returns private state without secrets. The framework writes it as JSON, with values in base64.
func withoutSecrets(private []byte) []byte {
	var values map[string][]byte
	if json.Unmarshal(private, &values) != nil {
		return private
	}
	for key, value := range values {
		values[key] = []byte(transport.RedactValue(string(value)))
	}
	clean, err := json.Marshal(values)
	if err != nil {
		return nil // of a map of bytes: cannot happen
	}
	return clean
}

// ValidateProviderConfig implements tfprotov6.ProviderServer, as do the methods below.
func (s *server) ValidateProviderConfig(ctx context.Context, req *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return told(ctx, s, s.protocol.ValidateProviderConfig, req)
}

func (s *server) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return told(ctx, s, s.protocol.ConfigureProvider, req)
}

func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return told(ctx, s, s.protocol.ValidateResourceConfig, req)
}

func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return told(ctx, s, s.protocol.UpgradeResourceState, req)
}

func (s *server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return told(ctx, s, s.protocol.UpgradeResourceIdentity, req)
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := told(ctx, s, s.protocol.ReadResource, req)
	if err != nil {
		return nil, err
	}
	return resp, s.state(ctx, resources, req.TypeName, resp.NewState)
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := told(ctx, s, s.protocol.PlanResourceChange, req)
	if err != nil {
		return nil, err
	}
	return resp, s.state(ctx, resources, req.TypeName, resp.PlannedState)
}

func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := told(ctx, s, s.protocol.ApplyResourceChange, req)
	if err != nil {
		return nil, err
	}
	return resp, s.state(ctx, resources, req.TypeName, resp.NewState)
}

func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := told(ctx, s, s.protocol.ImportResourceState, req)
	if err != nil {
		return nil, err
	}
	for _, imported := range resp.ImportedResources {
		imported.Private = withoutSecrets(imported.Private)
		if err := s.state(ctx, resources, imported.TypeName, imported.State); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

func (s *server) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	return told(ctx, s, s.protocol.MoveResourceState, req)
}

func (s *server) GenerateResourceConfig(ctx context.Context, req *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return told(ctx, s, s.protocol.GenerateResourceConfig, req)
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return told(ctx, s, s.protocol.ValidateDataResourceConfig, req)
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := told(ctx, s, s.protocol.ReadDataSource, req)
	if err != nil {
		return nil, err
	}
	return resp, s.state(ctx, dataSources, req.TypeName, resp.State)
}

func (s *server) ValidateListResourceConfig(ctx context.Context, req *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	return told(ctx, s, s.protocol.ValidateListResourceConfig, req)
}

func (s *server) ListResource(ctx context.Context, req *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	stream, err := s.protocol.ListResource(ctx, req)
	if stream == nil || err != nil {
		return nil, err
	}
	results := stream.Results
	stream.Results = func(yield func(tfprotov6.ListResourceResult) bool) {
		for result := range results {
			s.tell(&result)
			result.DisplayName = transport.RedactValue(result.DisplayName)
			if s.state(ctx, resources, req.TypeName, result.Resource) != nil {
				result.Resource = nil
			}
			if !yield(result) {
				return
			}
		}
	}
	return stream, nil
}
