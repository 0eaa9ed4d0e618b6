package provider_test

import (
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// The CLI and the provider are killed at each write and test of a change: the account is left with a
// connector that works, and the next run ends what was begun.
func TestAccImageConnector_killedAnywhereLeavesAConnectorThatWorks(t *testing.T) {
	t.Parallel()
	const next = "https://next.example.com"
	for call, left := range map[string]string{
		"create-connector": mirrorURL, "test-connector": mirrorURL, "delete-connector": mirrorURL,
		"update-connector": next, "test-connector of the connector": next,
	} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			fake, dir := connectorWorld(t, fakeharness.Options{}, connectorConfig(mirrorURL))
			dir.Must("apply", "-auto-approve")
			dir.Write("main.tf", connectorConfig(next))
			fault := fakeharness.Fault{Call: call, ApplyFirst: true, Hang: true, Connector: harness.ImageCandidate}
			if left == next {
				fault.Call, fault.Connector = strings.TrimSuffix(call, " of the connector"), harness.ImageConnector
			}
			killDuring(t, fake, dir, fault, "apply", "-auto-approve")
			requireURL(t, fake, left)

			dir.Must("apply", "-auto-approve")
			requireURL(t, fake, next)
			requireEmptyPlan(t, dir)
			dir.Must("destroy", "-auto-approve")
			requireURL(t, fake, hubURL)
			if candidate := fake.ConnectorNamed(harness.ImageCandidate); candidate != "" {
				t.Errorf("left %s", candidate)
			}
		})
	}
}

// killDuring runs a command, and kills the CLI and its provider once a call has reached the server.
func killDuring(t *testing.T, fake *fakeharness.Server, dir *clitest.Dir, fault fakeharness.Fault, command ...string) {
	t.Helper()
	reached := make(chan struct{})
	var once sync.Once
	fault.Hook = func(fakeharness.Request) { once.Do(func() { close(reached) }) }
	fake.Inject(fault)
	run := dir.Start(command...)
	<-reached
	run.Kill()
	for _, pid := range providerProcesses(t, fake) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended with the CLI
	}
	run.Wait()
	fake.Settle()
	fake.ClearFaults()
}
