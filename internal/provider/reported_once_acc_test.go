package provider_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// A cause that fails every resource is explained once, in full, with the URL: 25 resources need a screen or
// two. What an apply cannot fix is an error at plan; an outage is a warning for resources to create.
func TestAccOneCauseIsReportedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault        fakeharness.Fault
		env          map[string]string
		fails, stops bool // with a state, without one
		says         string
	}{
		"a wrong key":        {env: map[string]string{"HARNESS_PLATFORM_API_KEY": "pat.wrong"}, fails: true, stops: true, says: "Check that it has not expired"},
		"an unknown account": {env: map[string]string{"HARNESS_ACCOUNT_ID": "nobody"}, stops: true, says: "account_id"},
		"403":                {fault: fakeharness.Fault{Status: http.StatusForbidden}, fails: true, stops: true, says: "account view permission"},
		"a redirect":         {fault: fakeharness.Fault{Redirect: "https://login.example.com/"}, fails: true, stops: true, says: "redirect (HTTP 302) to https://login.example.com"},
		"a web page":         {fault: fakeharness.Fault{Body: "<html>hello</html>"}, fails: true, stops: true, says: "not an answer from the Harness API"},
		"503":                {fault: fakeharness.Fault{Status: http.StatusServiceUnavailable}, fails: true, says: "Run again later"},
		"no endpoint":        {env: map[string]string{"HARNESS_ENDPOINT": "http://127.0.0.1:1/gateway"}, fails: true, says: "Check the provider's endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			config := impatient + overrides(fake, map[string]int{"ci/K8": 15, "ci/VM": 10})
			dir := clitest.New(t, config, fake.Env())
			for _, stored := range []bool{false, true} {
				wants := test.stops
				if stored {
					if wants = test.fails; name == "an unknown account" {
						return // the state knows its account
					}
					fresh := clitest.New(t, config, fake.Env())
					fresh.Must("apply", "-auto-approve")
					dir = fresh
				}
				for variable, value := range test.env {
					dir.Setenv(variable, value)
				}
				if test.fault.Status+len(test.fault.Body)+len(test.fault.Redirect) > 0 {
					for _, call := range []string{"get-default-config", "get-customer-config"} {
						test.fault.Call, test.fault.Times = call, -1
						fake.Inject(test.fault)
					}
				}
				result := dir.Run("plan")
				fake.ClearFaults()
				output := unwrapped(result.Output)
				if again := "as explained for"; wants && strings.Contains(output, again) {
					t.Errorf("stored %t: %q comes before the error:\n%s", stored, again, result.Output)
				}
				if failed := result.Code != 0; failed != wants || wants != (strings.Count(result.Output, "Error: ") == 1) {
					t.Errorf("stored %t: exit code %d:\n%s", stored, result.Code, result.Output)
				}
				if _, told, _ := strings.Cut(output, test.says); !strings.Contains(output, test.says) && (!stored || wants) || strings.Contains(told, test.says) {
					t.Errorf("stored %t: want %q once:\n%s", stored, test.says, result.Output)
				}
				if _, _, found := strings.Cut(output, "URL: "); !found {
					t.Errorf("the URL is not shown:\n%s", result.Output)
				}
				begin := regexp.MustCompile(`Error: |Warning: Could not`).FindStringIndex(result.Output)
				if lines := strings.Count(result.Output[begin[0]:], "\n"); lines > 80 {
					t.Errorf("stored %t: %d lines:\n%s", stored, lines, result.Output)
				}
			}
		})
	}
}
