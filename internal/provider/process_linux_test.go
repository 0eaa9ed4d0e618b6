package provider_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// providerProcess returns the one process of the provider that talks to a fake.
func providerProcess(t *testing.T, fake *fakeharness.Server) int {
	t.Helper()
	found := providerProcesses(t, fake)
	if len(found) != 1 {
		t.Errorf("%d processes of the provider, want 1: %v", len(found), found)
		return os.Getpid()
	}
	return found[0]
}

// providerProcesses returns the processes of the provider that talk to a fake, found in /proc by their
// program and their environment.
func providerProcesses(t *testing.T, fake *fakeharness.Server) []int {
	t.Helper()
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, program := range programs {
		id := filepath.Base(filepath.Dir(program))
		path, _ := os.Readlink(program) // of a process that has ended meanwhile, or is another's
		environ, _ := fs.ReadFile(os.DirFS("/proc"), id+"/environ")
		if filepath.Base(path) == "terraform-provider-harnessci" && bytes.Contains(environ, []byte(fake.Endpoint()+"\x00")) {
			pid, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, pid)
		}
	}
	return found
}

// watchMemory returns a function that stops the watch and returns the most memory, in MiB, that a process
// of the provider has used, with its own settings of the garbage collector.
func watchMemory(t *testing.T, dir *clitest.Dir, fake *fakeharness.Server) (stop func() int) {
	t.Helper()
	dir.Setenv("GOGC", "")
	quit, peak := make(chan struct{}), make(chan int)
	go func() {
		most := 0
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			for _, pid := range providerProcesses(t, fake) {
				most = max(most, peakMemory(t, pid))
			}
			select {
			case <-ticker.C:
			case <-quit:
				peak <- most
				return
			}
		}
	}()
	return func() int { close(quit); return <-peak }
}

// peakMemory returns the most memory that a process has used so far, in MiB; 0 for one that has ended.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := fs.ReadFile(os.DirFS("/proc"), strconv.Itoa(pid)+"/status")
	_, after, running := strings.Cut(string(status), "VmHWM:")
	if err != nil || !running {
		return 0
	}
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Error(err)
	}
	return kib >> 10
}

// The provider's own memory is about 30 MiB; what it keeps of an answer is at most 2.
const memoryLimit = 128

// A huge answer, to a read or a write, does not make the provider huge: an answer not read to its end is an
// error, or a success if a read then shows what was sent.
func TestAccHugeAnswersDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	const size = 512 << 20
	peak := map[string]int{}
	var mu sync.Mutex
	measure := func(before string) func(fakeharness.Request) {
		return func(fakeharness.Request) {
			mu.Lock()
			defer mu.Unlock()
			peak[before] = peakMemory(t, providerProcess(t, fake))
		}
	}
	fake.Inject(fakeharness.Fault{Call: "get-default-config", Status: 503, PadTo: size})
	fake.Inject(fakeharness.Fault{Call: "get-default-config", PadTo: size, Hook: measure("a read's second attempt")})
	fake.Inject(fakeharness.Fault{Call: "update-config", PadTo: size, Hook: func(fakeharness.Request) {
		fake.Inject(fakeharness.Fault{Call: "get-customer-config", Hook: measure("a write's verification")})
	}})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 1}), fake.Env())
	dir.Setenv("GOGC", "") // as for a user
	requireError(t, dir.Run("plan").Output, "Could not check the planned images of ci/K8",
		"The answer is larger than 2 MiB and was not read further.")
	dir.Must("apply", "-auto-approve")
	if len(fake.Overrides("ci/K8")) != 1 {
		t.Error("nothing is stored")
	}
	mu.Lock()
	t.Logf("peak memory, in MiB: %v", peak)
	for _, moment := range []string{"a read's second attempt", "a write's verification"} {
		if peak[moment] == 0 || peak[moment] > memoryLimit {
			t.Errorf("before %s, the provider had held %d MiB at most, want 1 to %d", moment, peak[moment], memoryLimit)
		}
	}
	mu.Unlock()

	state := dir.Read("terraform.tfstate")
	fake.ResetLog()
	fake.Inject(fakeharness.Fault{Call: "get-customer-config", PadTo: size, Times: -1})
	requireError(t, dir.Run("plan").Output, "Could not read the image override ci/K8/addonTag", "larger than 2 MiB")
	if n := fake.Count("get-customer-config"); n != 1 {
		t.Errorf("%d reads, want 1: a huge answer is as huge the next time", n)
	}
	requireUnharmed(t, fake, dir, state)
}

// Whatever the server answers, and however many answers a run needs, a plan stays small.
func TestAccNoAnswerMakesAPlanLarge(t *testing.T) {
	fields := func(n int, image string) string {
		var b strings.Builder
		b.WriteString(`{"status":"SUCCESS","data":{"addonTag":"harness/ci-addon:1.0.0"`)
		for i := range n {
			fmt.Fprintf(&b, `,"f%d":%q`, i, image)
		}
		return b.String() + "}}"
	}
	long := "registry.example.com/" + strings.Repeat("x", 350) + ":1.0.0"
	catalog := `{"repositories":["a"` + strings.Repeat(`,"harness/image"`, 49_990) + `]}`
	for name, body := range map[string]string{
		"as many fields as are read, and long ones": fields(4_990, long),
		"600,000 short fields":                      fields(600_000, "x"),
		"a list of nothings":                        `{"status":"ERROR","errors":[{}` + strings.Repeat(",{}", 600_000) + `]}`,
		"deep nesting":                              `{"status":"SUCCESS","data":` + strings.Repeat("[", 1_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			fake := startFake(t, fakeharness.Options{})
			fake.Inject(fakeharness.Fault{Call: "get-default-config", Status: 200, Body: body, Times: -1})
			fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: 200, Body: body, Times: -1})
			fake.Inject(fakeharness.Fault{Call: "catalog", Status: 200, Body: catalog, Times: -1})
			config := new(strings.Builder)
			config.WriteString(`data "harnessci_image_catalog" "all" {}`)
			for _, scope := range faultScopes {
				module, infra := scopeHCL(scope)
				fmt.Fprintf(config, `
resource "harnessci_image_override" "%[3]s" {
  module = %[1]s
  infra  = %[2]s
  field  = "addonTag"
  value  = "harness/ci-addon:1.0.0"
}
data "harnessci_default_images" "%[3]s" {
  module = %[1]s
  infra  = %[2]s
}
`, module, infra, strings.ReplaceAll(scope, "/", "_"))
			}
			dir := clitest.New(t, config.String(), fake.Env())
			stop := watchMemory(t, dir, fake)
			result := dir.Run("plan")
			if peak := stop(); peak == 0 || peak > memoryLimit {
				t.Errorf("the provider held %d MiB, want 1 to %d", peak, memoryLimit)
			} else {
				t.Logf("%d MiB, exit code %d", peak, result.Code)
			}
		})
	}
}

// Whatever registries answer, the apply of ten copies, and lists of a million tags, stay small.
func TestAccNoRegistryMakesAnApplyLarge(t *testing.T) {
	padded := func(n, size int, child fakeregistry.Content) fakeregistry.Content {
		c := fakeregistry.Manifest(fakeregistry.IndexType, map[string]any{
			"manifests":   slices.Repeat([]fakeregistry.Descriptor{fakeregistry.Describe(child.MediaType, child.Manifest)}, 300),
			"annotations": map[string]string{strconv.Itoa(n): strings.Repeat("x", size)},
		})
		c.Children = []fakeregistry.Content{child}
		return c
	}
	image, good := fakeregistry.Multi(1, "linux/amd64"), newSigner(t)
	tag := signatureTag("a/b", image.Digest())
	for name, push := range map[string]func(*fakeregistry.Server){
		"nested indexes": func(s *fakeregistry.Server) {
			var nested []fakeregistry.Content
			for n := range 60 {
				nested = append(nested, padded(n, 1<<20, image))
			}
			s.Push("a/b:1.0.0", fakeregistry.Index(nested...))
		},
		"referrers": func(s *fakeregistry.Server) {
			s.Push("a/b:1.0.0", image)
			entry := `{"mediaType":"` + fakeregistry.ManifestType + `","size":1,"digest":"` + image.Digest() + `"}`
			body := `{"schemaVersion":2,"manifests":[` + strings.Repeat(entry+",", 20_000) + entry + `]}`
			s.Inject(fakeregistry.Fault{
				Call: "referrers", Times: -1, Body: body, Header: map[string][]string{"Content-Type": {fakeregistry.IndexType}},
			})
		},
		// The largest bundle, signing payload and bill of materials that are read, and many small ones.
		"signatures": func(s *fakeregistry.Server) {
			s.Push("a/b:1.0.0", image)
			envelope := `{"dsseEnvelope":{"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}],"payload":"` +
				strings.Repeat("AAAA", 2_000_000) + `"}}`
			payload := []byte(`{"optional":[1` + strings.Repeat(",1", 4_000_000) + `]}`)
			document := attached(nil, bundleType, []byte(envelope), "")
			signing := attached(nil, "application/vnd.dev.cosign.simplesigning.v1+json", payload, good.sign(payload))
			bill := good.attestation(image, "https://cyclonedx.org/bom", `["`+strings.Repeat("x", 5_800_000)+`"]`)
			s.Push(tag, document)
			s.Push(strings.Replace(tag, ".sig", ".att", 1), signing)
			s.Push("a/b", bill)
			for i := range 8 {
				s.Push("a/b", good.attestation(image, vulnType, fmt.Sprintf(`["%d%s"]`, i, strings.Repeat("x", 700_000))))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake, src := startFake(t, fakeharness.Options{}), fakeregistry.Start(t, fakeregistry.Options{Referrers: true})
			dst := fakeregistry.Start(t, fakeregistry.Options{Referrers: true})
			push(src)
			copies, lists := new(strings.Builder), new(strings.Builder)
			n := 10
			if name == "signatures" {
				n = 4 // one large document is read at a time, and four answers
			}
			for i := range n {
				fmt.Fprintf(copies, "resource \"harnessci_image_copy\" \"c%[1]d\" {\n  source = \"%[2]s/a/b:1.0.0\"\n"+
					"  destination = \"%[3]s/c/d%[1]d:1.0.0\"\n  signatures = \"when_supported\"\n}\n", i, src.Host(), dst.Host())
				fmt.Fprintf(lists, "data \"harnessci_image_releases\" \"l%[1]d\" {\n  image = \"%[2]s/list%[1]d:1.0.0\"\n}\n", i, src.Host())
			}
			tags := new(strings.Builder)
			for n := range 198_000 {
				fmt.Fprintf(tags, `"1.0.%d-%s",`, n, strings.Repeat("x", 100))
			}
			src.Inject(fakeregistry.Fault{Call: "tags", Times: -1, Body: `{"tags":[` + tags.String() + `"1.0.0"]}`})
			dir := clitest.New(t, copies.String(), fake.Env())
			if name == "signatures" {
				for i := range 2 {
					fmt.Fprintf(lists, "data \"harnessci_registry_image\" \"i%d\" {\n  image = \"%s/a/b:1.0.0\"\n}\n", i, src.Host())
				}
				dir = requiring(t, fake, src, wantSignature, copies.String(), good)
			}
			stop := watchMemory(t, dir, fake)
			applied := dir.Run("apply", "-auto-approve")
			dir.Write("lists.tf", lists.String())
			planned := dir.Run("plan")
			if peak := stop(); peak == 0 || peak > memoryLimit || dst.Count("") == 0 || src.Count("", "tags") == 0 {
				t.Errorf("the provider held %d MiB, want 1 to %d, and %d requests to the destination:\n%.2000s", peak, memoryLimit, dst.Count(""), applied.Output)
			} else {
				t.Logf("%d MiB, exit codes %d and %d, %d requests to the destination, %d documents", peak, applied.Code, planned.Code, dst.Count(""), src.Count(http.MethodGet, "blobs"))
			}
		})
	}
}

// A crash prints the stack of every goroutine: the credential is not in it.
func TestAccACrashShowsNoSecret(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{APIKey: secretKey})
	fake.Inject(fakeharness.Fault{Call: "update-config", Hang: true, Hook: func(fakeharness.Request) {
		if pid := providerProcess(t, fake); pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGQUIT) // where it has gone, no trace is printed
		}
	}})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 1}), fake.Env())
	dir.Setenv("TF_LOG", "TRACE") // a CLI prints the trace of a panic, and logs that of a signal
	result := dir.Run("apply", "-auto-approve")
	if result.Code != 1 || !strings.Contains(result.Output, "SIGQUIT") || !strings.Contains(result.Output, "UpdateImages") {
		t.Errorf("exit code %d, without the trace of a crash:\n%s", result.Code, result.Output)
	}
	requireNoSecret(t, "the crash", result.Output)
	requireNoSecretBelow(t, filepath.Dir(dir.Path("main.tf")))
}

// A CI system that cancels a job sends SIGTERM to the CLI and its providers at once: what is on its way is
// finished and in the state, and a provider whose CLI has died ends.
func TestAccSIGTERMToTheProcessGroupLosesNothing(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{WriteLatency: 300 * time.Millisecond})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 6}), fake.Env())
	dir.Group = true
	cancelled := func(args ...string) (output string) {
		t.Helper()
		writing := make(chan struct{})
		fake.Inject(fakeharness.Fault{Call: "writes", Hook: func(fakeharness.Request) { close(writing) }})
		run := dir.Start(args...)
		<-writing
		run.SignalGroup(syscall.SIGTERM)
		result := run.Wait()
		// Not "field", which each identity in the state has, too.
		stored, listed := len(fake.Overrides("ci/K8")), strings.Count(dir.State(), `"restored":`)
		if result.Code == 0 || stored != listed {
			t.Errorf("exit code %d, %d stored, %d in the state:\n%s", result.Code, stored, listed, result.Output)
		}
		return result.Output
	}
	cancelled("apply", "-auto-approve")
	dir.Must("apply", "-auto-approve")
	cancelled("destroy", "-auto-approve")
	dir.Must("destroy", "-auto-approve")

	hung := make(chan struct{})
	fake.Inject(fakeharness.Fault{Call: "writes", Hang: true, Hook: func(fakeharness.Request) { close(hung) }})
	run := dir.Start("apply", "-auto-approve")
	<-hung
	orphan := providerProcess(t, fake)
	run.Signal(syscall.SIGKILL)
	run.SignalGroup(syscall.SIGTERM)
	run.Wait()
	deadline, look := time.NewTimer(10*time.Second), time.NewTicker(50*time.Millisecond)
	defer look.Stop()
	for len(providerProcesses(t, fake)) > 0 {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatalf("process %d goes on without its CLI", orphan)
		}
	}
}
