package provider_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// providerProcess returns the one process of the provider that talks to a fake, found in /proc by its
// program and its environment.
func providerProcess(t *testing.T, fake *fakeharness.Server) int {
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
	if len(found) != 1 {
		t.Errorf("%d processes of the provider, want 1: %v", len(found), found)
		return os.Getpid()
	}
	return found[0]
}

// peakMemory returns the most memory that a process has held so far, in MiB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := fs.ReadFile(os.DirFS("/proc"), strconv.Itoa(pid)+"/status")
	if err != nil {
		t.Error(err)
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Error(err)
	}
	return kib >> 10
}

// The provider's own memory is about 30 MiB; what it keeps of an answer is at most 8.
const memoryLimit = 128

// A huge answer, to a read and to a write, does not make the provider huge: what it is not read to the
// end of is an error, or a success where a read then shows what was sent.
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
	output := dir.Must("apply", "-auto-approve")
	if !strings.Contains(strings.Join(diagnosticsOf(output), "\n"), "The answer is larger than 8 MiB and was not read further.") {
		t.Errorf("no word of the answer's size:\n%s", output)
	}
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
	requireError(t, dir.Run("plan").Output, "Could not read the image override ci/K8/addonTag", "larger than 8 MiB")
	if n := fake.Count("get-customer-config"); n != 1 {
		t.Errorf("%d reads, want 1: a huge answer is as huge the next time", n)
	}
	requireUnharmed(t, fake, dir, state)
}

// A crash prints what every goroutine was at: the credential is not in it.
func TestAccACrashTellsNoSecret(t *testing.T) {
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
