package connector

import (
	"context"
	"sync"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestOneReadServesAWholeRun(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{"read": {}, "forbidden": {Status: 403, Times: -1}} {
		fake, account := start(t, fakeharness.Options{})
		fake.Inject(fault)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = account.Shared(t.Context()) })
		}
		wg.Wait()
		if n := fake.Count(""); n != 1 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

func TestAnInterruptedReadIsNotKept(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	fake.Inject(fakeharness.Fault{Hang: true, Hook: func(fakeharness.Request) { cancel() }})
	if _, err := account.Shared(ctx); err == nil {
		t.Error("no error")
	}
	if found, err := account.Shared(t.Context()); err != nil || !found.Exists {
		t.Error(found.Registry, err)
	}
}

func TestAChangeIsSeenByLaterReads(t *testing.T) {
	t.Parallel()
	_, account := start(t, fakeharness.Options{})
	_, _ = account.Shared(t.Context())
	if _, err := account.Change(t.Context(), Request{Edit: toWanted}); err != nil {
		t.Fatal(err)
	}
	if found, err := account.Shared(t.Context()); err != nil || !found.has(wanted) {
		t.Error(found.Registry, err)
	}
}

func TestEffectiveIsThePlannedURLOnceThereIsAPlan(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	require := func(what string, want Effective, known bool) {
		t.Helper()
		if got, err := account.Effective(t.Context()); got != want || (err == nil) != known {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	require("as it is", Effective{URL: "https://index.docker.io/v2/", Type: harness.DockerRegistry, Anonymous: true}, true)
	account.Plan(Planned{})
	require("not known yet", Effective{}, false)
	account.Plan(Planned{URL: new(mirror)})
	require("planned", Effective{URL: mirror, Type: harness.DockerRegistry, Planned: true}, true)
	account.Plan(Planned{URL: new("")})
	require("destroyed", Effective{Planned: true}, true)

	for kind, body := range map[string]string{"": "", "Gcp": `{"identifier": "harnessImage", "type": "Gcp"}`} {
		fake.SetConnector(body)
		account = New(account.api, account.opts)
		require("type "+kind, Effective{Type: kind, Anonymous: kind == ""}, true)
	}
	fake.DenyConnectors(true, false)
	account = New(account.api, account.opts)
	require("forbidden", Effective{}, false)
}
