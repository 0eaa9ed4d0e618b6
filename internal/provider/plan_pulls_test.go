package provider

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// plannedPull is one image of a plan, for a field that the stub's defaults have.
func plannedPull(image string, changes bool) plannedImage {
	return plannedImage{field: "gitCloneTag", fieldPath: path.Root("field"), image: image, imagePath: path.Root("value"), changes: changes}
}

// pullSummaries returns the summaries of what checkPulls warns of.
func pullSummaries(t *testing.T, data *providerData, images ...plannedImage) []string {
	t.Helper()
	return summaries(warnings(data.checkPulls(t.Context(), ciK8, images)))
}

func summaries(diags diag.Diagnostics) []string {
	var all []string
	for _, d := range diags {
		all = append(all, d.Summary())
	}
	return all
}

func TestPlannedPulls(t *testing.T) {
	t.Parallel()
	const hub, mine = "https://index.docker.io/v2/", "https://registry.example.com/mirror"
	for name, test := range map[string]struct {
		url, image, want string
	}{
		"doubled":                   {mine, "other.example.com/harness/drone-git:1", "Builds would look for other.example.com inside registry.example.com"},
		"no credentials":            {hub, "registry.example.com/harness/drone-git:1", "Builds would pull from registry.example.com without credentials"},
		"by a look-alike":           {"https://registry.corp", "my-registry.corp/drone-git:1", "Builds would pull from my-registry.corp without credentials"},
		"the connector's own":       {mine, "registry.example.com/mirror/drone-git:1", ""},
		"the connector's, no path":  {mine, "registry.example.com/drone-git:1", ""},
		"no host":                   {mine, "harness/drone-git:1", ""},
		"Docker Hub by name":        {hub, "docker.io/harness/drone-git:1", ""},
		"open to everyone":          {hub, "public.ecr.aws/harness/harness/drone-git:1", ""},
		"a URL that is none":        {"nonsense", "other.example.com/drone-git:1", ""},
		"not known yet":             {mine, "", ""},
		"the connector is a secret": {"", "other.example.com/drone-git:1", ""},
	} {
		s := newStub()
		s.connectorURL = test.url
		if got := strings.Join(pullSummaries(t, s.data(), plannedPull(test.image, true)), "; "); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestTheConnectorIsReadOnceAndOnlyForImagesThatChange(t *testing.T) {
	t.Parallel()
	const image = "other.example.com/harness/drone-git:1"
	s := newStub()
	s.connectorURL = "https://registry.example.com"
	data := s.data()
	asked := func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.calls["connector /"] }
	if got := pullSummaries(t, data, plannedPull(image, false), plannedPull("harness/drone-git:1", true), plannedPull("", true)); got != nil || asked() != 0 {
		t.Errorf("%v, asked %d times", got, asked())
	}
	for range 3 {
		if got := pullSummaries(t, data, plannedPull(image, true)); len(got) != 1 || asked() != 1 {
			t.Errorf("%v, asked %d times", got, asked())
		}
	}
}

// A plan needs one answer from the server, whatever it checks.
func TestAPlanAsksForEverythingAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.connectorURL, s.latency = "https://registry.example.com", time.Second
		start := time.Now()
		diags := s.data().checkPlan(t.Context(), ciK8, []plannedImage{plannedPull("other.example.com/harness/drone-git:1.6.9", true)})
		if took := time.Since(start); took != s.latency {
			t.Errorf("it took %s, want %s", took, s.latency)
		}
		if len(diags) != 1 || s.calls["connector /"] != 1 {
			t.Errorf("%v, asked %v", diags, s.calls)
		}
	})
}

func TestAPlannedConnectorCounts(t *testing.T) {
	t.Parallel()
	const image = "registry.example.com/mirror/drone-git:1"
	s := newStub()
	s.connectorURL = "https://index.docker.io/v2/"
	data := s.data()
	data.connector.Plan(connector.Planned{URL: new("https://registry.example.com/mirror")})
	if got := pullSummaries(t, data, plannedPull(image, true)); got != nil {
		t.Errorf("%v", got)
	}
	data.connector.Plan(connector.Planned{})
	if got := pullSummaries(t, data, plannedPull(image, true)); got != nil {
		t.Errorf("a URL that is not known yet: %v", got)
	}
	if n := s.calls["connector /"]; n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestOneCauseIsReportedOnceForASet(t *testing.T) {
	t.Parallel()
	s := newStub()
	s.connectorURL = "https://registry.example.com"
	var images []plannedImage
	for _, field := range []string{"gitCloneTag", "s3UploadTag", "gcsUploadTag"} {
		image := plannedPull("other.example.com/harness/"+field+":1", true)
		image.field, image.imagePath = field, path.Root("images").AtMapKey(field)
		images = append(images, image)
	}
	diags := warnings(s.data().checkPulls(t.Context(), ciK8, images))
	if len(diags) != 1 {
		t.Fatalf("%v", diags)
	}
	if at, ok := diags[0].(diag.DiagnosticWithPath); ok {
		t.Errorf("it is on %v, and a CLI would print all of it", at.Path())
	}
	for _, words := range []string{
		"ci/K8/gcsUploadTag", "planned: other.example.com/harness/s3UploadTag:1",
		"pulled:  registry.example.com/other.example.com/harness/s3UploadTag:1", "instead: harness/s3UploadTag:1",
		"is based on the current connector",
	} {
		if !strings.Contains(diags[0].Detail(), words) {
			t.Errorf("it does not say %q:\n%s", words, diags[0].Detail())
		}
	}
}

// A rule that holds for some builds is told when an override is added; one that always holds, at each change.
func TestOverridesWithoutEffect(t *testing.T) {
	t.Parallel()
	const foreign, kaniko = "Overrides have no effect in the module ci", "Builds with buildx run other images than these"
	ecr := map[string]string{"buildAndPushECRTag": "plugins/kaniko-ecr:1"}
	both := map[string]string{"buildAndPushECRTag": "plugins/kaniko-ecr:1", "buildAndPushBuildxECRTag": ""} // known after apply
	for name, test := range map[string]struct {
		scope   harness.Scope
		planned plannedImage
		want    string
	}{
		"another module's":       {ciK8, plannedImage{field: "iacmTerraform", changes: true, before: "a:1"}, foreign},
		"another module's, kept": {ciK8, plannedImage{field: "iacmTerraform", before: "a:1"}, ""},
		"the module's own":       {harness.Scope{Module: harness.IaCM, Infra: harness.K8}, plannedImage{field: "iacmTerraform", changes: true}, ""},
		"kaniko without buildx":  {ciK8, plannedImage{field: "buildAndPushECRTag", changes: true, set: ecr}, kaniko},
		"kaniko, changed":        {ciK8, plannedImage{field: "buildAndPushECRTag", changes: true, set: ecr, before: "a:1"}, ""},
		"kaniko with buildx":     {ciK8, plannedImage{field: "buildAndPushECRTag", changes: true, set: both}, ""},
		"kaniko, single":         {ciK8, plannedImage{field: "buildAndPushECRTag", changes: true}, ""},
		"VM without a container": {ciVM, plannedImage{field: "gitCloneTag", changes: true}, ""},
		"VM with a container":    {ciVM, plannedImage{field: "securityTag", changes: true}, ""},
		"the same on Kubernetes": {ciK8, plannedImage{field: "gitCloneTag", changes: true}, ""},
	} {
		diags := warnings(checkDead(execconfig.PlanImages{Scope: test.scope}, test.planned))
		if got := strings.Join(summaries(diags), "; "); got != test.want {
			t.Errorf("%s: %q", name, got)
		} else if got != "" && !strings.Contains(diags[0].Detail(), "\n\nSource: ") {
			t.Errorf("%s gives no source: %s", name, diags[0].Detail())
		}
	}
}

func TestADigestLeavesHarnessCloud(t *testing.T) {
	t.Parallel()
	const leaves = "A digest makes Harness Cloud pull from Docker Hub"
	image := "harness/drone-git@sha256:" + digest
	for name, test := range map[string]struct {
		scope              harness.Scope
		url, image, before string
		want               string
	}{
		"a digest":                        {ciVM, "https://index.docker.io/v2/", image, "harness/drone-git:1", leaves},
		"a tag and a digest, added":       {ciVM, "https://index.docker.io/v2/", "harness/drone-git:1@sha256:" + digest, "", leaves},
		"another digest":                  {ciVM, "https://index.docker.io/v2/", image, "harness/drone-git@sha256:0", ""},
		"a registry of one's own":         {ciVM, "https://registry.example.com", image, "", ""},
		"a tag":                           {ciVM, "https://index.docker.io/v2/", "harness/drone-git:2", "", ""},
		"an image that is not redirected": {ciVM, "https://index.docker.io/v2/", "plugins/buildx@sha256:" + digest, "", ""},
		"on Kubernetes":                   {ciK8, "https://index.docker.io/v2/", image, "", ""},
		"a connector that is a secret":    {ciVM, "", image, "", ""},
	} {
		s := newStub()
		s.connectorURL = test.url
		planned := plannedImage{field: "gitCloneTag", image: test.image, before: test.before, changes: true}
		found := warnings(s.data().checkPulls(t.Context(), test.scope, []plannedImage{planned}))
		if got := strings.Join(summaries(found), "; "); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
