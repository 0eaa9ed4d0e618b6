package provider

import (
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestParseID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]execconfig.Target{
		"ci/K8/gitCloneTag":      {Scope: harness.Scope{Module: harness.CI, Infra: harness.K8}, Field: "gitCloneTag"},
		"K8/gitCloneTag":         {Scope: harness.Scope{Module: harness.CI, Infra: harness.K8}, Field: "gitCloneTag"},
		"ci/k8/gitCloneTag":      {Scope: harness.Scope{Module: harness.CI, Infra: harness.K8}, Field: "gitCloneTag"},
		"vm/cacheProxyImage":     {Scope: harness.Scope{Module: harness.CI, Infra: harness.VM}, Field: "cacheProxyImage"},
		"ecs/gitCloneTag":        {Scope: harness.Scope{Module: harness.CI, Infra: harness.ECS}, Field: "gitCloneTag"},
		"VM/cacheProxyImage":     {Scope: harness.Scope{Module: harness.CI, Infra: harness.VM}, Field: "cacheProxyImage"},
		"iacm/VM/iacmOpenTofu":   {Scope: harness.Scope{Module: harness.IaCM, Infra: harness.VM}, Field: "iacmOpenTofu"},
		"idp/K8/some.new-field_": {Scope: harness.Scope{Module: harness.IDP, Infra: harness.K8}, Field: "some.new-field_"},
	} {
		if got, err := parseID(id); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", id, got, err)
		}
	}
}

func TestParseIDErrors(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"":                    "two or three parts",
		"gitCloneTag":         "two or three parts",
		"ci/K8/a/b":           "two or three parts",
		"ci/gitCloneTag":      `the infra is one of "K8", "VM", "ECS", not "ci"`,
		"ci/k9/gitCloneTag":   `the infra is one of "K8", "VM", "ECS", not "k9"`,
		"iacm-manager/K8/x":   `there is no module "iacm-manager": did you mean "iacm"?`,
		"cd/K8/gitCloneTag":   `the module is one of "ci", "iacm", "idp", "dbops", not "cd"`,
		"IaCM/K8/gitCloneTag": `the module is written "iacm", not "IaCM"`,
		"ci/K8/":              `the field "" does not consist of`,
		"ci/K8/a\x1b[31m":     `the field "a\x1b[31m" does not consist of`,
		"ci/K8/été":           `the field "été" does not consist of`,
	} {
		_, err := parseID(id)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), idForms) {
			t.Errorf("%q: got %v, want %q and the forms", id, err, want)
		}
	}
	if _, err := parseID("K8/" + strings.Repeat("a", 10_000)); err == nil || len(err.Error()) > 600 {
		t.Errorf("error for a long id is %v", err)
	}
}

// What is accepted reads back from its canonical form as the same override.
func FuzzParseID(f *testing.F) {
	for _, id := range []string{"ci/K8/gitCloneTag", "K8/gitCloneTag", "idp/VM/a.b-c_d", "ci//", "/K8/x", "ci/K8/\x00", "k8/\u202e"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		target, err := parseID(id)
		if err != nil {
			for _, r := range err.Error() {
				if r < ' ' {
					t.Fatalf("the error for %q contains a control character: %v", id, err)
				}
			}
			return
		}
		again, err := parseID(target.String())
		if err != nil || again != target || !target.Scope.Valid() {
			t.Errorf("%q is %+v, whose id %s is %+v, %v", id, target, target, again, err)
		}
	})
}
