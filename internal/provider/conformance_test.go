package provider_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/harnessci/terraform-provider-harnessci/internal/provider"
)

// The rules below apply to everything that the provider serves, so that a new type cannot forget one.

const docsDir = "../../docs"

// served is everything that the provider serves.
type served struct {
	*tfprotov6.GetProviderSchemaResponse
	server     tfprotov6.ProviderServer
	identities map[string]*tfprotov6.ResourceIdentitySchema
}

func serve(t *testing.T) served {
	t.Helper()
	server := providerserver.NewProtocol6(provider.New("test")())()
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	identities, err := server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return served{schemas, server, identities.IdentitySchemas}
}

// kind is a kind of thing that a provider serves.
type kind struct {
	docs    string   // its folder below docs/ and examples/
	example string   // the file that its page shows
	use     string   // how a configuration names it
	names   []string // what there is of it
}

func (s served) kinds() []kind {
	return []kind{
		{"resources", "resource.tf", "resource %q", slices.Sorted(maps.Keys(s.ResourceSchemas))},
		{"data-sources", "data-source.tf", "data %q", slices.Sorted(maps.Keys(s.DataSourceSchemas))},
		{"list-resources", "list-resource.tfquery.hcl", "list %q", slices.Sorted(maps.Keys(s.ListResourceSchemas))},
		{"functions", "function.tf", "::%s(", slices.Sorted(maps.Keys(s.Functions))},
	}
}

func TestEverythingIsDescribedInMarkdown(t *testing.T) {
	t.Parallel()
	s := serve(t)
	described := func(what, text string, kind tfprotov6.StringKind) {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no description", what)
		} else if kind != tfprotov6.StringKindMarkdown {
			t.Errorf("%s is not described in markdown", what)
		}
	}
	for name, schema := range s.schemas() {
		described(name, schema.Block.Description, schema.Block.DescriptionKind)
		for attribute, a := range attributes(name, schema.Block.Attributes) {
			described(attribute, a.Description, a.DescriptionKind)
		}
	}
	for name, f := range s.Functions {
		described("function "+name, f.Description, f.DescriptionKind)
		if f.Summary == "" {
			t.Errorf("function %s has no summary", name)
		}
		for _, p := range f.Parameters {
			described(fmt.Sprintf("function %s, parameter %s", name, p.Name), p.Description, p.DescriptionKind)
		}
	}
	for name, schema := range s.identities {
		for _, a := range schema.IdentityAttributes {
			if a.Description == "" {
				t.Errorf("identity of %s, attribute %s has no description", name, a.Name)
			}
		}
	}
}

func TestSecretsAreSensitive(t *testing.T) {
	t.Parallel()
	secret := regexp.MustCompile(`(^|_)(key|token|password|secret|credential)s?$`)
	found := 0
	for name, schema := range serve(t).schemas() {
		for attribute, a := range attributes(name, schema.Block.Attributes) {
			public := a.Name == "public_keys" || strings.HasSuffix(attribute, "attestations, key")
			if !secret.MatchString(a.Name) || public {
				continue
			}
			found++
			if !a.Sensitive {
				t.Errorf("%s is not sensitive", attribute)
			}
		}
	}
	if found < 2 {
		t.Errorf("%d secrets found, and the provider has two credentials", found)
	}
}

func TestEveryTypeHasAPageAnExampleAndAnAcceptanceTest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tests := acceptanceTests(t)
	for _, kind := range s.kinds() {
		var pages []string
		for _, name := range kind.names {
			page := strings.TrimPrefix(name, "harnessci_") + ".md"
			pages = append(pages, page)
			requireFile(t, filepath.Join(docsDir, kind.docs, page))
			requireFile(t, filepath.Join(examplesDir, kind.docs, name, kind.example))
			if use := fmt.Sprintf(kind.use, name); !strings.Contains(tests, use) {
				t.Errorf("no acceptance test has a configuration with %s", use)
			}
		}
		requireOnly(t, filepath.Join(docsDir, kind.docs), pages)
		requireOnly(t, filepath.Join(examplesDir, kind.docs), kind.names)
	}
	for name := range s.ResourceSchemas {
		for _, form := range []string{"import.sh", "import-by-string-id.tf", "import-by-identity.tf"} {
			requireFile(t, filepath.Join(examplesDir, "resources", name, form))
		}
		if s.identities[name] == nil {
			t.Errorf("%s has no identity", name)
		}
	}
}

func TestEveryPageSaysWhatErrorsMean(t *testing.T) {
	t.Parallel()
	for _, kind := range serve(t).kinds() {
		for _, name := range kind.names {
			page := readFile(t, filepath.Join(docsDir, kind.docs, strings.TrimPrefix(name, "harnessci_")+".md"))
			if !strings.Contains(page, "guides/errors.md)") && !strings.Contains(page, "It is an error if") {
				t.Errorf("the page of %s does not say what its errors mean", name)
			}
		}
	}
}

func TestEveryImportErrorSaysWhichIDsThereAre(t *testing.T) {
	t.Parallel()
	s := serve(t)
	forms := map[string]string{"harnessci_image_copy": "registry.example.com/mirror/", "harnessci_image_connector": "always harnessImage"}
	for name := range s.ResourceSchemas {
		form := cmp.Or(forms[name], "ci/K8")
		for _, id := range []string{"nonsense", "ci/k9/x", "/", "a/b/c/d/e", "ci/K8/with space", strings.Repeat("x", 10_000)} {
			resp, err := s.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: name, ID: id})
			if err != nil {
				t.Fatal(err)
			}
			if len(resp.Diagnostics) != 1 {
				t.Errorf("%s, id %.20q: %d diagnostics", name, id, len(resp.Diagnostics))
				continue
			}
			d := resp.Diagnostics[0]
			if !strings.HasPrefix(d.Summary, "Could not import ") || !strings.Contains(d.Detail, form) || len(d.Detail) > 600 {
				t.Errorf("%s, id %.20q: the error is not clear: %s\n%s", name, id, d.Summary, d.Detail)
			}
		}
	}
}

var imageHost = regexp.MustCompile(`"(?:https?://)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]+)(?::\d+)?/`)

func TestExamplesNameNoRealRegistry(t *testing.T) {
	t.Parallel()
	found := 0
	for path, text := range textFiles(t, examplesDir, ".tf") {
		for _, match := range imageHost.FindAllStringSubmatch(text, -1) {
			found++
			// Two are about Harness's own registries, modules are on GitHub, and a type of cosign's is a URL.
			own := strings.Contains(path, "pull-limits") || strings.Contains(path, "pulled_image") ||
				slices.Contains([]string{"github.com", "cosign.sigstore.dev"}, match[1])
			if match[1] != "registry.example.com" && !own {
				t.Errorf("%s names the host %s", path, match[1])
			}
		}
	}
	if found == 0 {
		t.Error("no example names a registry")
	}
}

var terraformBlock = regexp.MustCompile("(?ms)^( *)```terraform\n(.*?)^ *```$")

// TestConfigurationsOnPagesCanBePasted reads each block, also those that no file under examples/ has.
func TestConfigurationsOnPagesCanBePasted(t *testing.T) {
	t.Parallel()
	pages := textFiles(t, docsDir, ".md")
	pages["README.md"] = readFile(t, "../../README.md")
	blocks := 0
	for page, text := range pages {
		for _, match := range terraformBlock.FindAllStringSubmatch(text, -1) {
			blocks++
			code := match[2]
			if match[1] != "" {
				code = regexp.MustCompile("(?m)^"+match[1]).ReplaceAllString(code, "")
			}
			if _, diags := hclwrite.ParseConfig([]byte(code), page, hcl.InitialPos); diags.HasErrors() {
				t.Errorf("%s: %v:\n%s", page, diags, code)
			} else if formatted := string(hclwrite.Format([]byte(code))); formatted != code {
				t.Errorf("%s is not formatted; it should be:\n%s", page, formatted)
			}
		}
	}
	if blocks < 40 {
		t.Errorf("found %d blocks", blocks)
	}
}

// schemas returns every schema by the name of its type.
func (s served) schemas() map[string]*tfprotov6.Schema {
	all := map[string]*tfprotov6.Schema{"provider": s.Provider}
	for kind, schemas := range map[string]map[string]*tfprotov6.Schema{
		"resource": s.ResourceSchemas, "data source": s.DataSourceSchemas, "list resource": s.ListResourceSchemas,
	} {
		for name, schema := range schemas {
			all[kind+" "+name] = schema
		}
	}
	return all
}

// attributes returns all attributes, nested ones included, by their place.
func attributes(where string, list []*tfprotov6.SchemaAttribute) map[string]*tfprotov6.SchemaAttribute {
	all := map[string]*tfprotov6.SchemaAttribute{}
	for _, a := range list {
		at := where + ", " + a.Name
		all[at] = a
		if a.NestedType != nil {
			maps.Copy(all, attributes(at, a.NestedType.Attributes))
		}
	}
	return all
}

// acceptanceTests returns the source of all acceptance tests but those of the examples.
func acceptanceTests(t *testing.T) string {
	t.Helper()
	var source strings.Builder
	for path, text := range textFiles(t, ".", "_test.go") {
		if strings.Contains(text, "func TestAcc") && !strings.HasPrefix(filepath.Base(path), "examples_") {
			source.WriteString(strings.ReplaceAll(text, `\"`, `"`)) // as in a raw string
		}
	}
	return source.String()
}

func requireFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// requireOnly fails on anything in a folder that is not among the names.
func requireOnly(t *testing.T, folder string, names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Error(err)
	}
	for _, entry := range entries {
		if !slices.Contains(names, entry.Name()) {
			t.Errorf("%s is of nothing that the provider serves", filepath.Join(folder, entry.Name()))
		}
	}
}

// textFiles returns the files below a folder with an extension, by path.
func textFiles(t *testing.T, root, ending string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, path := range filesBelow(t, root, ending) {
		texts[path] = readFile(t, path)
	}
	return texts
}
