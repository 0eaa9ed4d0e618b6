package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// Every scope has one override in these tests, so that one run of the CLI shows the outcome of seven
// different faults. The last scope answers in its own form.
var faultScopes = []string{"ci/K8", "ci/VM", "iacm/K8", "iacm/VM", "idp/K8", "idp/VM", "dbops"}

// oneEach returns a configuration with one override in each scope, behind a provider block.
func oneEach(fake *fakeharness.Server, providerAttributes string) string {
	want := map[string]int{}
	for _, scope := range faultScopes {
		want[scope] = 1
	}
	return fmt.Sprintf("provider \"harnessci\" {\n%s\n}\n", providerAttributes) + overrides(fake, want)
}

// target returns the id of the override that oneEach has in a scope.
func target(fake *fakeharness.Server, scope string) string {
	return scope + "/" + slices.Min(slices.Collect(maps.Keys(fake.Defaults(scope))))
}

// diagnosticStart is where a CLI begins a diagnostic, without colours.
var diagnosticStart = regexp.MustCompile(`(?m)^(Error|Warning): `)

// diagnosticsOf returns the errors and warnings that a CLI printed, each on one line: what the CLI wraps at
// the terminal's width is joined again. The last one includes what was printed after it.
func diagnosticsOf(output string) []string {
	var all []string
	starts := diagnosticStart.FindAllStringIndex(output, -1)
	for i, start := range starts {
		end := len(output)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		all = append(all, strings.TrimSpace(unwrapped(output[start[0]:end])))
	}
	return all
}

// requireError fails unless exactly one error of the output holds the first text, and that one all others.
func requireError(t *testing.T, output, about string, texts ...string) {
	t.Helper()
	var found []string
	for _, text := range diagnosticsOf(output) {
		if strings.HasPrefix(text, "Error: ") && strings.Contains(text, about) {
			found = append(found, text)
		}
	}
	if len(found) != 1 {
		t.Errorf("%d errors say %q:\n%s", len(found), about, output)
		return
	}
	for _, text := range texts {
		if !strings.Contains(found[0], text) {
			t.Errorf("this error does not say %q: %s", text, found[0])
		}
	}
}

// fieldOf returns the field at the end of an override's id.
func fieldOf(id string) string { return id[strings.LastIndex(id, "/")+1:] }

// factsOf returns the facts of a scope in an error: its module and, if it has any, its infra.
func factsOf(scope string) []string {
	module, infra, found := strings.Cut(scope, "/")
	if !found {
		return []string{"module: " + module}
	}
	return []string{"module: " + module, "infra: " + infra}
}

// countIn returns how many requests of a call there were for a scope.
func countIn(fake *fakeharness.Server, call, scope string) (n int) {
	for _, r := range fake.Requests() {
		if r.Call == call && r.Scope == scope {
			n++
		}
	}
	return n
}

// lastIn returns the last call for a scope.
func lastIn(fake *fakeharness.Server, scope string) (call string) {
	for _, r := range fake.Requests() {
		if r.Scope == scope {
			call = r.Call
		}
	}
	return call
}

// fleeting are failures that a further attempt can fix, and what an error says of each that stays.
var fleeting = []struct {
	name  string
	fault fakeharness.Fault
	says  []string
	acts  bool // the server has acted on the request, so that in the end it is no failure
}{
	{
		"429 without Retry-After",
		fakeharness.Fault{Status: 429, Body: fakeharness.ErrorBody("TOO_MANY_REQUESTS", "Slow down", "id-429")},
		[]string{"HTTP 429: Slow down", "code: TOO_MANY_REQUESTS", "correlationId: id-429", "400 calls a minute", "max_retries"},
		false,
	},
	{
		"429 with Retry-After",
		fakeharness.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}},
		[]string{"HTTP 429.", "400 calls a minute"},
		false,
	},
	{
		"500",
		fakeharness.Fault{Status: 500, Body: fakeharness.ErrorBody("UNKNOWN_ERROR", "Oops", "id-500")},
		[]string{"HTTP 500: Oops", "code: UNKNOWN_ERROR", "correlationId: id-500", "Run again later"},
		false,
	},
	{
		"502 with HTML",
		fakeharness.Fault{Status: 502, Body: "<html><h1>Bad Gateway</h1></html>"},
		[]string{"HTTP 502, but: A gateway's error page came instead of an API answer"},
		false,
	},
	{"503", fakeharness.Fault{Status: 503}, []string{"HTTP 503.", "Run again later"}, false},
	{"504 with HTML", fakeharness.Fault{Status: 504, Body: "<html>"}, []string{"HTTP 504, but: A gateway's error page came"}, false},
	{"dropped connection", fakeharness.Fault{Drop: true}, []string{"gave no answer to update-config: The connection was closed before an answer came."}, false},
	{"cut body", fakeharness.Fault{Cut: 1}, nil, true},
	{"applied, then 503", fakeharness.Fault{Status: 503, ApplyFirst: true}, nil, true},
	{"applied, then dropped", fakeharness.Fault{Drop: true, ApplyFirst: true}, nil, true},
}

// The requests are counted one by one: with max_retries = 1, a write that fails once leaves twice. Each
// module has one fault, because a module whose writes fail is not tried again for a moment.
func TestAccFleetingFailuresOfWrites(t *testing.T) {
	t.Parallel()
	scopes := []string{"ci/K8", "iacm/K8", "idp/K8", "dbops"}
	for chunk := range slices.Chunk(fleeting, len(scopes)) {
		t.Run(chunk[0].name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			want := map[string]int{}
			for _, scope := range scopes {
				want[scope] = 1
			}
			dir := clitest.New(t, "provider \"harnessci\" {\n  max_retries = 1\n}\n"+overrides(fake, want), fake.Env())
			inject := func(times int) {
				fake.ResetLog()
				for i, f := range chunk {
					f.fault.Call, f.fault.Scope, f.fault.Times = "update-config", scopes[i], times
					fake.Inject(f.fault)
				}
			}
			inject(-1)
			result := dir.Run("apply", "-auto-approve")
			for i, f := range chunk {
				_, stored := fake.Overrides(scopes[i])[fieldOf(target(fake, scopes[i]))]
				about := "Could not set the image override " + target(fake, scopes[i])
				if stored != f.acts || strings.Contains(result.Output, about) == f.acts {
					t.Errorf("%s, to the end: stored %t, want %t and an error if not", f.name, stored, f.acts)
				}
				if !f.acts {
					requireError(t, result.Output, about, append(f.says, "attempts: 2")...)
				}
				if n := countIn(fake, "update-config", scopes[i]); n != 2 {
					t.Errorf("%s, to the end: %d writes, want 2", f.name, n)
				}
			}
			fake.ClearFaults()
			dir.Must("destroy", "-auto-approve")

			inject(1)
			dir.Must("apply", "-auto-approve")
			for i, f := range chunk {
				if n := countIn(fake, "update-config", scopes[i]); n != 2 || len(fake.Overrides(scopes[i])) != 1 {
					t.Errorf("%s, once: %d writes, stored %v", f.name, n, fake.Overrides(scopes[i]))
				}
			}
			requireEmptyPlan(t, dir)
		})
	}
}

// A rejected write is sent once, and its error says all there is to know.
func TestAccFinalAnswersToWrites(t *testing.T) {
	t.Parallel()
	other := startFake(t, fakeharness.Options{})
	fake := startFake(t, fakeharness.Options{})
	body := func(code string) string { return fakeharness.ErrorBody(code, "The server says no", "id-"+code) }
	faults := []struct {
		fakeharness.Fault
		says []string
	}{
		{fakeharness.Fault{Status: 400, Body: body("INVALID_REQUEST")}, []string{"although its defaults list the field", "remove the override"}},
		{fakeharness.Fault{Status: 401, Body: body("INVALID_TOKEN")}, []string{"the api_key (attribute api_key or variable HARNESS_PLATFORM_API_KEY)", "expired"}},
		{fakeharness.Fault{Status: 403, Body: body("NG_ACCESS_DENIED")}, []string{"writing the account edit permission"}},
		{fakeharness.Fault{Status: 404, Body: body("NOT_FOUND")}, []string{"the provider's endpoint is the gateway's base URL", "account_id"}},
		{fakeharness.Fault{Status: 409, Body: body("CONFLICT")}, []string{"Apply again"}},
		{fakeharness.Fault{Redirect: other.Endpoint() + "/login?token=in-the-query"}, []string{
			"with a redirect (HTTP 302) to " + strings.TrimSuffix(other.Endpoint(), "/gateway") + ".",
			"Redirects are not followed",
		}},
		{fakeharness.Fault{Status: 403, Body: `{"message":"The server says no"}`}, []string{
			"answered update-config with HTTP 403: The server says no", "writing the account edit permission",
		}},
	}
	for i, f := range faults {
		f.Call, f.Scope, f.Times = "update-config", faultScopes[i], -1
		fake.Inject(f.Fault)
	}
	result := clitest.New(t, oneEach(fake, ""), fake.Env()).Run("apply", "-auto-approve")
	for i, f := range faults {
		id := target(fake, faultScopes[i])
		says := append(append(f.says, factsOf(faultScopes[i])...), "field: "+fieldOf(id))
		if faultScopes[i] != "dbops" && f.Body != "" {
			status := fmt.Sprintf("answered update-config with HTTP %d: The server says no", f.Status)
			code := map[int]string{400: "INVALID_REQUEST", 401: "INVALID_TOKEN", 403: "NG_ACCESS_DENIED", 404: "NOT_FOUND", 409: "CONFLICT"}[f.Status]
			says = append(says, status, "code: "+code, "correlationId: id-"+code)
		}
		requireError(t, result.Output, "Could not set the image override "+id, says...)
		if n := countIn(fake, "update-config", faultScopes[i]); n != 1 {
			t.Errorf("HTTP %d: %d writes, want 1", f.Status, n)
		}
		if last := lastIn(fake, faultScopes[i]); last != "update-config" {
			t.Errorf("HTTP %d: %s came after the write, which cannot have been stored", f.Status, last)
		}
	}
	if n := other.Count(""); n != 0 {
		t.Errorf("%d requests reached where the redirect pointed", n)
	}
	if strings.Contains(result.Output, "in-the-query") || strings.Contains(result.Output, fake.Options().APIKey) {
		t.Errorf("a secret is in the output:\n%s", result.Output)
	}
}

// A 200 that does not acknowledge a write is no success, unless a read shows what was sent.
func TestAccNonsenseBehind200(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{})
	faults := []struct{ body, says string }{
		{"<html>Sign in</html>", "A web page came instead of an API answer"},
		{`{"status":"SUCCESS","data":null}`, "The answer's data is null where true acknowledges a write."},
		{`{"status":"SUCCESS","data":["gitCloneTag"]}`, "The answer's data is a list where true acknowledges a write."},
		{`{"status":"SUCCESS","data":7,"new":{}}`, "The answer's data is a number where true acknowledges a write."},
		{`{"status":"SUCCESS","data":false}`, "The answer's data is false where true acknowledges a write."},
		{fakeharness.ErrorBody("INVALID_REQUEST", "The server says no", "id-1"), "HTTP 200: The server says no. module: idp infra: VM"},
		{`{"status":"SUCCESS","data":true}`, "The answer is an envelope, which Database DevOps does not use."},
	}
	inject := func(applyFirst bool) {
		for i, f := range faults {
			fake.Inject(fakeharness.Fault{Call: "update-config", Scope: faultScopes[i], Status: 200, Body: f.body, ApplyFirst: applyFirst})
		}
	}
	dir := clitest.New(t, oneEach(fake, ""), fake.Env())
	inject(false)
	result := dir.Run("apply", "-auto-approve")
	for i, f := range faults {
		requireError(t, result.Output, "Could not set the image override "+target(fake, faultScopes[i]), f.says)
		if n := countIn(fake, "update-config", faultScopes[i]); n != 1 {
			t.Errorf("%s: %d writes, want 1", f.body, n)
		}
	}
	inject(true)
	dir.Must("apply", "-auto-approve")
	for _, scope := range faultScopes {
		if n := len(fake.Overrides(scope)); n != 1 {
			t.Errorf("%s: %d overrides stored, want 1", scope, n)
		}
	}
}
