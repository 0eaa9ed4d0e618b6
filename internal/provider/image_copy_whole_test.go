package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// A cleanup that deletes untagged images takes platforms from under an index. The plan shows it, and the apply sends
// what is missing.
func TestAccALostPlatformIsDrift(t *testing.T) {
	t.Parallel()
	src, dst, _ := registries(t, fakeregistry.Options{ImmutableTags: true})
	image := fakeregistry.Multi(1, "linux/amd64", "linux/arm64")
	dir := copying(t, src, dst, "")
	dir.Must("apply", "-auto-approve")
	lost := image.Children[1]
	dst.Lose("mirror/harness/ci-addon", lost.Digest(), fakeregistry.Digest(lost.Blobs[1]))
	result := dir.Run("plan", "-detailed-exitcode")
	flat := strings.Join(strings.Fields(result.Output), " ")
	if result.Code != 2 || !strings.Contains(flat, `+ "linux/arm64"`) || !strings.Contains(flat, "0 to add, 1 to change, 0 to destroy") {
		t.Errorf("the plan ended with %d and does not show the loss:\n%s", result.Code, result.Output)
	}
	requireDiagnostics(t, result.Output, 1, "Warning: The copy "+dst.Host()+"/"+destinationRef+" is not whole", "cleanup")
	dst.ResetLog()
	dir.Must("apply", "-auto-approve")
	if lacks := dst.Lacks("mirror/harness/ci-addon", image); len(lacks) != 0 {
		t.Errorf("the copy lacks %v", lacks)
	}
	if puts, blobs := dst.Count(http.MethodPut, "manifests"), dst.Count(http.MethodPut, "uploads"); puts != 1 || blobs != 1 {
		t.Errorf("%d manifests and %d blobs were stored, want one each", puts, blobs)
	}
	dir.Must("plan", "-detailed-exitcode")

	dst.Lose("mirror/harness/ci-addon", fakeregistry.Digest(lost.Blobs[1])) // a layer, which no plan looks at
	dir.Must("apply", "-auto-approve", "-replace", copyAddress)
	if lacks := dst.Lacks("mirror/harness/ci-addon", image); len(lacks) != 0 {
		t.Errorf("the copy lacks %v after a replacement", lacks)
	}
}

// The requests of a plan are a promise.
func TestAccPlansOfManyCopiesCountTheirRequests(t *testing.T) {
	t.Parallel()
	src, dst := fakeregistry.Start(t, fakeregistry.Options{}), fakeregistry.Start(t, fakeregistry.Options{})
	for i := range 29 {
		src.Push(fmt.Sprintf("harness/image%d:1.0.0", i), fakeregistry.Multi(uint64(i), "linux/amd64", "linux/arm64"))
	}
	env := startFake(t, fakeharness.Options{}).Env()
	env["DOCKER_CONFIG"] = t.TempDir()
	dir := clitest.New(t, fmt.Sprintf(`resource "harnessci_image_copy" "all" {
  count       = 29
  source      = "%s/harness/image${count.index}:1.0.0"
  destination = "%s/mirror/image${count.index}:1.0.0"
}
`, src.Host(), dst.Host()), env)
	requests := func(what string, heads, gets, dstHeads int) {
		t.Helper()
		for _, side := range []struct {
			server *fakeregistry.Server
			counts map[string]int
		}{
			{src, map[string]int{http.MethodHead: heads, http.MethodGet: gets}},
			{dst, map[string]int{http.MethodHead: dstHeads, http.MethodGet: 0}},
		} {
			for method, want := range side.counts {
				if got := side.server.Count(method, "manifests", "tags", "blobs", "referrers", "uploads"); got != want {
					t.Errorf("%s: %d %s of %s, want %d", what, got, method, side.server.Host(), want)
				}
			}
			if side.server.Count("", "tags") != 0 {
				t.Errorf("%s: tags were listed", what)
			}
			side.server.ResetLog()
		}
	}
	dir.Must("plan")
	requests("29 new copies", 29, 29, 29)
	dir.Must("apply", "-auto-approve")
	absent := 0
	for _, r := range dst.Requests() {
		if r.Reference == "1.0.0" && r.Method == http.MethodHead {
			absent++
		}
	}
	if absent != 29*(1+2) { // one in the plan; in the apply one in its plan, and one that sees the tag
		t.Errorf("%d questions about 29 tags", absent)
	}
	src.ResetLog()
	dst.ResetLog()
	dir.Must("plan", "-detailed-exitcode")
	requests("29 unchanged copies", 29, 0, 29*3)
	dst.Lose("mirror/image7", fakeregistry.Multi(7, "linux/amd64", "linux/arm64").Children[0].Digest())
	dir.Run("plan")
	requests("29 with a lost platform", 29, 0, 29*3)
}

func TestAccTwoImagesToOneDestinationAreRefused(t *testing.T) {
	t.Parallel()
	src, dst, _ := registries(t, fakeregistry.Options{})
	src.Push("gcr/ci-addon:1.16.92", fakeregistry.Multi(2, "linux/amd64"))
	dir := copying(t, src, dst, "")
	dir.Write("other.tf", fmt.Sprintf("resource \"harnessci_image_copy\" \"other\" {\n  source = \"%s/gcr/ci-addon:1.16.92\"\n  destination = \"%s/%s\"\n}\n",
		src.Host(), dst.Host(), destinationRef))
	result := dir.Run("plan")
	if result.Code != 1 {
		t.Errorf("the plan ended with %d", result.Code)
	}
	requireDiagnostics(t, result.Output, 1, "Error: Two images are copied to "+dst.Host()+"/"+destinationRef, "harness/ci-addon", "gcr/ci-addon")
}

// What this run makes is a source like any other, with a digest that the plan shows.
func TestAccACopyOfACopyIsPlanned(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"reference": "source = " + copyAddress + ".destination",
		"literal":   "depends_on = [" + copyAddress + "]\n  source = \"dst/" + destinationRef + "\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src, dst, digest := registries(t, fakeregistry.Options{})
			dir := copying(t, src, dst, "")
			dir.Write("other.tf", strings.ReplaceAll("resource \"harnessci_image_copy\" \"other\" {\n  "+source+
				"\n  destination = \"dst/again/ci-addon:1\"\n}\n", "\"dst/", "\""+dst.Host()+"/"))
			plan := dir.Must("plan")
			if strings.Count(plan, digest) < 4 || strings.Contains(plan, "digest      = (known") {
				t.Errorf("the plan does not show the digest of both:\n%s", plan)
			}
			dir.Must("apply", "-auto-approve")
			dir.Must("plan", "-detailed-exitcode")
			if got := dst.Tag("again/ci-addon:1"); got != digest {
				t.Errorf("the second copy is %q, want %s", got, digest)
			}
		})
	}
}

// A dead registry stops nothing but what needs it.
func TestAccADeadDestinationStopsNothing(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	dir := copying(t, src, dst, "")
	dir.Must("apply", "-auto-approve")
	dst.Inject(fakeregistry.Fault{Drop: true, Times: -1})
	requireDiagnostics(t, dir.Must("plan", "-detailed-exitcode"), 1, "Warning: Could not check all copied images in "+dst.Host())
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), "destination =", "on_destroy = \"delete\"\n  destination =", 1))
	dir.Must("apply", "-auto-approve") // settings need no registry

	alive := fakeregistry.Start(t, fakeregistry.Options{}) // builds move to another one
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), dst.Host(), alive.Host(), 1))
	requireDiagnostics(t, dir.Must("apply", "-auto-approve"), 1, "Warning: Could not delete the image copy "+dst.Host()+"/"+destinationRef)
	if got := alive.Tag(destinationRef); got != digest {
		t.Errorf("the new registry has %q, want %s", got, digest)
	}
	alive.Inject(fakeregistry.Fault{Drop: true, Times: -1})
	if result := dir.Run("destroy", "-auto-approve"); result.Code != 1 {
		t.Errorf("a delete in a dead registry ended with %d", result.Code)
	}
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), `on_destroy = "delete"`, "", 1))
	dir.Must("apply", "-auto-approve")
	dir.Must("destroy", "-auto-approve")
}

// There is no moment without an image that builds pull.
func TestAccAnImageThatBuildsPullIsNotDeleted(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	dir := copying(t, src, dst, `on_destroy = "delete"`)
	dir.Write("builds.tf", fmt.Sprintf("resource \"harnessci_image_override\" \"addon\" {\n  infra = \"K8\"\n  field = \"addonTag\"\n  value = %s.destination\n}\n", copyAddress))
	dir.Must("apply", "-auto-approve")

	// A new tag: it is there before the old one goes, which stays while the override names it.
	main := dir.Read("main.tf")
	next := strings.Replace(main, "/"+destinationRef, "/mirror/harness/ci-addon:next", 1)
	dir.Write("main.tf", next)
	dst.Inject(fakeregistry.Fault{Method: http.MethodPut, Reference: "manifests/next", Call: "manifests", Status: 403, Code: "DENIED"})
	if result := dir.Run("apply", "-auto-approve"); result.Code != 1 || dst.Tag(destinationRef) != digest {
		t.Errorf("after a copy that failed (%d), the previous image is %q", result.Code, dst.Tag(destinationRef))
	}
	output := dir.Must("apply", "-auto-approve")
	requireDiagnostics(t, output, 1, "Warning: Kept the image copy "+dst.Host()+"/"+destinationRef, "override of", "K8", "addonTag")
	if dst.Tag(destinationRef) != digest || dst.Tag("mirror/harness/ci-addon:next") != digest {
		t.Errorf("the destination has %q and %q", dst.Tag(destinationRef), dst.Tag("mirror/harness/ci-addon:next"))
	}
	dir.Must("plan", "-detailed-exitcode")

	// The next change deletes it.
	dir.Write("main.tf", strings.Replace(next, ":next", ":later", 1))
	dir.Must("apply", "-auto-approve")
	if got := dst.Tag(destinationRef); got != "" {
		t.Errorf("nothing pulls the previous image, which is still %q", got)
	}
	dir.Must("destroy", "-auto-approve")
	if got := dst.Tag("mirror/harness/ci-addon:later"); got != "" {
		t.Errorf("the destroyed copy is still %q", got)
	}
}

// Logins are for paths, and the longest one wins, at both sides.
func TestAccEachPathHasItsLogin(t *testing.T) {
	t.Parallel()
	src, dst := fakeregistry.Start(t, fakeregistry.Options{Username: "all", Password: "of it"}), fakeregistry.Start(t, fakeregistry.Options{Username: "all", Password: "of it"})
	digest := src.Push(sourceRef, fakeregistry.Multi(1, "linux/amd64"))
	src.AddRobot("harness", "puller", "may pull")
	dst.AddRobot("mirror/harness", "pusher", "may push")
	dst.AddRobot("mirror", "reader", "may not")
	dir := copying(t, src, dst, "")
	dir.Write("main.tf", strings.Replace(dir.Read("main.tf"), "max_retries = 0", fmt.Sprintf(`max_retries = 0
  registries = {
    "%[1]s"                = { username = "nobody", password = "wrong" }
    "%[1]s/harness"        = { username = "puller", password = "may pull" }
    "%[2]s"                = { username = "nobody", password = "wrong" }
    "%[2]s/mirror"         = { username = "reader", password = "wrong as well" }
    "%[2]s/mirror/harness" = { username = "pusher", password = "may push" }
  }`, src.Host(), dst.Host()), 1))
	requireDiagnostics(t, dir.Must("plan"), 0, "Warning: The apply")
	dir.Must("apply", "-auto-approve")
	dir.Must("plan", "-detailed-exitcode")
	if got := dst.Tag(destinationRef); got != digest {
		t.Errorf("the destination has %q, want %s", got, digest)
	}
	for server, login := range map[*fakeregistry.Server]string{src: "puller", dst: "pusher"} {
		for _, r := range server.Requests() {
			if r.Login != login && r.Login != "" || r.Login == "" && r.Kind != "base" {
				t.Errorf("%s %s was sent as %q, want %s", r.Method, r.Path, r.Login, login)
			}
		}
	}
}

// A token server that gives anybody a token is no login.
func TestAccAPlanSaysThatThereIsNoLogin(t *testing.T) {
	t.Parallel()
	src, dst, _ := registries(t, fakeregistry.Options{Username: "me", Password: "hunter2", Token: true, AnonymousPull: true})
	requireDiagnostics(t, copying(t, src, dst, "").Must("plan"), 1, "Warning: The apply may not be able to push to "+dst.Host(),
		"no login is configured for", "Add a login for "+dst.Host())
}

// A copy that takes long says how far it is.
func TestAccALongCopySaysHowFarItIs(t *testing.T) {
	t.Parallel()
	src, dst, digest := registries(t, fakeregistry.Options{})
	dir := copying(t, src, dst, "")
	log := dir.Path("log")
	dir.Setenv("TF_LOG_PROVIDER", "INFO")
	dir.Setenv("TF_LOG_PATH", log)
	says := func(line string) bool {
		for text := range strings.Lines(dir.Read("log")) {
			if strings.Contains(text, line) && strings.Contains(text, "sent_bytes=") && strings.Contains(text, "bytes_per_second=") {
				return strings.Contains(text, dst.Host()+"/"+destinationRef)
			}
		}
		return false
	}
	src.Inject(fakeregistry.Fault{Method: http.MethodGet, Call: "blobs", Hook: func(fakeregistry.Request) {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for !says("Copying an image: ") {
			select {
			case <-ticker.C:
			case <-t.Context().Done():
				return
			}
		}
	}})
	dir.Must("apply", "-auto-approve")
	if !says("Copied an image: ") || !strings.Contains(dir.Read("log"), digest) {
		t.Errorf("the log does not say what the copy took:\n%s", dir.Read("log"))
	}
}

func TestAccAPlanSaysThatTheLoginIsRefused(t *testing.T) {
	t.Parallel()
	src, dst, _ := registries(t, fakeregistry.Options{Username: "me", Password: "hunter2"})
	dir := copying(t, src, dst, "")
	dir.Write("more.tf", fmt.Sprintf("resource \"harnessci_image_copy\" \"more\" {\n  source = \"%s/%s\"\n  destination = \"%s/more/ci-addon:1\"\n}\n",
		src.Host(), sourceRef, dst.Host()))
	requireDiagnostics(t, dir.Must("plan"), 1, "Warning: The apply may not be able to push to "+dst.Host(), "401")
	if got := dst.Count("", "base"); got > 2 {
		t.Errorf("asked %d times", got)
	}
}
