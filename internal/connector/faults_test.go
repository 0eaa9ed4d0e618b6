package connector

import (
	"net/http"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestNoFaultIsAFalseSuccess(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  fakeharness.Fault
		stored bool // the change is made all the same, and told as one
	}{
		"429":               {fakeharness.Fault{Status: http.StatusTooManyRequests}, false},
		"503":               {fakeharness.Fault{Status: http.StatusServiceUnavailable}, false},
		"500 with envelope": {fakeharness.Fault{Status: 500, Body: fakeharness.ErrorBody("UNKNOWN_ERROR", "oops", "c-1")}, false},
		"400":               {fakeharness.Fault{Status: 400, Body: fakeharness.ErrorBody("INVALID_REQUEST", "no", "c-1")}, false},
		"403":               {fakeharness.Fault{Status: 403}, false},
		"redirect":          {fakeharness.Fault{Redirect: "https://login.example.com"}, false},
		"error behind 200":  {fakeharness.Fault{Body: fakeharness.ErrorBody("INVALID_REQUEST", "no", "c-1")}, false},
		"dropped":           {fakeharness.Fault{Drop: true}, false},
		"page":              {fakeharness.Fault{Body: "<html>login</html>"}, false},
		"huge":              {fakeharness.Fault{Body: "{}", PadTo: 9 << 20}, false},
		"swallowed":         {fakeharness.Fault{Lie: true}, false},
		"optimistic lock":   {fakeharness.Fault{Status: 400, Body: fakeharness.ErrorBody("OPTIMISTIC_LOCKING_EXCEPTION", "no", "c-1")}, false},
		"made, then 503":    {fakeharness.Fault{ApplyFirst: true, Status: 503}, true},
		"made, dropped":     {fakeharness.Fault{ApplyFirst: true, Drop: true}, true},
		"made, then page":   {fakeharness.Fault{ApplyFirst: true, Body: "<html>bye</html>"}, true},
		"made, cut":         {fakeharness.Fault{Cut: 10}, true},
	} {
		for kind, opts := range map[string]fakeharness.Options{"update": {}, "create": {NoConnector: true}} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				fake, account := start(t, opts)
				fault := test.fault
				fault.Call, fault.Times, fault.Connector = "connector-writes", -1, harness.ImageConnector
				fake.Inject(fault)
				result, err := account.Change(t.Context(), tested())
				if stored := connectorURL(t, fake) == mirror; (err == nil) != stored || stored != test.stored {
					t.Errorf("stored: %v; %v", stored, err)
				}
				if err != nil && result.Touched {
					t.Error("nothing is stored, and something may be")
				}
				requireNoCandidate(t, fake)
			})
		}
	}
}

func TestALostChangeIsReportedAsSuch(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "update-connector", Lie: true})
	_, err := account.Change(t.Context(), tested())
	_ = as[*NotStoredError](t, err)
}

// The second attempt learns that the identifier is taken, by the first one.
func TestALostAnswerOfTheCreationIsNoFailure(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{NoConnector: true})
	fake.Inject(fakeharness.Fault{Call: "create-connector", ApplyFirst: true, Drop: true})
	if _, err := account.Change(t.Context(), tested()); err != nil {
		t.Error(err)
	}
	requireCalls(t, fake, "create", "create", "test", "delete", "create", "test")
}

func TestAWriteThatIsSavedLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "update-connector", Status: http.StatusGatewayTimeout, Times: -1})
	reads := 0
	fake.Inject(fakeharness.Fault{Call: "get-connector", Times: -1, Hook: func(fakeharness.Request) {
		if reads++; reads == 5 {
			fake.SetConnector(`{"name": "n", "identifier": "harnessImage", "type": "DockerRegistry", "spec": {
				"dockerRegistryUrl": "https://registry.example.com/mirror", "providerType": "Other", "auth": {
				"type": "UsernamePassword", "spec": {"username": "robot", "passwordRef": "account.robot"}}}}`)
		}
	}})
	if _, err := account.Change(t.Context(), tested()); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeReadBackIsUncertain(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "update-connector", ApplyFirst: true, Drop: true, Times: -1})
	fake.Inject(fakeharness.Fault{Call: "get-connector", After: 2, Status: 503, Times: -1})
	result, err := account.Change(t.Context(), tested())
	_ = as[*UncertainError](t, err)
	if !result.Touched {
		t.Error("it may be stored")
	}
}

func TestAnAcknowledgedChangeThatCannotBeReadIsTested(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "get-connector", After: 2, Status: 503, Times: -1})
	result, err := account.Change(t.Context(), tested())
	if err != nil || result.Unverified == nil || !result.After.has(wanted) {
		t.Error(result.Unverified, err)
	}
	requireCalls(t, fake, rehearsed("update", "test")...)
}

func TestAPolicyAndAMissingSecretAreReportedAsSuch(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.DenyByPolicy("only-ours", "")
	_, err := account.Change(t.Context(), tested())
	_ = as[*harness.PolicyError](t, err)
	fake.DenyByPolicy("", "")
	fake.RemoveSecret("account.robot")
	if _, err := account.Change(t.Context(), tested()); !harness.IsRefused(err) {
		t.Error(err)
	}
	requireConnector(t, fake, "index.docker.io")
}

func TestAnotherWriterIsNotOverwrittenByThePutBack(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	failSwitched(fake)
	fake.Inject(fakeharness.Fault{Call: "test-connector", Connector: harness.ImageConnector, Hook: func(fakeharness.Request) {
		fake.SetConnector(fakeharness.ConnectorBody("https://theirs.example.com", ""))
	}})
	result, err := account.Change(t.Context(), tested())
	_ = as[*OverwrittenError](t, err)
	if result.Touched {
		t.Error("nothing of the change is stored")
	}
	requireConnector(t, fake, "theirs.example.com")
}

func TestATestOfAnothersSettingsProvesNothing(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "test-connector", Connector: harness.ImageConnector, Hook: func(fakeharness.Request) {
		fake.SetConnector(fakeharness.ConnectorBody("https://theirs.example.com", ""))
	}})
	_, err := account.Change(t.Context(), tested())
	_ = as[*OverwrittenError](t, err)
	requireConnector(t, fake, "theirs.example.com")
}

func TestRestoreBringsBackThePreviousConnector(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*fakeharness.Server){
		"as left":         func(*fakeharness.Server) {},
		"changed outside": func(f *fakeharness.Server) { f.SetConnector(fakeharness.ConnectorBody("https://x.example.com", "")) },
		"answer lost": func(f *fakeharness.Server) {
			f.Inject(fakeharness.Fault{Call: "connector-writes", ApplyFirst: true, Drop: true})
		},
		"removed outside": func(f *fakeharness.Server) { f.SetConnector("") },
		"restored already": func(f *fakeharness.Server) {
			f.SetConnector(fakeharness.ConnectorBody("https://previous.example.com", ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, account := start(t, fakeharness.Options{})
			fake.SetConnector(fakeharness.ConnectorBody("https://previous.example.com", ""))
			result, err := account.Change(t.Context(), tested())
			if err != nil {
				t.Fatal(err)
			}
			change(fake)
			if err := restored(t, account, result.Before.Body); err != nil {
				t.Fatal(err)
			}
			requireConnector(t, fake, "previous.example.com")
		})
	}
}

func TestRestoreRemovesIfThereWasNone(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{NoConnector: true})
	if _, err := account.Change(t.Context(), Request{Edit: toWanted}); err != nil {
		t.Fatal(err)
	}
	fake.Inject(fakeharness.Fault{Call: "delete-connector", Lie: true})
	_ = as[*NotStoredError](t, restored(t, account, nil))
	fake.Inject(fakeharness.Fault{Call: "delete-connector", ApplyFirst: true, Status: 504})
	for range 2 {
		if err := restored(t, account, nil); err != nil {
			t.Fatal(err)
		}
	}
	requireConnector(t, fake, "")
}

func TestRestoreReportsWhatRefersToIt(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.ReferToConnector()
	if err := restored(t, account, nil); !harness.IsReferenced(err) {
		t.Error(err)
	}
}
