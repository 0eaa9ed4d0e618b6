package provider

import (
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// oneAttempt keeps the provider from trying again.
const oneAttempt = "max_retries = 0"

// afterThe makes the verifying read after the next call of that name fail.
func afterThe(fake *fakeharness.Server, call string) {
	fake.Inject(fakeharness.Fault{Call: call, Hook: func(fakeharness.Request) {
		fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: http.StatusServiceUnavailable})
	}})
}

// What the server acknowledged is kept, untainted, although it could not be read back.
func TestAccImageOverride_unverifiedWriteIsKept(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("it needs faults")
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{
					PreConfig:         func() { afterThe(fake, "update-config") },
					Config:            withProvider(oneAttempt, s.gitClone(imageA)),
					ConfigStateChecks: []statecheck.StateCheck{is("value", imageA)},
					Check:             w.writes(1),
				},
				{Config: s.gitClone(imageA), ConfigPlanChecks: plans(plancheck.ResourceActionNoop)},
				{
					PreConfig:         func() { afterThe(fake, "update-config") },
					Config:            withProvider(oneAttempt, s.gitClone(imageB)),
					ConfigStateChecks: []statecheck.StateCheck{is("value", imageB)},
					Check:             w.writes(2),
				},
			}})
		})
	}
}

// A reset that could not be read back may not have happened: the resource stays.
func TestAccImageOverride_unverifiedResetKeepsTheResource(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("it needs faults")
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.gitClone(imageA)},
				{
					PreConfig:   func() { afterThe(fake, "reset-config") },
					Config:      withProvider(oneAttempt, s.gitClone(imageA)),
					Destroy:     true,
					ExpectError: says("Could not reset the image override " + s.gitCloneID()),
				},
				{Config: s.gitClone(imageA), ConfigPlanChecks: plans(plancheck.ResourceActionCreate)},
			}})
		})
	}
}

func TestAccImageOverride_failedResetKeepsTheResource(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("it needs faults")
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.gitClone(imageA)},
				{
					PreConfig: func() {
						fake.Inject(fakeharness.Fault{Call: "reset-config", Status: http.StatusForbidden})
					},
					Config:      s.gitClone(imageA),
					Destroy:     true,
					ExpectError: says("the account edit permission"),
				},
				{Config: s.gitClone(imageA), ConfigPlanChecks: plans(plancheck.ResourceActionNoop)},
			}})
		})
	}
}

func TestAccImageOverride_failedReadKeepsTheState(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("it needs faults")
			steps := []resource.TestStep{{Config: s.gitClone(imageA)}}
			for _, status := range []int{
				http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusInternalServerError,
			} {
				steps = append(steps, resource.TestStep{
					PreConfig: func() {
						fake.Inject(fakeharness.Fault{Call: "get-customer-config", Status: status, Times: -1})
					},
					Config:      withProvider(oneAttempt, s.gitClone(imageA)),
					PlanOnly:    true,
					ExpectError: says("Could not read the image override " + s.gitCloneID()),
				}, resource.TestStep{
					PreConfig:        fake.ClearFaults,
					Config:           s.gitClone(imageA),
					ConfigPlanChecks: plans(plancheck.ResourceActionNoop),
					Check:            w.writes(1),
				})
			}
			w.run(resource.TestCase{Steps: steps})
		})
	}
}

func TestAccImageOverride_refusedWrites(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("a real account may have the field one day")
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{
					Config:      overrideConfig(imageA, `field = "gitClownTag"`),
					ExpectError: says("gitClownTag"),
				},
				{
					Config:      withProvider(`api_key = "pat.wrong"`, s.gitClone(imageA)),
					ExpectError: says("The credential that was sent is the api_key"),
				},
				{
					Config:      withProvider(`account_id = "nobody"`, s.gitClone(imageA)),
					ExpectError: says("Account nobody does not exist"),
				},
				{
					Config:      withProvider(`api_key = "`+fake.Options().ReadOnlyKey+`"`, s.gitClone(imageA)),
					ExpectError: says("the account edit permission"),
				},
			}})
			if left := fake.Overrides(string(s)); len(left) != 0 {
				t.Errorf("stored although refused: %v", left)
			}
		})
	}
}

// The provider must not look up, create or reset in one account what belongs to another.
func TestAccImageOverride_anotherAccountIsAnError(t *testing.T) {
	t.Parallel()
	for _, s := range scopeKinds {
		t.Run(s.name(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fakeharness.Options{})
			fake := w.requireFake("it needs two accounts")
			fake.AddAccount("other-account")
			other := withProvider(`account_id = "other-account"`, s.gitClone(imageB))
			w.run(resource.TestCase{Steps: []resource.TestStep{
				{Config: s.gitClone(imageA)},
				{Config: other, PlanOnly: true, ExpectError: says("It was created in account test-account, and the provider now points at account other-account.")},
				{Config: other, Destroy: true, ExpectError: says("The state of " + s.gitCloneID() + " belongs to another account")},
				{Config: s.gitClone(imageA), ConfigPlanChecks: plans(plancheck.ResourceActionNoop), Check: w.holds(s.gitCloneID(), imageA)},
			}})
			for _, r := range fake.Requests() {
				if r.Account != "test-account" {
					t.Errorf("%s was sent to account %s", r.Call, r.Account)
				}
			}
		})
	}
}
