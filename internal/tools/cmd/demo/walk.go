//go:build unix

package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
)

// scopes are what the configuration overrides images of.
var scopes = []string{"ci/K8", "ci/VM"}

// exclusiveScope is what the exclusive set owns.
const exclusiveScope = "iacm/K8"

// images maps scope -> field -> image.
type images map[string]map[string]string

func (i images) count() int {
	n := 0
	for _, fields := range i {
		n += len(fields)
	}
	return n
}

// walk shows every step, and stops at the first that is not as it should be.
func walk(ctx context.Context, w *workspace) error {
	for _, step := range []struct {
		shows string
		run   func(context.Context, *workspace) error
	}{
		{"The data source reads the images that Harness runs by default", readDefaults},
		{"A plan lists the overrides it would make, on K8 and on VM", plan},
		{"The apply stores them all, gathered into few writes", apply},
		{"A second plan is empty", planAgain},
		{"Someone changes two images outside Terraform", changeOutside},
		{"The plan shows both changes", planDrift},
		{"An apply repairs them", repair},
		{"An exclusive set shows and resets an override that it does not list", exclusive},
		{"Destroy puts every image back to its default", destroy},
		{"Nothing is left on the server", nothingLeft},
		{"What it cost, in requests to the API", cost},
	} {
		w.out.step(step.shows)
		if err := step.run(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func readDefaults(ctx context.Context, w *workspace) error {
	if err := w.add("defaults.tf"); err != nil {
		return err
	}
	if _, err := w.show(ctx, "apply", "-auto-approve"); err != nil {
		return err
	}
	defaults := images{}
	if err := w.Output(ctx, "defaults", &defaults); err != nil {
		return err
	}
	for _, scope := range scopes {
		image, ok := defaults[scope]["gitCloneTag"]
		if !ok {
			return fmt.Errorf("the defaults of %s lack gitCloneTag: %v", scope, defaults[scope])
		}
		w.out.holds("%s: %d images, such as gitCloneTag = %s", scope, len(defaults[scope]), image)
	}
	return nil
}

func plan(ctx context.Context, w *workspace) error {
	if err := w.add("overrides.tf"); err != nil {
		return err
	}
	r, err := w.show(ctx, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	got := r.planned()
	if r.Exit != 2 || got.add == 0 || got != (changes{add: got.add}) {
		return fmt.Errorf("want a plan that only adds, got exit code %d and:\n%s", r.Exit, r.Output)
	}
	return w.noWrites(r)
}

func apply(ctx context.Context, w *workspace) error {
	r, err := w.show(ctx, "apply", "-auto-approve")
	if err != nil {
		return err
	}
	stored, err := w.storedAsInState(ctx)
	if err != nil {
		return err
	}
	writes := r.Requests.Writes()
	if writes == 0 || writes >= stored {
		return fmt.Errorf("%d overrides took %d writes", stored, writes)
	}
	w.out.holds("the server holds all %d, made with %d writes", stored, writes)
	return nil
}

func planAgain(ctx context.Context, w *workspace) error {
	r, err := w.show(ctx, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	if r.Exit != 0 {
		return fmt.Errorf("the second plan is not empty:\n%s", r.Output)
	}
	reads := r.Requests.Count("get-customer-config")
	if reads > len(scopes) {
		return fmt.Errorf("%d reads of the overrides, want one for each of %v", reads, scopes)
	}
	w.out.holds("%d reads of overrides, however many there are", reads)
	return w.noWrites(r)
}

// outside are the changes made behind Terraform's back, as arguments of the fake.
var outside = [][]string{
	{"set", "ci/K8", "gitCloneTag=harness/drone-git:1.6.5-rootless"},
	{"unset", "ci/VM", "s3UploadTag"},
}

func changeOutside(ctx context.Context, w *workspace) error {
	for _, args := range outside {
		w.out.command(append([]string{"fakeharness"}, args...)...)
		if _, err := w.fake.Call(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func planDrift(ctx context.Context, w *workspace) error {
	r, err := w.show(ctx, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	if want := (changes{add: 1, change: 1}); r.Exit != 2 || r.planned() != want {
		return fmt.Errorf("want a plan of %+v, got exit code %d and:\n%s", want, r.Exit, r.Output)
	}
	_, value, _ := strings.Cut(outside[0][2], "=")
	if !strings.Contains(r.Output, value) {
		return fmt.Errorf("the plan does not show %s:\n%s", value, r.Output)
	}
	w.out.holds("exit code 2, so a pipeline can raise an alarm")
	return w.noWrites(r)
}

func repair(ctx context.Context, w *workspace) error {
	if _, err := w.show(ctx, "apply", "-auto-approve"); err != nil {
		return err
	}
	stored, err := w.storedAsInState(ctx)
	if err != nil {
		return err
	}
	w.out.holds("the server holds all %d again, as configured", stored)
	return nil
}

func exclusive(ctx context.Context, w *workspace) error {
	if err := w.add("exclusive.tf"); err != nil {
		return err
	}
	if _, err := w.show(ctx, "apply", "-auto-approve"); err != nil {
		return err
	}
	allowed, err := w.fake.Overrides(ctx, exclusiveScope)
	if err != nil {
		return err
	}
	const field, image = "iacmTerraform", "registry.example.com/unreviewed:1.0.0"
	args := []string{"set", exclusiveScope, field + "=" + image}
	w.out.command(append([]string{"fakeharness"}, args...)...)
	if _, err := w.fake.Call(ctx, args...); err != nil {
		return err
	}
	r, err := w.show(ctx, "plan", "-detailed-exitcode")
	if err != nil {
		return err
	}
	if want := (changes{change: 1}); r.Exit != 2 || r.planned() != want || !strings.Contains(r.Output, image) {
		return fmt.Errorf("want a plan of %+v that shows %s, got exit code %d and:\n%s", want, image, r.Exit, r.Output)
	}
	if _, err := w.show(ctx, "apply", "-auto-approve"); err != nil {
		return err
	}
	stored, err := w.fake.Overrides(ctx, exclusiveScope)
	if err != nil {
		return err
	}
	if len(stored) != 1 || !maps.Equal(stored, allowed) {
		return fmt.Errorf("%s: the set allows %v, the server holds %v", exclusiveScope, allowed, stored)
	}
	w.out.holds("%s holds what the set lists, and nothing else", exclusiveScope)
	return nil
}

func destroy(ctx context.Context, w *workspace) error {
	r, err := w.show(ctx, "destroy", "-auto-approve")
	if err != nil {
		return err
	}
	w.out.holds("done with %d writes", r.Requests.Writes())
	return nil
}

func nothingLeft(ctx context.Context, w *workspace) error {
	stored := images{}
	for _, scope := range append(scopes, exclusiveScope) {
		w.out.command("fakeharness", "show", scope)
		var err error
		if stored[scope], err = w.fake.Overrides(ctx, scope); err != nil {
			return err
		}
	}
	r, err := w.run(ctx, "state", "list")
	if err != nil {
		return err
	}
	if stored.count() > 0 || strings.Contains(r.Output, "harnessci_image_override") {
		return fmt.Errorf("left on the server: %v\nleft in the state: %s", stored, r.Output)
	}
	w.out.holds("no override on the server, none in the state")
	return nil
}

func cost(_ context.Context, w *workspace) error {
	lines := []string{fmt.Sprintf("%-12s %5s %6s", "command", "reads", "writes")}
	for _, r := range w.runs {
		lines = append(lines, fmt.Sprintf("%-12s %5d %6d", r.Args[0], r.Requests.Reads(), r.Requests.Writes()))
	}
	w.out.table(lines)
	return nil
}

// storedAsInState returns how many overrides there are, or an error where the state and the server
// do not hold the same.
func (w *workspace) storedAsInState(ctx context.Context) (int, error) {
	state := images{}
	if err := w.Output(ctx, "overrides", &state); err != nil {
		return 0, err
	}
	for _, scope := range scopes {
		stored, err := w.fake.Overrides(ctx, scope)
		if err != nil {
			return 0, err
		}
		if !maps.Equal(stored, state[scope]) {
			return 0, fmt.Errorf("%s: the state says %v, the server holds %v", scope, state[scope], stored)
		}
	}
	return state.count(), nil
}

// noWrites returns an error where the run wrote something.
func (w *workspace) noWrites(r result) error {
	if n := r.Requests.Writes(); n > 0 {
		return fmt.Errorf("%s made %d writes", r.Args[0], n)
	}
	return nil
}
