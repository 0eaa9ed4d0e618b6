package fakeharness

import (
	"net/http"
	"testing"
)

// Each knob changes what it says, and nothing without it.
func TestKnobsOfToday(t *testing.T) {
	t.Parallel()
	plain := Start(t, Options{})
	today := Start(t, Options{ECS: true, ForeignFields: true, Aliases: IaCMAliases()})
	if plain.Defaults("ci/K8")["iacmTerraform"] != "" || today.Defaults("ci/K8")["iacmTerraform"] == "" {
		t.Error("the defaults of ci list IaCM's fields without the knob, or not with it")
	}
	for server, want := range map[*Server]int{plain: http.StatusBadRequest, today: http.StatusOK} {
		if got := call(t, server, "ci/ecs/get-default-config", ""); got.status != want {
			t.Errorf("ECS is answered with %d, want %d", got.status, want)
		}
	}
	const target = "iacm/K8/update-config"
	if got := call(t, today, target, update("IACMTerraformTag", "a:1")); got.status != http.StatusOK || today.Overrides("iacm/K8")["iacmTerraform"] != "a:1" {
		t.Errorf("%d, %v", got.status, today.Overrides("iacm/K8"))
	}
	if got := call(t, plain, target, update("IACMTerraformTag", "a:1")); got.status == http.StatusOK || len(plain.Overrides("iacm/K8")) > 0 {
		t.Errorf("%d, %v", got.status, plain.Overrides("iacm/K8"))
	}
}
