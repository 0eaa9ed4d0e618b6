package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// addFields gives ci/K8 so many fields more than it has.
func addFields(fake *fakeharness.Server, n int) {
	for i := range n {
		fake.SetDefault("ci/K8", fmt.Sprintf("extra%dTag", i), "plugins/extra:1.0.0")
	}
}

// calls counts the requests of each call since the log was reset.
func calls(fake *fakeharness.Server) map[string]int {
	counts := map[string]int{}
	for _, request := range fake.Requests() {
		counts[request.Call]++
	}
	return counts
}

func TestAccRequestsByTheNumberOfSingleOverrides(t *testing.T) {
	for _, n := range []int{20, 60} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			fake := startFake(t, fakeharness.Options{Latency: latency})
			addFields(fake, n)
			dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": n}), fake.Env())
			// Ten at a time, and a few more where the CLI is slow to hand them out.
			mostWrites := n/10 + n/20 + 1

			dir.Must("apply", "-auto-approve")
			writes, verifying := writesAndVerifyingReads(fake)
			if writes > mostWrites || verifying != writes || len(fake.Overrides("ci/K8")) != n {
				t.Errorf("apply: %d writes, each with a verifying read, want at most %d; %d reads and %d stored",
					writes, mostWrites, verifying, len(fake.Overrides("ci/K8")))
			}
			// The plan and the apply ask once each, in separate processes.
			want := map[string]int{"get-connector": 2, "get-default-config": 2, "get-customer-config": 2 + verifying, "update-config": writes}
			if got := calls(fake); !maps.Equal(got, want) {
				t.Errorf("apply: %v, want %v", got, want)
			}

			fake.ResetLog()
			requireEmptyPlan(t, dir)
			if got, want := calls(fake), map[string]int{"get-default-config": 1, "get-customer-config": 1}; !maps.Equal(got, want) {
				t.Errorf("plan: %v, want %v however many there are", got, want)
			}

			fake.ResetLog()
			dir.Must("destroy", "-auto-approve")
			if got := fake.Count("writes"); got > mostWrites || len(fake.Overrides("ci/K8")) != 0 {
				t.Errorf("destroy: %d writes, want at most %d; %d are left", got, mostWrites, len(fake.Overrides("ci/K8")))
			}
		})
	}
}

func TestAccRequestsByTheSizeOfASet(t *testing.T) {
	for _, n := range []int{20, 200} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			fake := startFake(t, fakeharness.Options{})
			addFields(fake, n)
			dir := clitest.New(t, exclusiveSet(mirrored(fake, n)), fake.Env())
			dir.Must("apply", "-auto-approve")
			want := map[string]int{"get-connector": 2, "get-default-config": 2, "get-customer-config": 3, "update-config": 1}
			if got := calls(fake); !maps.Equal(got, want) || len(fake.Overrides("ci/K8")) != n {
				t.Errorf("apply: %v, want %v; %d stored", got, want, len(fake.Overrides("ci/K8")))
			}
			fake.ResetLog()
			requireEmptyPlan(t, dir)
			if got, want := calls(fake), map[string]int{"get-default-config": 1, "get-customer-config": 1}; !maps.Equal(got, want) {
				t.Errorf("plan: %v, want %v", got, want)
			}
		})
	}
}

// inAccounts returns a configuration of n single overrides in each of the accounts, one alias each,
// and adds the accounts.
func inAccounts(fake *fakeharness.Server, accounts, n int) string {
	var config strings.Builder
	for i := range accounts {
		id := fmt.Sprintf("%s-%d", fake.Options().AccountID, i)
		fake.AddAccount(id)
		fmt.Fprintf(&config, "provider \"harnessci\" {\n  alias      = \"a%[1]d\"\n  account_id = %[2]q\n}\n", i, id)
		resource := strings.Replace(overrides(fake, map[string]int{"ci/K8": n}), "ci_K8", fmt.Sprintf("a%d", i), 1)
		config.WriteString(strings.Replace(resource, "for_each", fmt.Sprintf("provider = harnessci.a%d\n  for_each", i), 1))
	}
	return config.String()
}

// storedInAccounts returns how many overrides all accounts of inAccounts have together.
func storedInAccounts(fake *fakeharness.Server, accounts int) int {
	n := 0
	for i := range accounts {
		n += len(fake.OverridesOf(fmt.Sprintf("%s-%d", fake.Options().AccountID, i), "ci/K8"))
	}
	return n
}

func TestAccManyAccountsStayBelowTheRateLimit(t *testing.T) {
	// As many calls as overrides, like Harness's 400 a minute for 400 overrides.
	const accounts, each = 5, 20
	fake := startFake(t, fakeharness.Options{Latency: latency, RateLimit: accounts * each})
	dir := clitest.New(t, inAccounts(fake, accounts, each), fake.Env())
	dir.Must("apply", "-auto-approve")
	if got := storedInAccounts(fake, accounts); got != accounts*each {
		t.Errorf("stored %d of %d", got, accounts*each)
	}
	for _, request := range fake.Requests() {
		if request.Status != http.StatusOK {
			t.Fatalf("%s of %s was answered with %d", request.Call, request.Account, request.Status)
		}
	}
	if got := fake.MaxWritesInFlight(); got != 1 {
		t.Errorf("%d writes in flight at once in one account", got)
	}
	t.Logf("%d requests for %d overrides", len(fake.Requests()), accounts*each)

	fake.ResetLog()
	requireEmptyPlan(t, dir)
	want := map[string]int{"get-default-config": accounts, "get-customer-config": accounts}
	if got := calls(fake); !maps.Equal(got, want) {
		t.Errorf("plan: %v, want %v", got, want)
	}
}

func TestAccARateLimitThatIsHitSlowsDownAndLosesNothing(t *testing.T) {
	fake := startFake(t, fakeharness.Options{})
	const turnedAway, wait = 3, time.Second
	// Behind the reads of the plan and of the apply: writes and verifying reads are hit.
	fake.Inject(fakeharness.Fault{
		After: 5, Times: turnedAway, Status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": {fmt.Sprint(int(wait.Seconds()))}},
	})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 20}), fake.Env())
	start := time.Now()
	dir.Must("apply", "-auto-approve")
	if took := time.Since(start); took < turnedAway*wait {
		t.Errorf("took %s, although it had to wait %d times for %s", took, turnedAway, wait)
	}
	if got := len(fake.Overrides("ci/K8")); got != 20 {
		t.Errorf("stored %d of 20", got)
	}
	writes, others := 0, 0
	for _, request := range fake.Requests() {
		switch {
		case request.Status == http.StatusTooManyRequests:
			others++
		case request.Method == http.MethodPost:
			writes++
		}
	}
	if others != turnedAway || writes > 3 {
		t.Errorf("%d requests were turned away and %d writes accepted, want %d and at most 3", others, writes, turnedAway)
	}
}
