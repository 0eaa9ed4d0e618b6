package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// applied returns a fake and a folder in which oneEach has been applied.
func applied(t *testing.T, providerAttributes string) (*fakeharness.Server, *clitest.Dir) {
	t.Helper()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, oneEach(fake, providerAttributes), fake.Env())
	dir.Must("apply", "-auto-approve")
	fake.ResetLog()
	return fake, dir
}

// requireUnharmed fails unless the state still has all overrides and nothing was written.
func requireUnharmed(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir, state string) {
	t.Helper()
	if dir.Read("terraform.tfstate") != state {
		t.Error("the state has changed")
	}
	if n := fake.Count("writes"); n != 0 {
		t.Errorf("%d writes", n)
	}
	fake.ClearFaults()
	requireEmptyPlan(t, dir)
}

// A refresh that cannot read says so, whatever the failure, and an apply then changes nothing.
func TestAccFailedReadsKeepTheState(t *testing.T) {
	t.Parallel()
	fake, dir := applied(t, "max_retries = 1")
	state := dir.Read("terraform.tfstate")
	faults := []struct {
		fakeharness.Fault
		requests int // 0: at least two, for net/http repeats a read by itself when a reused connection breaks
		says     []string
	}{
		{
			fakeharness.Fault{Status: 401, Body: fakeharness.ErrorBody("INVALID_TOKEN", "Token is not valid.", "id-1")},
			1,
			[]string{"HTTP 401: Token is not valid.", "code: INVALID_TOKEN", "correlationId: id-1", "the api_key"},
		},
		{fakeharness.Fault{Status: 403}, 1, []string{"HTTP 403.", "reading needs the account view permission"}},
		{fakeharness.Fault{Status: 404}, 1, []string{"HTTP 404.", "Nothing exists at this URL"}},
		{fakeharness.Fault{Status: 503}, 2, []string{"HTTP 503.", "attempts: 2"}},
		{fakeharness.Fault{Drop: true}, 0, []string{"gave no answer to get-customer-config", "attempts: 2"}},
		{fakeharness.Fault{Cut: 10}, 2, []string{"HTTP 200, but: The answer was cut off.", "attempts: 2"}},
		{fakeharness.Fault{Status: 500, Body: `{"message":"Out of order"}`}, 2, []string{"HTTP 500: Out of order", "attempts: 2"}},
	}
	for i, f := range faults {
		f.Call, f.Scope, f.Times = "get-customer-config", faultScopes[i], -1
		fake.Inject(f.Fault)
	}
	result := dir.Run("apply", "-auto-approve")
	if result.Code != 1 {
		t.Errorf("the apply exited with %d:\n%s", result.Code, result.Output)
	}
	for i, f := range faults {
		requireError(t, result.Output, "Could not read the image override "+target(fake, faultScopes[i]),
			append(f.says, factsOf(faultScopes[i])...)...)
		if n := countIn(fake, "get-customer-config", faultScopes[i]); n != f.requests && (f.requests > 0 || n < 2) {
			t.Errorf("%s: %d reads, want %d", faultScopes[i], n, f.requests)
		}
	}
	requireUnharmed(t, fake, dir, state)
}

// Nonsense behind a 200 is an error and never means that an override is gone.
func TestAccNonsenseReadsKeepTheState(t *testing.T) {
	t.Parallel()
	fake, dir := applied(t, "")
	state := dir.Read("terraform.tfstate")
	ok := func(data string) string { return `{"status":"SUCCESS","data":` + data + `}` }
	faults := []struct{ body, says string }{
		{"<html>Sign in</html>", "A web page came instead of an API answer"},
		{ok(`["x"]`), "The answer's data is a list, not an object of fields and images."},
		{ok(`7`), "The answer's data is a number, not"},
		{ok(`false`), "The answer's data is false, not"},
		{fakeharness.ErrorBody("INVALID_REQUEST", "The server says no", "id-1"), "HTTP 200: The server says no"},
		{`{"message":"The server says no"}`, "HTTP 200: The server says no"},
	}
	scopes := []string{"ci/K8", "ci/VM", "iacm/K8", "iacm/VM", "idp/K8", "dbops"}
	for i, f := range faults {
		fake.Inject(fakeharness.Fault{Call: "get-customer-config", Scope: scopes[i], Times: -1, Status: 200, Body: f.body})
	}
	result := dir.Run("apply", "-auto-approve")
	for i, f := range faults {
		requireError(t, result.Output, "Could not read the image override "+target(fake, scopes[i]), f.says)
	}
	requireUnharmed(t, fake, dir, state)
}

// Two odd answers have a meaning: null data means no override at all, and unknown keys are ignored.
func TestAccOddAnswersWithAMeaning(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, overrides(fake, map[string]int{"idp/VM": 1}), fake.Env())
	dir.Must("apply", "-auto-approve")
	id := target(fake, "idp/VM")
	image := fake.Overrides("idp/VM")["registerCatalog"]
	for body, code := range map[string]int{
		fmt.Sprintf(`{"new":[1],"status":"SUCCESS","message":7,"data":{"registerCatalog":%q,"laterTag":"a:1","blank":"","none":null}}`, image): 0,
		`{"status":"SUCCESS","data":null}`: 2,
	} {
		fake.Inject(fakeharness.Fault{Call: "get-customer-config", Times: -1, Status: 200, Body: body})
		result := dir.Run("plan", "-detailed-exitcode")
		if creates := strings.Contains(result.Output, "1 to add, 0 to change, 0 to destroy"); result.Code != code || creates != (code == 2) {
			t.Errorf("%s: exit code %d, want %d, for %s:\n%s", body, result.Code, code, id, result.Output)
		}
		fake.ClearFaults()
	}
}

// What the server acknowledged but could not be read back is kept, untainted, with a warning.
func TestAccAcknowledgedAndNotVerifiable(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, oneEach(fake, "max_retries = 0"), fake.Env())
	for _, scope := range faultScopes {
		fake.Inject(fakeharness.Fault{Call: "update-config", Scope: scope, Hook: func(fakeharness.Request) {
			fake.Inject(fakeharness.Fault{
				Call: "get-customer-config", Scope: scope, Status: http.StatusForbidden,
				Body: `{"message":"You may not see ` + scope + `"}`, // its own cause, which is explained in full
			})
		}})
	}
	output := dir.Must("apply", "-auto-approve")
	for _, scope := range faultScopes {
		warning := "Warning: Could not verify the image override " + target(fake, scope)
		found := ""
		for _, text := range diagnosticsOf(output) {
			if strings.HasPrefix(text, warning) {
				found = text
			}
		}
		for _, says := range []string{"HTTP 403", "The state contains what was sent. The next plan shows whether it is stored."} {
			if !strings.Contains(found, says) {
				t.Errorf("%s: no warning that says %q: %s", scope, says, found)
			}
		}
	}
	if strings.Contains(dir.Read("terraform.tfstate"), "tainted") {
		t.Error("a resource is tainted")
	}
	requireEmptyPlan(t, dir)
}

// A server that is down is asked again, and then named once, with every resource that needs it.
func TestAccRefusedConnection(t *testing.T) {
	t.Parallel()
	fake, dir := applied(t, "max_retries = 1")
	state := dir.Read("terraform.tfstate")
	const host = "127.0.0.1:1" // nothing listens there
	dir.Setenv("HARNESS_ENDPOINT", "http://"+host+"/gateway")
	result := dir.Run("apply", "-auto-approve")
	requireError(t, result.Output, "Could not read the image override ",
		host+" gave no answer to get-customer-config: The connection failed: dial tcp", "connection refused", "attempts: 2", "Check the provider's endpoint")
	dir.Setenv("HARNESS_ENDPOINT", fake.Endpoint())
	requireUnharmed(t, fake, dir, state)
}

// A value that is not a string affects nothing else: it is reported once, and everything else works.
func TestAccAnOddMemberCostsOnlyItself(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, overrides(fake, map[string]int{"ci/K8": 1}), fake.Env())
	dir.Must("apply", "-auto-approve")
	field := fake.Settable("ci/K8")[0]
	image := "registry.example.com/mirror/" + strings.ToLower(field) + ":9.9.9"
	fake.Inject(fakeharness.Fault{
		Call: "get-customer-config", Status: 200, Times: -1,
		Body: fmt.Sprintf(`{"status":"SUCCESS","data":{%q:%q,"oddTag":7,"odderTag":{"a":1}}}`, field, image),
	})
	result := dir.Run("plan", "-detailed-exitcode")
	if result.Code != 0 {
		t.Errorf("the plan exited with %d, want 0: no changes\n%s", result.Code, result.Output)
	}
	warnings := 0
	for _, said := range diagnosticsOf(result.Output) {
		if strings.HasPrefix(said, "Warning: The server's answers contain invalid values") {
			warnings++
			for _, part := range []string{"a number, not an image, as the value of field oddTag", "an object, not an image, as the value of field odderTag"} {
				if !strings.Contains(said, part) {
					t.Errorf("the warning does not say %q: %s", part, said)
				}
			}
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings, want 1:\n%s", warnings, result.Output)
	}
}
