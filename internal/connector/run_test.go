package connector

import (
	"context"
	"sync"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
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
		t.Errorf("%+v %v", found, err)
	}
}

func TestAChangeIsSeenByLaterReads(t *testing.T) {
	t.Parallel()
	_, account := start(t, fakeharness.Options{})
	_, _ = account.Shared(t.Context())
	if _, err := account.Change(t.Context(), toWanted, false); err != nil {
		t.Fatal(err)
	}
	if found, err := account.Shared(t.Context()); err != nil || !found.has(wanted) {
		t.Errorf("%+v %v", found, err)
	}
}

func TestEffectiveIsThePlannedURLOnceThereIsAPlan(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	require := func(what, wantURL string, wantPlanned, wantKnown bool) {
		t.Helper()
		if url, planned, known := account.Effective(t.Context()); url != wantURL || planned != wantPlanned || known != wantKnown {
			t.Errorf("%s: %q, %v, %v", what, url, planned, known)
		}
	}
	require("as it is", "https://index.docker.io/v2/", false, true)
	account.Plan(Planned{})
	require("not known yet", "", true, false)
	account.Plan(Planned{URL: new(mirror)})
	require("planned", mirror, true, true)

	for name, body := range map[string]string{"none": "", "another type": `{"identifier": "harnessImage", "type": "Gcp"}`} {
		fake.SetConnector(body)
		account = New(account.api, account.opts)
		require(name, "", false, body == "")
	}
	fake.DenyConnectors(true, false)
	account = New(account.api, account.opts)
	require("forbidden", "", false, false)
}
