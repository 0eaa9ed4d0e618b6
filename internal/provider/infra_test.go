package provider

import "testing"

func TestIDsOfAModuleWithoutInfra(t *testing.T) {
	t.Parallel()
	target, err := parseID("dbops/gitCloneTag")
	if err != nil || target.String() != "dbops/gitCloneTag" || target.Scope.Infra != "" {
		t.Errorf("%v, %v", target, err)
	}
	scope, err := parseScopeID("dbops")
	if err != nil || scope.String() != "dbops" {
		t.Errorf("%v, %v", scope, err)
	}
	if _, err := parseID("dbops/K8/gitCloneTag"); err == nil {
		t.Error("an infra was taken")
	}
	if _, err := parseScopeID("dbops/K8"); err == nil {
		t.Error("an infra was taken")
	}
	for _, id := range []string{"dbops", "dbops/"} {
		if _, err := parseID(id); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
}
