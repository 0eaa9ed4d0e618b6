package owners_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

func TestAnOverrideHasOneOwnerInAnApply(t *testing.T) {
	t.Parallel()
	type claim struct {
		fields    []string
		exclusive bool
		failed    bool // the server does not acknowledge the sets
	}
	one, other, all := claim{fields: []string{"a"}}, claim{fields: []string{"b"}}, claim{fields: []string{"a", "b"}, exclusive: true}
	beside := func(fields ...string) error { return &owners.ConflictError{Scope: k8, Fields: fields} }
	for name, test := range map[string]struct {
		claims []claim
		want   error // of the last one
	}{
		"two overrides":             {[]claim{one, other}, nil},
		"one override twice":        {[]claim{one, one}, &owners.DuplicateError{Target: owners.Target{Scope: k8, Field: "a"}}},
		"again after a failure":     {[]claim{{fields: one.fields, failed: true}, one}, nil},
		"a set after singles":       {[]claim{one, other, all}, beside("a", "b")},
		"a set after failed ones":   {[]claim{{fields: one.fields, failed: true}, all}, nil},
		"a single after a set":      {[]claim{all, {fields: []string{"c"}}}, beside("c")},
		"a single after a set of 0": {[]claim{{exclusive: true}, one}, beside("a")},
		"two sets":                  {[]claim{all, {exclusive: true}}, beside()},
	} {
		claims := owners.NewClaims()
		if err := claims.Claim([]owners.Target{{Scope: vm, Field: "a"}, {Scope: vm, Field: "b"}}, vm); err != nil {
			t.Fatal(err)
		}
		var err error
		for _, c := range test.claims {
			var sets []owners.Target
			for _, field := range c.fields {
				sets = append(sets, owners.Target{Scope: k8, Field: field})
			}
			owned := map[bool]harness.Scope{true: k8}[c.exclusive]
			if err = claims.Claim(sets, owned); err != nil {
				continue
			}
			for _, target := range sets {
				claims.SetEnded(target, !c.failed)
			}
		}
		if diff := cmp.Diff(test.want, err); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAResetWaitsForASetOfItsOverride(t *testing.T) {
	t.Parallel()
	target := owners.Target{Scope: k8, Field: "a"}
	claims := owners.NewClaims()
	expect := func(want owners.Turn, touched, reset bool) {
		t.Helper()
		got := claims.ResetTurn(target)
		if got != want || claims.Touched(target) != touched || claims.WasReset(target) != reset {
			t.Errorf("turn %v, touched %t, reset %t", got, claims.Touched(target), claims.WasReset(target))
		}
	}
	expect(owners.Now, false, false)
	claims.ResetLeft(target)
	expect(owners.Now, true, false)
	claims.ResetDone(target)
	expect(owners.Now, true, true)
	if err := claims.Claim([]owners.Target{target}, harness.Scope{}); err != nil {
		t.Fatal(err)
	}
	expect(owners.Later, true, true)
	claims.SetEnded(target, false)
	expect(owners.Now, true, true)
	if err := claims.Claim([]owners.Target{target}, harness.Scope{}); err != nil {
		t.Fatal(err)
	}
	claims.SetEnded(target, true)
	expect(owners.Never, true, true)
}
