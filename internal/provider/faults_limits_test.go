package provider_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// A write without an answer in time ends, is not sent again, because the server may still be at work on it,
// and is read back: if it was stored, it is a success.
func TestAccWritesEndAtTheRequestTimeout(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	faults := map[string]struct {
		fault  fakeharness.Fault
		stored bool
	}{
		"ci/K8":   {fakeharness.Fault{Hang: true}, false},
		"ci/VM":   {fakeharness.Fault{Hang: true, ApplyFirst: true}, true},
		"iacm/K8": {fakeharness.Fault{Drip: time.Hour, Status: 503, Body: "{}"}, false},
		"iacm/VM": {fakeharness.Fault{Drip: time.Hour}, true},
		"idp/K8":  {fakeharness.Fault{}, true},
		"idp/VM":  {fakeharness.Fault{}, true},
		"dbops":   {fakeharness.Fault{Drip: time.Hour}, true},
	}
	for scope, f := range faults {
		f.fault.Call, f.fault.Scope, f.fault.Times = "update-config", scope, -1
		fake.Inject(f.fault)
	}
	result := clitest.New(t, oneEach(fake, `request_timeout = "1s"`), fake.Env()).Run("apply", "-auto-approve")
	told := strings.Join(diagnosticsOf(result.Output), "\n")
	if !strings.Contains(told, "gave no answer to update-config: No complete answer within 1s.") || !strings.Contains(told, "request_timeout") {
		t.Errorf("no word of the time-out:\n%s", result.Output)
	}
	for scope, f := range faults {
		about := "Could not set the image override " + target(fake, scope)
		if !f.stored {
			if requireError(t, result.Output, about); strings.Count(result.Output, ", as explained for ") != 1 {
				t.Errorf("the one cause of two failures is not reported once:\n%s", result.Output)
			}
		} else if strings.Contains(result.Output, about) {
			t.Errorf("%s: %+v is an error", scope, f.fault)
		}
		if n := len(fake.Overrides(scope)); (n == 1) != f.stored {
			t.Errorf("%s: %d overrides stored", scope, n)
		}
		if n := countIn(fake, "update-config", scope); n != 1 {
			t.Errorf("%s: %d writes, want 1", scope, n)
		}
	}
	for _, r := range fake.Requests() {
		if took := r.End.Sub(r.Start); r.Call == "update-config" && faults[r.Scope].fault.Hang && (took < 900*time.Millisecond || took > 10*time.Second) {
			t.Errorf("%s: the client went away after %s, want about 1s", r.Scope, took)
		}
	}
}

func TestAccReadsEndAtTheRequestTimeout(t *testing.T) {
	t.Parallel()
	fake, dir := applied(t, `request_timeout = "1s"`)
	state := dir.Read("terraform.tfstate")
	fake.Inject(fakeharness.Fault{Call: "get-customer-config", Scope: "ci/K8", Times: -1, Hang: true})
	fake.Inject(fakeharness.Fault{Call: "get-customer-config", Scope: "ci/VM", Times: -1, Drip: time.Hour})
	result := dir.Run("plan")
	requireError(t, result.Output, "Could not read the image override ",
		"gave no answer to get-customer-config: No complete answer within 1s.", "request_timeout")
	for _, scope := range []string{"ci/K8", "ci/VM"} {
		// The one whose error ends the run is not planned; the other one's plan asks once more.
		if n := countIn(fake, "get-customer-config", scope); n < 1 || n > 2 {
			t.Errorf("%s: %d reads, want 1, or 2 with the plan's", scope, n)
		}
	}
	requireUnharmed(t, fake, dir, state)
}

// Ctrl-C drops what has not been sent and waits for what has: within request_timeout and the time for a
// late answer, the run ends and reports the outcome of each write.
func TestAccInterruptEndsARun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args  string
		fault fakeharness.Fault
		says  []string
	}{
		"a write that hangs": {
			"apply -auto-approve",
			fakeharness.Fault{Call: "update-config", Hang: true},
			[]string{"Could not set the image override ci/K8/addonTag", "Cancelled after the write was sent; it may or may not be stored"},
		},
		// It is read back and found stored: only the CLI says that it was interrupted.
		"a write whose bytes are slow": {"apply -auto-approve", fakeharness.Fault{Call: "update-config", Drip: time.Hour}, nil},
		"a wait for the rate limit": {
			"apply -auto-approve",
			fakeharness.Fault{Call: "update-config", Status: 429, Times: -1},
			[]string{"Could not set the image override ci/K8/addonTag", "Cancelled after the write was sent", "Run a plan"},
		},
		"a verification that hangs": {
			"apply -auto-approve",
			fakeharness.Fault{Call: "get-customer-config", Hang: true, After: 2},
			[]string{"Could not verify the image override ci/K8/addonTag", "The state contains what was sent."},
		},
		// Terraform does not pass an interrupt on to providers while an apply is still planning.
		"a plan that hangs": {"plan", fakeharness.Fault{Call: "get-default-config", Hang: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answered := make(chan struct{}, 100)
			fake := startFake(t, fakeharness.Options{OnAnswer: func(fakeharness.Request) { answered <- struct{}{} }})
			config := "provider \"harnessci\" {\n  request_timeout = \"1s\"\n  max_retries = 20\n}\n" + overrides(fake, map[string]int{"ci/K8": 1})
			reached := make(chan struct{}, 100)
			test.fault.Hook = func(fakeharness.Request) { reached <- struct{}{} }
			fake.Inject(test.fault)
			run := clitest.New(t, config, fake.Env()).Start(strings.Fields(test.args)...)
			limit := time.NewTimer(2 * time.Minute)
			defer limit.Stop()
			select {
			case <-reached:
			case <-limit.C:
				t.Fatal("the run does not get to what it waits for")
			}
			run.Signal(syscall.SIGINT)
			result := run.Wait()
			if result.Code == 0 {
				t.Errorf("the interrupted run ended with 0:\n%s", result.Output)
			}
			for _, says := range test.says {
				requireSays(t, result.Output, says)
			}
			for range fake.Requests() {
				select {
				case <-answered:
				case <-limit.C:
					t.Fatal("a request goes on after the CLI's end")
				}
			}
		})
	}
}
