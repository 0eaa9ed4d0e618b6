package provider

import (
	"context"
	"encoding/base64"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// Every answer of the protocol that can tell something is made safe to show: a method that this server does not
// have is promoted, which the compiler marks as generated.
func TestEveryAnswerOfTheProtocolPassesTheRedactor(t *testing.T) {
	t.Parallel()
	checked := 0
	typ := reflect.TypeFor[*server]()
	for method := range typ.Methods() {
		response := method.Type.Out(0).Elem()
		_, tells := response.FieldByName("Diagnostics")
		switch name := method.Name; {
		case name != "ListResource" && !tells, strings.HasPrefix(name, "Get"), strings.Contains(name, "Ephemeral"):
			continue // nothing foreign is in schemas, and there are no ephemeral resources
		}
		checked++
		if file, _ := runtime.FuncForPC(method.Func.Pointer()).FileLine(method.Func.Pointer()); !strings.HasSuffix(file, "server.go") {
			t.Errorf("what %s tells passes no redactor", method.Name)
		}
	}
	if checked < 14 {
		t.Errorf("%d methods checked", checked)
	}
}

// echoing is a provider that has a secret in everything it tells and stores.
type echoing struct {
	protocol
	said string
}

func (e echoing) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	schema := &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
		{Name: "images", Type: tftypes.Map{ElementType: tftypes.String}, Computed: true},
	}}}
	schemas := map[string]*tfprotov6.Schema{"x": schema}
	return &tfprotov6.GetProviderSchemaResponse{ResourceSchemas: schemas, DataSourceSchemas: schemas}, nil
}

func (e echoing) diagnostics() []*tfprotov6.Diagnostic {
	return []*tfprotov6.Diagnostic{{Summary: "No " + e.said, Detail: "It says:\n  \x1b[31m" + e.said + "."}}
}

func (e echoing) values() *tfprotov6.DynamicValue {
	images := tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{
		"addonTag": tftypes.NewValue(tftypes.String, "a/"+e.said+":1"),
	})
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"images": images.Type()}}
	value, _ := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, map[string]tftypes.Value{"images": images}))
	return &value
}

func (e echoing) private() []byte {
	return fmt.Appendf(nil, `{"seen":%q}`, base64.StdEncoding.EncodeToString([]byte(`{"source":"`+e.said+`"}`)))
}

func (e echoing) ReadResource(context.Context, *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: e.values(), Diagnostics: e.diagnostics(), Private: e.private()}, nil
}

func (e echoing) ReadDataSource(context.Context, *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return &tfprotov6.ReadDataSourceResponse{State: e.values(), Diagnostics: e.diagnostics()}, nil
}

func (e echoing) ListResource(context.Context, *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	return &tfprotov6.ListResourceServerStream{Results: func(yield func(tfprotov6.ListResourceResult) bool) {
		yield(tfprotov6.ListResourceResult{DisplayName: e.said, Resource: e.values(), Diagnostics: e.diagnostics()})
	}}, nil
}

func TestNothingLeavesTheServerWithASecret(t *testing.T) {
	t.Parallel()
	const secret = "pat.leaves-the-server.hunter2"
	transport.Hide(secret)
	s := &server{protocol: echoing{said: secret}, topics: func() []topic { return nil }}
	read, err := s.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.ListResource(t.Context(), &tfprotov6.ListResourceRequest{TypeName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	told := func(where string, diagnostics []*tfprotov6.Diagnostic) {
		if d := diagnostics[0]; d.Summary != "No [redacted]" || d.Detail != "It says:\n  \\x1b[31m[redacted].\n\n"+errorsURL {
			t.Errorf("%s tells %q, %q", where, d.Summary, d.Detail)
		}
	}
	stored := func(where string, values *tfprotov6.DynamicValue) {
		if got, want := string(values.MsgPack), string(echoing{said: "[redacted]"}.values().MsgPack); got != want {
			t.Errorf("%s stores %q, want %q", where, got, want)
		}
	}
	told("a resource", read.Diagnostics)
	stored("a resource", read.NewState)
	if got, want := string(read.Private), string(echoing{said: "[redacted]"}.private()); got != want {
		t.Errorf("private state has %s, want %s", got, want)
	}
	told("a data source", data.Diagnostics)
	stored("a data source", data.State)
	for result := range list.Results {
		told("a list", result.Diagnostics)
		stored("a list", result.Resource)
		if result.DisplayName != "[redacted]" {
			t.Errorf("a list shows %q", result.DisplayName)
		}
	}
}
