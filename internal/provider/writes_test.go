package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// The latency of the promises below: that of a near region.
const latency = 100 * time.Millisecond

// runs returns how often a randomized test repeats: n with HARNESSCI_TEST_LONG set, else once.
func runs(n int) int {
	if os.Getenv("HARNESSCI_TEST_LONG") != "" {
		return n
	}
	return 1
}

// overrides returns a configuration that overrides the first n fields of each given scope.
func overrides(fake *fakeharness.Server, want map[string]int) string {
	var config strings.Builder
	for _, scope := range slices.Sorted(maps.Keys(want)) {
		module, infra := scopeHCL(scope)
		fmt.Fprintf(&config, `
resource "harnessci_image_override" "%s" {
  for_each = toset(%s)
  module   = %s
  infra    = %s
  field    = each.key
  value    = "registry.example.com/mirror/${lower(each.key)}:9.9.9"
}
`, strings.ReplaceAll(scope, "/", "_"), list(fake.Settable(scope)[:want[scope]]), module, infra)
	}
	return config.String()
}

// scopeHCL returns the values of module and infra for a scope such as "ci/K8", or "dbops", which has no infra.
func scopeHCL(scope string) (module, infra string) {
	module, infra, found := strings.Cut(scope, "/")
	if !found {
		return strconv.Quote(module), "null"
	}
	return strconv.Quote(module), strconv.Quote(infra)
}

func list(items []string) string {
	quoted := make([]string, 0, len(items))
	for _, item := range items {
		quoted = append(quoted, strconv.Quote(item))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func startFake(t *testing.T, opts fakeharness.Options) *fakeharness.Server {
	t.Helper()
	clitest.Require(t)
	return fakeharness.Start(t, opts)
}

func TestAcc29OverridesTakeFewSerialWrites(t *testing.T) {
	fake := startFake(t, fakeharness.Options{Latency: latency})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 29}), fake.Env())
	dir.Must("apply", "-auto-approve")
	if got := len(fake.Overrides("ci/K8")); got != 29 {
		t.Errorf("stored %d of 29", got)
	}
	writes, verifying := writesAndVerifyingReads(fake)
	if writes > 4 || verifying > 4 || fake.MaxWritesInFlight() != 1 {
		t.Errorf("%d writes, %d verifying reads, %d writes in flight at once; want at most 4, 4 and 1",
			writes, verifying, fake.MaxWritesInFlight())
	}
	t.Logf("%d writes, %d verifying reads, %d requests in all", writes, verifying, len(fake.Requests()))
}

// writesAndVerifyingReads counts the writes and the reads of overrides that came after the first.
func writesAndVerifyingReads(fake *fakeharness.Server) (writes, verifying int) {
	for _, request := range fake.Requests() {
		switch {
		case strings.HasSuffix(request.Call, "-config") && request.Method == http.MethodPost:
			writes++
		case request.Call == "get-customer-config" && writes > 0:
			verifying++
		}
	}
	return writes, verifying
}

func TestAccEveryOverrideOfBothInfrasTakesFewWrites(t *testing.T) {
	fake := startFake(t, fakeharness.Options{Latency: latency})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 29, "ci/VM": 23}), fake.Env())
	check := func(step string, stored int, mostWrites int) {
		t.Helper()
		k8, vm := len(fake.Overrides("ci/K8")), len(fake.Overrides("ci/VM"))
		if k8+vm != stored {
			t.Errorf("%s: %d and %d stored, want %d in all", step, k8, vm, stored)
		}
		if got := fake.Count("writes"); got > mostWrites {
			t.Errorf("%s: %d writes, want at most %d", step, got, mostWrites)
		}
		t.Logf("%s: %d writes, %d requests", step, fake.Count("writes"), len(fake.Requests()))
	}
	dir.Must("apply", "-auto-approve")
	check("apply", 52, 14)

	fake.ResetLog()
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
		t.Errorf("the plan after the apply is not empty:\n%s", result.Output)
	}
	check("plan", 52, 0)
	if got := fake.Count("get-customer-config"); got != 2 {
		t.Errorf("the plan read the overrides %d times, want once per infra", got)
	}

	fake.ResetLog()
	dir.Must("destroy", "-auto-approve")
	check("destroy", 0, 14)
	if got := fake.MaxWritesInFlight(); got != 1 {
		t.Errorf("%d writes in flight at once", got)
	}
}

// refusals are the ways in which the API may refuse a field that cannot be set.
var refusals = []int{http.StatusInternalServerError, http.StatusBadRequest}

func TestAccOneBadFieldAmongTenFailsAlone(t *testing.T) {
	t.Parallel()
	for _, status := range refusals {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{BadFieldStatus: status})
			config := overrides(fake, map[string]int{"ci/K8": 9}) + `
		resource "harnessci_image_override" "bad" {
		  field = "noSuchTag"
		  value = "harness/ci-addon:1.16.92"
		}
		provider "harnessci" {
		  skip_field_validation = true
		}
		`
			result := clitest.New(t, config, fake.Env()).Run("apply", "-auto-approve")
			if got := len(fake.Overrides("ci/K8")); got != 9 {
				t.Errorf("stored %d of 9", got)
			}
			if errors := strings.Count(result.Output, "Error: "); result.Code != 1 || errors != 1 || !strings.Contains(result.Output, "noSuchTag") {
				t.Errorf("want one error that names noSuchTag, exit code 1; got %d errors and %d:\n%s", errors, result.Code, result.Output)
			}
		})
	}
}

func TestAccASecondWriterNeverUndoesOurs(t *testing.T) {
	for run := range runs(100) {
		fake := startFake(t, fakeharness.Options{Latency: latency})
		dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 29}), fake.Env())
		stop := hammer(t, fake, "VM")
		result := dir.Run("apply", "-auto-approve")
		if n := stop(); n < 5 {
			t.Fatalf("the other writer wrote %d times only", n)
		}
		if got := len(fake.Overrides("ci/K8")); got != 29 || result.Code != 0 {
			t.Fatalf("run %d: stored %d of 29, exit code %d:\n%s", run, got, result.Code, result.Output)
		}
		t.Logf("run %d: %d writes of both", run, fake.Count("writes"))
	}
}

// hammer writes one field of an infra after another, without a pause, until stop, which returns the number
// of writes.
func hammer(t *testing.T, fake *fakeharness.Server, infra string) (stop func() int) {
	t.Helper()
	fields := slices.Sorted(maps.Keys(fake.Defaults("ci/" + infra)))
	ended, count := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-ended:
				count <- n
				return
			default:
			}
			body := fmt.Sprintf(`[{"field":%q,"value":"theirs:%d"}]`, fields[n%len(fields)], n)
			url := fmt.Sprintf("%s/ci/execution-config/update-config?infra=%s&accountIdentifier=%s",
				fake.Endpoint(), infra, fake.Options().AccountID)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
			if err != nil {
				t.Error(err)
				continue
			}
			request.Header.Set("X-API-KEY", fake.Options().APIKey)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				continue
			}
			response.Body.Close()
			n++
		}
	}()
	var once sync.Once
	var n int
	stop = func() int { once.Do(func() { close(ended); n = <-count }); return n }
	t.Cleanup(func() { stop() })
	return stop
}

func TestAccTwoAliasesOfOneAccountTakeTurns(t *testing.T) {
	for run := range runs(20) {
		fake := startFake(t, fakeharness.Options{Latency: latency})
		config := `provider "harnessci" {
  alias = "other"
}
` + overrides(fake, map[string]int{"ci/K8": 20}) +
			strings.Replace(overrides(fake, map[string]int{"ci/VM": 20}), "for_each", "provider = harnessci.other\n  for_each", 1)
		dir := clitest.New(t, config, fake.Env())
		dir.Setenv("XDG_CACHE_HOME", t.TempDir())
		dir.Must("apply", "-auto-approve")
		k8, vm := len(fake.Overrides("ci/K8")), len(fake.Overrides("ci/VM"))
		if k8 != 20 || vm != 20 || fake.MaxWritesInFlight() != 1 {
			t.Fatalf("run %d: stored %d and %d of 20 each, %d writes in flight at once", run, k8, vm, fake.MaxWritesInFlight())
		}
	}
}

func TestAccAnswersThatLieAreNeverASuccess(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  fakeharness.Fault
		stored bool
		says   string
	}{
		"true and nothing stored, once":   {fakeharness.Fault{Lie: true}, true, ""},
		"true and nothing stored, always": {fakeharness.Fault{Lie: true, Times: -1}, false, "the server has"},
		"an error behind 200": {fakeharness.Fault{
			Times: -1, Status: http.StatusOK,
			Body: `{"status":"ERROR","code":"INVALID_REQUEST","message":"the store is read-only","correlationId":"c-1"}`,
		}, false, "the store is read-only"},
		"a message behind 201":   {fakeharness.Fault{Times: -1, Status: http.StatusCreated, Body: `{"message":"the store is read-only"}`}, false, ""},
		"applied, then 503":      {fakeharness.Fault{ApplyFirst: true, Status: http.StatusServiceUnavailable, Times: -1}, true, ""},
		"lost answer":            {fakeharness.Fault{ApplyFirst: true, Drop: true}, true, ""},
		"504 and saved late":     {fakeharness.Fault{SaveLate: 2 * time.Second, Status: http.StatusGatewayTimeout, Times: -1}, true, ""},
		"504 and nothing stored": {fakeharness.Fault{Status: http.StatusGatewayTimeout, Times: -1}, false, "HTTP 504"},
	} {
		for _, scope := range []string{"ci/K8", "dbops"} {
			t.Run(name+" in "+strings.ReplaceAll(scope, "/", " "), func(t *testing.T) {
				t.Parallel()
				fake := startFake(t, fakeharness.Options{})
				config := overrides(fake, map[string]int{scope: 1}) + "provider \"harnessci\" {\n  max_retries = 1\n}\n"
				fault := test.fault // the test of the other scope runs at the same time
				fault.Call = "update-config"
				fake.Inject(fault)
				result := clitest.New(t, config, fake.Env()).Run("apply", "-auto-approve")
				if stored := len(fake.Overrides(scope)) == 1; stored != test.stored || (result.Code == 0) != test.stored {
					t.Errorf("stored %t, exit code %d:\n%s", stored, result.Code, result.Output)
				}
				if !strings.Contains(result.Output, test.says) {
					t.Errorf("the output does not say %q:\n%s", test.says, result.Output)
				}
			})
		}
	}
}

// Writes are verified even if reads come from a lagging replica.
func TestAccStaleReadsLoseNothing(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{ReplicaLag: time.Second})
	want := map[string]int{"ci/K8": 3, "dbops": 3}
	dir := clitest.New(t, overrides(fake, want), fake.Env())
	dir.Must("apply", "-auto-approve")
	for scope, n := range want {
		if got := len(fake.Overrides(scope)); got != n {
			t.Errorf("%s: %d stored, want %d", scope, got, n)
		}
	}
	requireEmptyPlan(t, dir)
	dir.Must("destroy", "-auto-approve")
	requireNoOverride(t, fake)
}

func TestAccARenamedResourceKeepsItsOverride(t *testing.T) {
	fake := startFake(t, fakeharness.Options{})
	config := "resource \"harnessci_image_override\" \"%s\" {\n  field = \"gitCloneTag\"\n  value = \"harness/drone-git:1.0.0\"\n}\n"
	dir := clitest.New(t, fmt.Sprintf(config, "old"), fake.Env())
	dir.Must("apply", "-auto-approve")
	dir.Write("main.tf", fmt.Sprintf(config, "new"))
	dir.Must("apply", "-auto-approve")
	if got := fake.Overrides("ci/K8")["gitCloneTag"]; got != "harness/drone-git:1.0.0" {
		t.Errorf("after the rename the server has %q", got)
	}
	if result := dir.Run("plan", "-detailed-exitcode"); result.Code != 0 {
		t.Errorf("the plan after the rename is not empty:\n%s", result.Output)
	}
}
