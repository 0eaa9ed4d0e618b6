package provider_test

import (
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// At Ctrl-C the update is on its way, and the reset is no longer sent: the set is in the state, so a
// destroy finds it and an apply finishes it.
func TestAccSetWhoseCreateIsInterruptedIsInTheState(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{WriteLatency: 300 * time.Millisecond})
	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	images := mirrored(fake, 3)
	dir := clitest.New(t, exclusiveSet(images), fake.Env())
	interruptedCreate := func() {
		t.Helper()
		updating := make(chan struct{}, 1)
		fake.Inject(fakeharness.Fault{Call: "update-config", Hook: func(fakeharness.Request) { updating <- struct{}{} }})
		run := dir.Start("apply", "-auto-approve")
		<-updating
		run.Signal(syscall.SIGINT)
		result := run.Wait()
		requireSays(t, result.Output, "Warning: Interrupted: 3 of 3 image overrides of ci/K8 are stored")
		requireSays(t, result.Output, "Not done: securityTag.")
		if result.Code == 0 || len(stateImages(t, dir)) != 3 {
			t.Errorf("exit code %d, and the state lists %v:\n%s", result.Code, stateImages(t, dir), result.Output)
		}
	}
	interruptedCreate()
	dir.Must("apply", "-auto-approve")
	requireStored(t, fake, images)
	requireEmptyPlan(t, dir)
	dir.Must("destroy", "-auto-approve")
	requireStored(t, fake, nil)

	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	interruptedCreate()
	dir.Must("destroy", "-auto-approve")
	requireStored(t, fake, nil)
}

// On a server that hides it, an image that equals the default needs a second acknowledgement, which the
// interrupt prevents: with one, it is in the state as well.
func TestAccSetWhoseCreateIsInterruptedHoldsWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	fake := startFake(t, fakeharness.Options{WriteLatency: 300 * time.Millisecond, HideDefaults: true})
	fake.SetOverride("ci/K8", "securityTag", "example.com/sto:1.0.0")
	dir := clitest.New(t, exclusiveSet(map[string]string{"gitCloneTag": strconv.Quote(gitDefault)}), fake.Env())
	updating := make(chan struct{}, 1)
	fake.Inject(fakeharness.Fault{Call: "update-config", Hook: func(fakeharness.Request) { updating <- struct{}{} }})
	run := dir.Start("apply", "-auto-approve")
	<-updating
	run.Signal(syscall.SIGINT)
	result := run.Wait()
	requireSays(t, result.Output, "Warning: Interrupted: 1 of 1 image overrides of ci/K8 are stored")
	if result.Code == 0 || len(stateImages(t, dir)) != 1 {
		t.Errorf("exit code %d, and the state lists %v:\n%s", result.Code, stateImages(t, dir), result.Output)
	}
	dir.Must("destroy", "-auto-approve")
	requireStored(t, fake, nil)
}
