package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// pinned returns a configuration that pins the first n fields of a scope of ci to their defaults.
func pinned(t *testing.T, fake *fakeharness.Server, infra string, n int) string {
	t.Helper()
	images := map[string]string{}
	for _, field := range fake.Settable("ci/" + infra)[:n] {
		images[field] = fake.Defaults("ci/" + infra)[field]
	}
	pins, err := json.Marshal(images)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("resource \"harnessci_image_override\" %q {\n  for_each = %s\n  infra = %q\n  field = each.key\n  value = each.value\n}\n",
		infra, pins, infra)
}

// A dead endpoint is detected once in a plan and once in an apply, and explained once: 25 resources add one
// line each to the error, and hardly a request.
func TestAccAnOutageInAnApplyIsReportedOnce(t *testing.T) {
	t.Parallel()
	down := fakeharness.Fault{Status: http.StatusServiceUnavailable, Times: -1}
	for name, test := range map[string]struct {
		endpoint string
		fault    *fakeharness.Fault
		mid      bool
	}{
		"503":                         {fault: &down},
		"nobody listens":              {endpoint: "http://127.0.0.1:1/gateway"},
		"503 from the first write on": {fault: &down, mid: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, fakeharness.Options{})
			dir := clitest.New(t, pinned(t, fake, "K8", 15)+pinned(t, fake, "VM", 10), fake.Env())
			if test.endpoint != "" {
				dir.Setenv("HARNESS_ENDPOINT", test.endpoint)
			}
			switch {
			case test.mid:
				fake.Inject(fakeharness.Fault{Call: "update-config", Hook: func(fakeharness.Request) { fake.Inject(*test.fault) }})
			case test.fault != nil:
				fake.Inject(*test.fault)
			}
			dir.Must("plan", "-out=saved")
			planning := fake.Count("")
			result := dir.Run("apply", "saved")
			_, told, _ := strings.Cut(result.Output, "Warning: Could not")
			errors, lines := strings.Count(result.Output, "Error: "), strings.Count(told, "\n")
			if stored := len(fake.Overrides("ci/K8")) + len(fake.Overrides("ci/VM")); errors != 25-stored {
				t.Errorf("%d stored; %d errors", stored, errors)
			}
			if explained := strings.Count(result.Output, "  URL: "); explained != 1 { // whatever failed for it
				t.Errorf("the cause is explained %d times:\n%s", explained, result.Output)
			}
			if lines > 70+7*errors {
				t.Errorf("%d lines for %d errors:\n%s", lines, errors, result.Output)
			}
			if asked := fake.Count("") - planning; planning > 20 || asked > 22 { // five attempts at four reads, once
				t.Errorf("%d requests of the plan, %d of the apply", planning, asked)
			}
			fake.ClearFaults()
			if test.fault != nil {
				dir.Must("apply", "-auto-approve")
				requireEmptyPlan(t, dir)
			}
		})
	}
}
