package provider

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
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
