package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const (
	sourceRef      = "harness/ci-addon:1.16.92"
	destinationRef = "mirror/harness/ci-addon:1.16.92"
	copyAddress    = "harnessci_image_copy.addon"
)

// copying returns a folder that copies harness/ci-addon from one registry to the other.
func copying(t *testing.T, src, dst *fakeregistry.Server, attributes string) *clitest.Dir {
	t.Helper()
	env := startFake(t, fakeharness.Options{}).Env()
	env["DOCKER_CONFIG"] = t.TempDir()
	return clitest.New(t, fmt.Sprintf(`provider "harnessci" {
  max_retries = 0
}
resource "harnessci_image_copy" "addon" {
  source      = "%s/%s"
  destination = "%s/%s"
  %s
}
`, src.Host(), sourceRef, dst.Host(), destinationRef, attributes), env)
}

func registries(t *testing.T, options fakeregistry.Options) (src, dst *fakeregistry.Server, digest string) {
	t.Helper()
	src, dst = fakeregistry.Start(t, fakeregistry.Options{}), fakeregistry.Start(t, options)
	return src, dst, src.Push(sourceRef, fakeregistry.Multi(1, "linux/amd64", "linux/arm64"))
}

// requireNoCopy fails if the state claims a copy, or a tag names one.
func requireNoCopy(t *testing.T, dir *clitest.Dir, dst *fakeregistry.Server) {
	t.Helper()
	if list := dir.Must("show"); strings.Contains(list, copyAddress) {
		t.Errorf("the state claims a copy:\n%s", list)
	}
	if got := dst.Tag(destinationRef); got != "" {
		t.Errorf("the destination has %s", got)
	}
	if half := dst.Half(); len(half) != 0 {
		t.Errorf("half an image has a tag: %v", half)
	}
}

func TestAccAFailedCopyLeavesNoStateAndNoTag(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options fakeregistry.Options
		fault   *fakeregistry.Fault
		says    []string
	}{
		"the repository is missing, as in ECR": {
			options: fakeregistry.Options{MissingStatus: http.StatusNotFound}, says: []string{"no such repository", "aws_ecr_repository"},
		},
		"quota": {options: fakeregistry.Options{Quota: 10}, says: []string{"upper limit of 10", "A quota"}},
		"login": {
			options: fakeregistry.Options{Username: "me", Password: "hunter2", AnonymousPull: true},
			says:    []string{"denied", "registries of the provider block"},
		},
		"rate limit": {
			fault: &fakeregistry.Fault{Method: http.MethodPost, Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down", Times: -1},
			says:  []string{"slow down", "The registry limits"},
		},
		"an answer that makes no sense": {
			fault: &fakeregistry.Fault{Method: http.MethodPost, Call: "uploads", Status: 202, Times: -1},
			says:  []string{"did not say where to send it", "is a registry"},
		},
		"unavailable": {
			fault: &fakeregistry.Fault{Method: http.MethodPut, Call: "manifests", Status: 503, Times: -1},
			says:  []string{"HTTP 503", "a proxy in front of it fails"},
		},
		"a lost answer": {
			fault: &fakeregistry.Fault{Method: http.MethodPut, Call: "manifests", Drop: true, Times: -1},
			says:  []string{"no answer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, dst, digest := registries(t, test.options)
			if test.fault != nil {
				dst.Inject(*test.fault)
			}
			dir := copying(t, src, dst, "")
			result := dir.Run("apply", "-auto-approve")
			if result.Code != 1 {
				t.Errorf("the apply exited with %d:\n%s", result.Code, result.Output)
			}
			requireDiagnostics(t, result.Output, 1, "Error: Could not copy the image "+src.Host()+"/"+sourceRef, append(test.says, digest)...)
			dst.ClearFaults()
			requireNoCopy(t, dir, dst)
			if test.fault != nil { // the next apply goes on
				dir.Must("apply", "-auto-approve")
				dir.Must("plan", "-detailed-exitcode")
				if got := dst.Tag(destinationRef); got != digest {
					t.Errorf("the destination has %q, want %s", got, digest)
				}
			}
		})
	}
}

func TestAccAnImmutableTagIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{ImmutableTags: true})
	dst.Push(destinationRef, fakeregistry.Multi(1, "linux/amd64", "linux/arm64"))
	dir := copying(t, src, dst, "")
	dir.Must("apply", "-auto-approve")
	for _, request := range dst.Requests() {
		if request.Method != http.MethodGet && request.Method != http.MethodHead {
			t.Errorf("%s %s was sent for what is there", request.Method, request.Path)
		}
	}
	second := src.Push(sourceRef, fakeregistry.Multi(2, "linux/amd64"))
	plan := dir.Must("plan", "-out", "saved.plan")
	requireDiagnostics(t, plan, 1, "Warning: The image "+src.Host()+"/"+sourceRef+" has moved", digest, second)
	result := dir.Run("apply", "saved.plan")
	requireDiagnostics(t, result.Output, 1, "Error: Could not copy the image", "the tag is immutable", "Choose a tag that does not exist yet")
	if got := dst.Tag(destinationRef); got != digest {
		t.Errorf("the destination has %q, want %s", got, digest)
	}
}

// The apply of a saved plan copies what that plan showed, although the CLI plans again and the tag has
// moved on, even if someone has overwritten the destination.
func TestAccAnApplyCopiesWhatItsPlanShowed(t *testing.T) {
	t.Parallel()
	src, dst, _ := registries(t, fakeregistry.Options{})
	dir := copying(t, src, dst, "")
	dir.Must("apply", "-auto-approve")
	second := src.Push(sourceRef, fakeregistry.Multi(2, "linux/amd64"))
	dir.Must("plan", "-out", "saved.plan")
	third := src.Push(sourceRef, fakeregistry.Multi(3, "linux/amd64"))
	dir.Must("apply", "saved.plan")
	if got := dst.Tag(destinationRef); got != second {
		t.Errorf("the destination has %q, want the planned %s", got, second)
	}
	plan := dir.Must("plan", "-out", "saved.plan")
	requireDiagnostics(t, plan, 1, "Warning: The image "+src.Host()+"/"+sourceRef+" has moved", second, third)
	dir.Must("apply", "saved.plan")
	if got := dst.Tag(destinationRef); got != third {
		t.Errorf("the destination has %q, want %s", got, third)
	}
	foreign := dst.Push(destinationRef, fakeregistry.Multi(4, "linux/amd64"))
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: The copy "+dst.Host()+"/"+destinationRef+" was overwritten", third, foreign)
}

// A first copy has nowhere to keep what its plan showed: if the tag moves before the apply, the CLI refuses
// it and nothing is copied.
func TestAccAFirstCopyNeverCopiesWhatNoPlanHasShown(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	dir := copying(t, src, dst, "")
	dir.Must("plan", "-out", "saved.plan")
	src.Push(sourceRef, fakeregistry.Multi(2, "linux/amd64"))
	if result := dir.Run("apply", "saved.plan"); result.Code != 1 || !strings.Contains(result.Output, digest) {
		t.Errorf("the apply exited with %d:\n%s", result.Code, result.Output)
	}
	requireNoCopy(t, dir, dst)

	// By digest, the source is unchanged.
	dir.Write("main.tf", strings.ReplaceAll(dir.Read("main.tf"), src.Host()+"/"+sourceRef, src.Host()+"/"+sourceRef+"@"+digest))
	dir.Must("plan", "-out", "saved.plan")
	src.Push(sourceRef, fakeregistry.Multi(3, "linux/amd64"))
	dir.Must("apply", "saved.plan")
	if got := dst.Tag(destinationRef); got != digest {
		t.Errorf("the destination has %q, want %s", got, digest)
	}
}

func TestAccADigestThatIsGoneByTheApplyIsReported(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	dir := copying(t, src, dst, "")
	dir.Must("plan", "-out", "saved.plan")
	src.Inject(fakeregistry.Fault{Call: "manifests", Reference: digest, Status: 404, Code: "MANIFEST_UNKNOWN", Times: -1})
	result := dir.Run("apply", "saved.plan")
	requireDiagnostics(t, result.Output, 1, "Error: Could not copy the image", "no longer has the digest that the plan showed", digest)
	requireNoCopy(t, dir, dst)
}

func TestAccWhatACopyReplacesIsShown(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	old := dst.Push(destinationRef, fakeregistry.Multi(9, "linux/amd64"))
	dir := copying(t, src, dst, "")
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: Copying to "+dst.Host()+"/"+destinationRef+" replaces "+old, digest)
}

func TestAccDestroyDeletesOnlyWhatWasCopied(t *testing.T) {
	t.Parallel()
	for _, options := range []fakeregistry.Options{{}, {NoTagDelete: true}} {
		src, dst, digest := registries(t, options)
		dir := copying(t, src, dst, `on_destroy = "delete"`)
		dir.Must("apply", "-auto-approve")
		dir.Must("destroy", "-auto-approve")
		if got := dst.Tag(destinationRef); got != "" {
			t.Errorf("the destination still has %s", got)
		}
		dir.Must("apply", "-auto-approve")
		foreign := dst.Push(destinationRef, fakeregistry.Multi(2, "linux/amd64"))
		requireDiagnostics(t, dir.Must("destroy", "-refresh=false", "-auto-approve"), 1, "Warning: Did not delete the image copy", digest)
		if got := dst.Tag(destinationRef); got != foreign {
			t.Errorf("the destination has %q, and %s is another's", got, foreign)
		}
	}
}

// The first Ctrl-C ends a copy at once, though the registry never answers; the next apply completes it.
func TestAccAnInterruptEndsACopy(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	reached := make(chan struct{})
	dst.Inject(fakeregistry.Fault{
		Method: http.MethodPut, Call: "manifests", Hang: true, Hook: func(fakeregistry.Request) { close(reached) },
	})
	dir := copying(t, src, dst, "")
	process := dir.Start("apply", "-auto-approve")
	<-reached
	process.Signal(syscall.SIGINT)
	result := process.Wait()
	if result.Code == 0 {
		t.Errorf("the apply succeeded:\n%s", result.Output)
	}
	requireDiagnostics(t, result.Output, 1, "Error: Could not copy the image", "interrupted before the copy was complete", "Apply again")
	requireNoCopy(t, dir, dst)
	dir.Must("apply", "-auto-approve")
	if got := dst.Tag(destinationRef); got != digest {
		t.Errorf("the destination has %q, want %s", got, digest)
	}
}

func TestAccACopyThatTakesTooLongSaysSo(t *testing.T) {
	t.Parallel()
	src, dst, _ := registries(t, fakeregistry.Options{})
	dst.Inject(fakeregistry.Fault{Method: http.MethodPut, Call: "manifests", Hang: true, Times: -1})
	dir := copying(t, src, dst, `timeouts = { create = "2s" }`)
	result := dir.Run("apply", "-auto-approve")
	requireDiagnostics(t, result.Output, 1, "Error: Could not copy the image", "did not finish within 2s", "raise create and update")
	dst.ClearFaults()
	requireNoCopy(t, dir, dst)
}

// What fails six copies is explained once, in the plan as in the apply. The others name the cause in one line, since the
// CLI sorts errors by where they are in the configuration. An apply never plans another digest than its saved plan.
func TestAccWhatFailsSixCopiesIsExplainedOnce(t *testing.T) {
	t.Parallel()
	dead := fakeregistry.Fault{Drop: true, Times: -1}
	locked := fakeregistry.Options{Username: "me", Password: "hunter2"}
	for name, test := range map[string]struct {
		source, destination    fakeregistry.Options
		faultSource, faultDest bool
		planned                bool // before the fault
		code, errors, warnings int
		advice, cause          string
	}{
		"plan: a dead source":            {faultSource: true, warnings: 1, advice: "Check the registry's name", cause: "no answer"},
		"plan: a source without a login": {source: locked, code: 1, errors: 6, advice: "Add a login for", cause: "no login is configured for"},
		"plan: no login to push":         {destination: locked, warnings: 1, advice: "Add a login for", cause: "no login is configured for"},
		"apply: a dead source":           {faultSource: true, planned: true, code: 1, errors: 6, advice: "Check the registry's name", cause: "gave no answer, as explained for"},
		"apply: a dead destination":      {faultDest: true, planned: true, code: 1, errors: 6, advice: "Check the registry's name", cause: "gave no answer, as explained for"},
		"apply: no login to push":        {destination: locked, planned: true, code: 1, errors: 6, advice: "Add a login for", cause: "no login is configured for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, dst := fakeregistry.Start(t, test.source), fakeregistry.Start(t, test.destination)
			env := startFake(t, fakeharness.Options{}).Env()
			env["DOCKER_CONFIG"] = t.TempDir()
			dir := clitest.New(t, fmt.Sprintf(`provider "harnessci" {
  max_retries = 0
}
resource "harnessci_image_copy" "each" {
  count       = 6
  source      = "%s/harness/a${count.index}:1.0.0"
  destination = "%s/mirror/a${count.index}:1.0.0"
}
`, src.Host(), dst.Host()), env)
			for i := range uint64(6) {
				src.Push(fmt.Sprintf("harness/a%d:1.0.0", i), fakeregistry.Multi(i, "linux/amd64"))
			}
			args := []string{"plan"}
			if test.planned {
				dir.Must("plan", "-out", "saved.plan")
				args = []string{"apply", "saved.plan"}
			}
			if test.faultSource {
				src.Inject(dead)
			}
			if test.faultDest {
				dst.Inject(dead)
			}
			result := dir.Run(args...)
			said := unwrapped(result.Output)
			if result.Code != test.code || strings.Count(said, "Error: ") != test.errors ||
				strings.Count(said, "Warning: ")-strings.Count(said, "Warning: Provider development overrides") != test.warnings {
				t.Errorf("it exited with %d, want %d, %d errors and %d warnings:\n%s", result.Code, test.code, test.errors, test.warnings, result.Output)
			}
			if n := strings.Count(said, test.advice); n != 1 {
				t.Errorf("%q is said %d times:\n%s", test.advice, n, result.Output)
			}
			if n := strings.Count(said, test.cause); n < test.errors-1 || n == 0 {
				t.Errorf("%q is said %d times:\n%s", test.cause, n, result.Output)
			}
		})
	}
}
