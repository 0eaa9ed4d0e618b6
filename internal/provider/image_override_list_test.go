package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// query lists overrides as a CLI does, over the protocol: what was found, and the first error's
// summary and detail. Nil values in config are attributes that were left out.
func query(t *testing.T, fake *fakeharness.Server, env map[string]string, config map[string]any, limit int64) (found []tfprotov6.ListResourceResult, failed string) {
	t.Helper()
	if env == nil {
		env = fake.Env()
	}
	server := serve(&harnessProvider{version: "test", getenv: func(name string) string { return env[name] }}, "")
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config: dynamic(t, schema.Provider.ValueType(), nil),
	})
	if err != nil || len(configured.Diagnostics) > 0 {
		t.Fatal(err, configured.Diagnostics)
	}
	stream, err := server.ListResource(t.Context(), &tfprotov6.ListResourceRequest{
		TypeName:        "harnessci_image_override",
		Config:          dynamic(t, schema.ListResourceSchemas["harnessci_image_override"].ValueType(), config),
		IncludeResource: true,
		Limit:           limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	for result := range stream.Results {
		for _, diagnostic := range result.Diagnostics {
			return found, diagnostic.Summary + "\n" + diagnostic.Detail
		}
		found = append(found, result)
	}
	return found, ""
}

// dynamic returns an object of the type with the given attributes, and null for the others.
func dynamic(t *testing.T, typ tftypes.Type, attributes map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	object, ok := typ.(tftypes.Object)
	if !ok {
		t.Fatalf("%s is no object", typ)
	}
	values := map[string]tftypes.Value{}
	for name, attribute := range object.AttributeTypes {
		values[name] = tftypes.NewValue(attribute, attributes[name])
	}
	value, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, values))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

func names(found []tfprotov6.ListResourceResult) (names []string) {
	for _, result := range found {
		names = append(names, result.DisplayName)
	}
	return names
}

func TestQueryFindsEveryOverrideWithOneReadPerInfra(t *testing.T) {
	fake := fakeharness.Start(t, fakeharness.Options{})
	fake.SetOverride("ci/K8", "gitCloneTag", "harness/drone-git:1.0.0")
	fake.SetOverride("ci/K8", "cacheS3Tag", "plugins/cache:1.0.0")
	fake.SetOverride("ci/VM", "gitCloneTag", "harness/drone-git:2.0.0")
	fake.SetOverride("iacm/K8", "iacmTerraform", "plugins/t:1")
	fake.SetOverride("dbops", "mongoTag", "plugins/l:1-mongo")
	k8 := []string{"cacheS3Tag on ci/K8: plugins/cache:1.0.0", "gitCloneTag on ci/K8: harness/drone-git:1.0.0"}
	vm := "gitCloneTag on ci/VM: harness/drone-git:2.0.0"
	for name, test := range map[string]struct {
		config map[string]any
		limit  int64
		want   []string
		reads  int
	}{
		"both infras of ci": {nil, 100, append(slices.Clone(k8), vm), 2},
		"one infra":         {map[string]any{"infra": "VM"}, 100, []string{vm}, 1},
		"another module":    {map[string]any{"module": "iacm"}, 100, []string{"iacmTerraform on iacm/K8: plugins/t:1"}, 2},
		"one without infra": {map[string]any{"module": "dbops"}, 100, []string{"mongoTag on dbops: plugins/l:1-mongo"}, 1},
		"up to the limit":   {nil, 1, k8[:1], 1},
	} {
		t.Run(name, func(t *testing.T) {
			fake.ResetLog()
			found, failed := query(t, fake, nil, test.config, test.limit)
			if failed != "" || !slices.Equal(names(found), test.want) {
				t.Errorf("found %q, failed %q", names(found), failed)
			}
			if got := len(fake.Requests()); got != test.reads || fake.Count("get-customer-config") != test.reads {
				t.Errorf("%d requests, want %d reads", got, test.reads)
			}
		})
	}
}

func TestQueryGivesIdentityAndResource(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			fake := fakeharness.Start(t, fakeharness.Options{})
			fake.SetOverride(string(s), "gitCloneTag", "harness/drone-git:2.0.0")
			module, infra, _ := strings.Cut(string(s), "/")
			found, failed := query(t, fake, nil, map[string]any{"module": module}, 100)
			if failed != "" || len(found) != 1 {
				t.Fatalf("found %q, failed %q", names(found), failed)
			}
			for what, test := range map[string]struct {
				got  *tfprotov6.DynamicValue
				want map[string]string
			}{
				"identity": {found[0].Identity.IdentityData, map[string]string{
					"account_id": "test-account", "module": module, "infra": infra, "field": "gitCloneTag",
				}},
				"resource": {found[0].Resource, map[string]string{
					"id": s.gitCloneID(), "module": module, "infra": infra, "field": "gitCloneTag", "value": "harness/drone-git:2.0.0",
				}},
			} {
				types, values := map[string]tftypes.Type{}, map[string]tftypes.Value{}
				for name, value := range test.want {
					types[name], values[name] = tftypes.String, tftypes.NewValue(tftypes.String, value)
				}
				if infra == "" {
					values["infra"] = tftypes.NewValue(tftypes.String, nil)
				}
				if what == "resource" {
					types["restored"], values["restored"] = tftypes.Bool, tftypes.NewValue(tftypes.Bool, false)
				}
				want := tftypes.NewValue(tftypes.Object{AttributeTypes: types}, values)
				got, err := test.got.Unmarshal(want.Type())
				if err != nil || !got.Equal(want) {
					t.Errorf("%s: %v, %v", what, got, err)
				}
			}
		})
	}
}

func TestQueryFailuresAreErrors(t *testing.T) {
	fake := fakeharness.Start(t, fakeharness.Options{})
	env := fake.Env()
	env[envAPIKey] = "pat.wrong"
	found, failed := query(t, fake, env, nil, 100)
	if len(found) != 0 || !strings.Contains(failed, "Could not list the image overrides of ci/K8") || !strings.Contains(failed, envAPIKey) {
		t.Errorf("found %q, failed %q", names(found), failed)
	}
}

func TestAccImageOverride_query(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("the account may hold overrides of others")
			fake.SetOverride(string(s), "gitCloneTag", "harness/drone-git:1.0.0")
			identity, _ := s.identity(fake.Options().AccountID, "gitCloneTag")
			w.run(resource.TestCase{
				TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
				CheckDestroy:           w.holds(s.gitCloneID(), "harness/drone-git:1.0.0"),
				Steps: []resource.TestStep{{
					Query: true,
					Config: "provider \"harnessci\" {}\nlist \"harnessci_image_override\" \"all\" {\n  provider = harnessci\n  config {\n    " +
						strings.Join(s.attributes(), "\n") + "\n  }\n}\n",
					QueryResultChecks: []querycheck.QueryResultCheck{querycheck.ExpectIdentity("harnessci_image_override.all", identity)},
				}},
			})
		})
	}
}
