package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

var (
	ciK8 = harness.Scope{Module: harness.CI, Infra: harness.K8}
	ciVM = harness.Scope{Module: harness.CI, Infra: harness.VM}
)

// stub is an API that counts its requests.
type stub struct {
	execconfig.Client   // updates: none is expected
	connector.API       // the same
	connectorURL        string
	defaults, overrides map[harness.Scope]map[string]string
	err                 error // of every read of the defaults
	overridesErr        error // of every read of the overrides
	latency             time.Duration

	mu    sync.Mutex
	calls map[string]int
}

func (s *stub) count(call string, scope harness.Scope) {
	time.Sleep(s.latency) //nolint:forbidigo // none, or a bubble's
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[call+" "+scope.String()]++
}

func (s *stub) DefaultImages(_ context.Context, scope harness.Scope) (map[string]string, error) {
	s.count("defaults", scope)
	return s.defaults[scope], s.err
}

func (s *stub) CustomerImages(_ context.Context, scope harness.Scope, overridesOnly bool) (map[string]string, error) {
	s.count(fmt.Sprintf("overrides %t", overridesOnly), scope)
	return s.overrides[scope], s.overridesErr
}

// ResetImages leaves returned maps unchanged.
func (s *stub) ResetImages(_ context.Context, scope harness.Scope, fields []string) error {
	s.overrides[scope] = maps.Clone(s.overrides[scope])
	maps.DeleteFunc(s.overrides[scope], func(field, _ string) bool { return slices.Contains(fields, field) })
	return nil
}

// data returns the data of a provider that talks to the stub. Its account forgets reads at once: only what
// the checks keep is kept.
func (s *stub) data() *providerData {
	return &providerData{
		account:   execconfig.New(s, "test", execconfig.Options{MaxAge: time.Nanosecond}),
		connector: connector.New(s, connector.Options{}),

		verifyImages: verifyOff,
	}
}

// Connector returns one with the stub's connectorURL; without one, it may not be read.
func (s *stub) Connector(context.Context, string) (harness.Connector, error) {
	s.count("connector", harness.Scope{})
	if s.connectorURL == "" {
		return harness.Connector{}, &harness.Error{Call: "get-connector", Status: 403}
	}
	body := fmt.Sprintf(`{"type": %q, "spec": {"dockerRegistryUrl": %q}}`, harness.DockerRegistry, s.connectorURL)
	return harness.Connector{Type: harness.DockerRegistry, Body: []byte(body)}, nil
}

func newStub() *stub {
	return &stub{
		defaults: map[harness.Scope]map[string]string{
			ciK8: {
				"addonTag":    "harness/ci-addon:1.16.92",
				"gitCloneTag": "harness/drone-git:1.6.9-rootless",
				"securityTag": "harness/sto-plugin:latest",
				"blankTag":    "",
			},
			ciVM: {"gitCloneTag": "harness/drone-git:1.6.9", "vmOnlyTag": "plugins/vm:1.0.0"},
		},
		overrides: map[harness.Scope]map[string]string{
			ciK8: {"gitCloneTag": "harness/drone-git:1.5.0-rootless", "retiredTag": "harness/retired:1.0.0", "oddTag": "odd image"},
		},
	}
}

func planned(field, image string) plannedImage {
	return plannedImage{
		field: field, fieldPath: path.Root("field"), image: image, imagePath: path.Root("value"), creating: true, changes: true,
	}
}

func kept(p plannedImage) plannedImage {
	p.creating = false
	return p
}

// unchanged is what is in the prior state.
func unchanged(p plannedImage) plannedImage {
	p.creating, p.changes = false, false
	return p
}

func TestCheckPlan(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		planned   plannedImage
		attribute string // of the one diagnostic, with ! for an error about an image; "" for none
		summary   string
		words     []string // of the detail
	}{
		"all is well":      {planned: planned("addonTag", "harness/ci-addon:1.16.92")},
		"a mirror":         {planned: planned("addonTag", "registry.example.com:5000/a/b/ci-addon:1.16.92")},
		"image not known":  {planned: planned("addonTag", "")},
		"override only":    {planned: kept(planned("retiredTag", "harness/retired:1.0.0"))},
		"default is blank": {planned: planned("blankTag", "harness/x:1.0.0")},
		"unknown field": {planned("gitCloneTagg", "a:1"), "field", "ci/K8 has no field gitCloneTagg", []string{
			"Did you mean gitCloneTag?", "harnessci_default_images", "skip_field_validation = true",
		}},
		"unknown field, image not known": {planned("gitCloneTagg", ""), "field", "ci/K8 has no field gitCloneTagg", nil},
		"letters' case": {planned("GitClonetag", "a:1"), "field", "ci/K8 has no field GitClonetag", []string{
			"Did you mean gitCloneTag? Field names are case-sensitive.\n\nThe data source", // not: did you mean infra = "VM"?
		}},
		"field of the other infra": {planned("vmOnlyTag", "a:1"), "field", "ci/K8 has no field vmOnlyTag", []string{
			`ci/VM has the field vmOnlyTag: did you mean infra = "VM"?`,
		}},
		"take-over": {planned("gitCloneTag", "harness/drone-git:1.6.9-rootless"), "value", "Creating resources replaces existing overrides", []string{
			"found:   harness/drone-git:1.5.0-rootless", "planned: harness/drone-git:1.6.9-rootless",
			"ci/K8/gitCloneTag\n", "set value to what was found", "moved block",
			"\n\n  terraform import 'harnessci_image_override.<name>' <module>/<infra>/<field>",
		}},
		"take-over by what is not known": {planned("gitCloneTag", ""), "value", "Creating resources replaces existing overrides", []string{
			"planned: (known after apply)",
		}},
		"take-over of the same image": {planned("gitCloneTag", "harness/drone-git:1.5.0-rootless"), "value", "Existing overrides have the planned images already", []string{
			"an interrupted run, a resource at another address", "destroying the resource resets the field",
		}},
		"no image reference": {planned("addonTag", "harness/ci addon:1"), "value!", "Invalid image reference for ci/K8/addonTag", []string{
			"it contains white space", "builds would fail to pull it",
		}},
		"an existing value that is not an image": {planned: kept(planned("oddTag", "odd image"))},
		"no image reference, which is kept":      {planned: unchanged(planned("addonTag", "odd image"))},
		"neither tag nor digest":                 {planned("addonTag", "example.com/m/ci-addon"), "value", "Images have neither a tag nor a digest", []string{"example.com/m/ci-addon:1.2.3"}},
		"a tag":                                  {planned("gitCloneTag", "1.6.8-rootless"), "value!", "The image of ci/K8/gitCloneTag is only a tag", []string{"Did you mean harness/drone-git:1.6.8-rootless?"}},
		"a tag of another variant":               {planned("gitCloneTag", "v1.6"), "value!", "The image of ci/K8/gitCloneTag is only a tag", []string{"Did you mean harness/drone-git:v1.6?"}},
		"latest":                                 {planned("addonTag", "latest"), "value!", "The image of ci/K8/addonTag is only a tag", []string{"Did you mean harness/ci-addon:latest?"}},
		"no take-over in an update":              {planned: kept(planned("gitCloneTag", "harness/drone-git:1.6.9-rootless"))},
		"another name": {planned("addonTag", "plugins/gcs:1.3.0"), "value", "Builds would run other images than the defaults of these fields", []string{
			"ci/K8/addonTag: gcs, not ci-addon",
			"default: harness/ci-addon:1.16.92", "planned: plugins/gcs:1.3.0",
		}},
		"another name, in an update": {kept(planned("addonTag", "plugins/gcs:1.3.0")), "value", "Builds would run other images than the defaults of these fields", nil},
		"three releases behind": {planned("addonTag", "harness/ci-addon:1.13.9"), "value", "Images are older than Harness supports", []string{
			"ci/K8/addonTag: 3 minors behind",
			"counts minors, and supports the latest and the 2 before it",
			"default: harness/ci-addon:1.16.92", "planned: harness/ci-addon:1.13.9",
		}},
		"an older major":         {planned("addonTag", "example.com/ci-addon:0.13.9"), "value", "Images are older than Harness supports", []string{"at least 17 minors behind"}},
		"two releases behind":    {planned: planned("addonTag", "harness/ci-addon:1.14.0")},
		"tagged latest":          {planned: planned("addonTag", "harness/ci-addon:latest")},
		"a digest":               {planned: planned("addonTag", "harness/ci-addon@sha256:"+digest)},
		"another variant":        {planned: planned("addonTag", "harness/ci-addon:rootless-1.1.0")},
		"behind without window":  {planned: kept(planned("gitCloneTag", "harness/drone-git:1.0.0-rootless"))},
		"default has no version": {planned: planned("securityTag", "harness/sto-plugin:1.0.0")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diags := newStub().data().checkPlan(t.Context(), ciK8, []plannedImage{test.planned})
			if test.attribute == "" {
				if len(diags) != 0 {
					t.Error(diags)
				}
				return
			}
			attribute, refused := strings.CutSuffix(test.attribute, "!")
			if len(diags) != 1 || diags.HasError() != (refused || attribute == "field") {
				t.Fatal(diags)
			}
			requireDiagnostic(t, diags[0], attribute, test.words...)
			if diags[0].Summary() != test.summary {
				t.Errorf("summary is %q", diags[0].Summary())
			}
			for line := range strings.Lines(diags[0].Summary() + "\n" + diags[0].Detail()) {
				// The CLI wraps a line unless it begins with a space.
				if strings.HasPrefix(line, " ") && len(line) > 78 {
					t.Errorf("too long for a terminal: %q", line)
				}
			}
		})
	}
}

func TestCheckPlanOfAnUnchangedResourceSaysOnlyWhatMayBeNews(t *testing.T) {
	t.Parallel()
	api := newStub()
	api.overrides[ciK8]["addonTag"] = "plugins/gcs:1.3.0"
	if diags := api.data().checkPlan(t.Context(), ciK8, []plannedImage{kept(planned("addonTag", "plugins/gcs:1.3.0"))}); len(diags) != 0 {
		t.Errorf("its name was chosen long ago: %v", diags)
	}
	api.overrides[ciK8]["addonTag"] = "harness/ci-addon:1.10.0"
	diags := api.data().checkPlan(t.Context(), ciK8, []plannedImage{kept(planned("addonTag", "harness/ci-addon:1.10.0"))})
	if len(diags) != 1 || diags[0].Summary() != "Images are older than Harness supports" {
		t.Errorf("its age grows: %v", diags)
	}
}

func TestCheckPlanAfterAResetOfTheSameRunSeesNoTakeOver(t *testing.T) {
	t.Parallel()
	api := newStub()
	data := &providerData{account: execconfig.New(api, "test", execconfig.Options{LockDir: t.TempDir()}), verifyImages: verifyOff}
	replacement := []plannedImage{planned("gitCloneTag", "harness/drone-git:1.6.9-rootless")}
	if diags := data.checkPlan(t.Context(), ciK8, replacement); len(diags) != 1 {
		t.Errorf("before the reset: %v", diags)
	}
	if err := data.account.Reset(t.Context(), ciK8, "gitCloneTag", "harness/drone-git:1.5.0-rootless"); err != nil {
		t.Fatal(err)
	}
	if diags := data.checkPlan(t.Context(), ciK8, replacement); len(diags) != 0 {
		t.Errorf("after it: %v", diags)
	}
}

func TestCheckPlanWithoutFieldValidation(t *testing.T) {
	t.Parallel()
	data := newStub().data()
	data.skipFieldValidation = true
	diags := data.checkPlan(t.Context(), ciK8, []plannedImage{
		planned("brandNewTag", "harness/new:1.0.0"), planned("addonTag", "harness/ci-addon:1.10.0"),
	})
	if len(diags) != 1 || diags.HasError() {
		t.Errorf("%v, want the other checks' warning only", diags)
	}
}

// Whatever the number of resources, and whether or not the server answers.
func TestCheckPlanReadsOncePerScope(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"answers": nil, "does not answer": errors.New("no")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newStub()
			api.err = err
			data := api.data()
			var resources sync.WaitGroup
			for _, scope := range []harness.Scope{ciK8, ciVM} {
				for range 20 {
					resources.Go(func() {
						data.checkPlan(t.Context(), scope, []plannedImage{planned("noSuchTag", "a:1"), planned("gitCloneTag", "a:1")})
					})
				}
			}
			resources.Wait()
			if len(api.calls) != 4 {
				t.Errorf("calls are %v, want defaults and overrides of both infras", api.calls)
			}
			for call, n := range api.calls {
				if n != 1 {
					t.Errorf("%s: %d times", call, n)
				}
			}
		})
	}
}

func TestCheckPlanAsksNobodyWhileTheProviderIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, data := range []*providerData{nil, {}} {
		if diags := data.checkPlan(t.Context(), ciK8, []plannedImage{planned("noSuchTag", "a:1")}); len(diags) != 0 {
			t.Error(diags)
		}
	}
}

func TestPlanReadIsNotKeptWhenInterrupted(t *testing.T) {
	t.Parallel()
	data := newStub().data()
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	if diags := data.checkPlan(interrupted, ciK8, []plannedImage{planned("noSuchTag", "a:1")}); diags.HasError() {
		t.Error(diags)
	}
	if diags := data.checkPlan(t.Context(), ciK8, []plannedImage{planned("noSuchTag", "a:1")}); !diags.HasError() {
		t.Error("the interrupted read was kept")
	}
}

func TestServerTextIsShownEscaped(t *testing.T) {
	t.Parallel()
	api := newStub()
	api.overrides[ciK8]["addonTag"] = "\x1b[31mred\nalert"
	api.defaults[ciVM]["EVILTAG\x1b"] = "a:1"
	diags := api.data().checkPlan(t.Context(), ciK8, []plannedImage{planned("addonTag", "harness/ci-addon:1.16.92"), planned("evilTag", "a:1")})
	if len(diags) != 2 {
		t.Fatal(diags)
	}
	for _, d := range diags {
		if strings.Contains(d.Summary()+d.Detail(), "\x1b") {
			t.Errorf("%q", d)
		}
	}
	if !containsDetail(diags, `\x1b[31mred\nalert`) {
		t.Errorf("%v does not show the present image", diags)
	}
}

func containsDetail(diags diag.Diagnostics, text string) bool {
	for _, d := range diags {
		if strings.Contains(d.Detail(), text) {
			return true
		}
	}
	return false
}

// Single overrides are planned one by one: the last one that is checked tells what all have in common, in a
// list that does not grow without limit.
func TestFindingsOfOneCauseShareAWarning(t *testing.T) {
	t.Parallel()
	api := newStub()
	data := api.data()
	data.findings.begin() // another resource is being checked
	var images []plannedImage
	for i := range maxListed + 12 {
		field := fmt.Sprintf("tag%02d", i)
		api.defaults[ciK8][field] = "harness/x:1.0.0"
		images = append(images, planned(field, "acme/other:1.0.0"))
	}
	for _, image := range images {
		if diags := data.checkPlan(t.Context(), ciK8, []plannedImage{image}); len(diags) != 0 {
			t.Errorf("it is told while another check is at work: %v", diags)
		}
	}
	diags := warnings(data.findings.end(nil))
	if len(diags) != 1 || diags[0].Summary() != "Builds would run other images than the defaults of these fields" {
		t.Fatal(diags)
	}
	detail := diags[0].Detail()
	if !strings.Contains(detail, "  ci/K8/tag00: other, not x\n") || !strings.Contains(detail, "\n  and 12 more\n") || strings.Count(detail, "\n") > 40 {
		t.Error(detail)
	}
	data.findings.begin()
	if again := warnings(data.findings.end(nil)); len(again) != 0 {
		t.Errorf("it is told twice: %v", again)
	}
}
