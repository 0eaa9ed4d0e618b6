package connector

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// theirs is a connector of somebody else under the candidate's identifier.
const theirs = `{"name": "t", "identifier": "harnessImageCandidate", "type": "DockerRegistry", "spec": {"dockerRegistryUrl": "https://theirs.example.com"}}`

func TestACandidateIsTheConnectorUnderAnotherName(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	var sent []byte
	fake.Inject(fakeharness.Fault{Call: "create-connector", Hook: func(r fakeharness.Request) { sent = r.Body }})
	if _, err := account.Change(t.Context(), tested()); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"identifier":"harnessImageCandidate"`, `"dockerRegistryUrl":"` + mirror, `"passwordRef":"account.robot"`, `"description":"Temporary`} {
		if !strings.Contains(string(sent), part) {
			t.Errorf("no %s in %s", part, sent)
		}
	}
}

// Where an account does not allow a candidate, the connector is changed first and tested after.
func TestWithoutACandidateBuildsSeeTheSettingsUntested(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*fakeharness.Server){
		"forbidden": withoutCandidate,
		"a policy":  func(f *fakeharness.Server) { f.DenyByPolicy("names", harness.ImageCandidate) },
		"taken":     func(f *fakeharness.Server) { f.SetConnectorNamed(harness.ImageCandidate, theirs) },
		"a leftover that may not be changed": func(f *fakeharness.Server) {
			f.SetConnectorNamed(harness.ImageCandidate, leftover(t, "https://old.example.com"))
			f.Inject(fakeharness.Fault{Call: "update-connector", Connector: harness.ImageCandidate, Status: http.StatusForbidden})
		},
	} {
		for outcome, left := range map[string]string{"SUCCESS": "registry.example.com", "FAILURE": "index.docker.io"} {
			t.Run(name+" "+outcome, func(t *testing.T) {
				t.Parallel()
				fake, account := start(t, fakeharness.Options{})
				prepare(fake)
				fake.TestConnections(fakeharness.ConnectionTest{Status: outcome})
				result, err := account.Change(t.Context(), tested())
				if result.Untested == nil || (err == nil) != (outcome == "SUCCESS") {
					t.Errorf("untested: %v; %v", result.Untested, err)
				}
				if err != nil && as[*TestError](t, err).Untested == nil {
					t.Error("the error does not say that builds saw the settings untested")
				}
				requireConnector(t, fake, left)
				if now := fake.ConnectorNamed(harness.ImageCandidate); name == "taken" && now != theirs {
					t.Errorf("their connector is now %q", now)
				}
			})
		}
	}
}

// leftover is the body of a candidate of an interrupted run.
func leftover(t *testing.T, url string) string {
	t.Helper()
	body, err := harness.CandidateBody(json.RawMessage(fakeharness.ConnectorBody(url, "")))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestALeftoverIsUsedAndRemoved(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.SetConnectorNamed(harness.ImageCandidate, leftover(t, "https://old.example.com"))
	if _, err := account.Change(t.Context(), tested()); err != nil {
		t.Fatal(err)
	}
	requireCalls(t, fake, "create", "update", "test", "delete", "update", "test")
	requireNoCandidate(t, fake)
}

// Whatever happens to a call about the candidate, the connector is only changed after a test that succeeded.
func TestNoFaultOfACandidateIsAFalseSuccess(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{
		"429":               {Status: http.StatusTooManyRequests},
		"503":               {Status: http.StatusServiceUnavailable},
		"500 with envelope": {Status: 500, Body: fakeharness.ErrorBody("UNKNOWN_ERROR", "oops", "c-1")},
		"400":               {Status: 400, Body: fakeharness.ErrorBody("INVALID_REQUEST", "no", "c-1")},
		"401":               {Status: 401},
		"redirect":          {Redirect: "https://login.example.com"},
		"error behind 200":  {Body: fakeharness.ErrorBody("INVALID_REQUEST", "no", "c-1")},
		"dropped":           {Drop: true},
		"page":              {Body: "<html>login</html>"},
		"huge":              {Body: "{}", PadTo: 9 << 20},
		"swallowed":         {Lie: true},
		"made, then 503":    {ApplyFirst: true, Status: 503},
		"made, dropped":     {ApplyFirst: true, Drop: true},
		"made, cut":         {Cut: 10},
	} {
		for _, call := range []string{"create-connector", "test-connector", "delete-connector", "get-connector"} {
			t.Run(call+" "+name, func(t *testing.T) {
				t.Parallel()
				fake, account := start(t, fakeharness.Options{})
				fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE"})
				fault := fault // that of this call
				fault.Call, fault.Connector, fault.Times = call, harness.ImageCandidate, -1
				fake.Inject(fault)
				result, err := account.Change(t.Context(), tested())
				if err == nil || result.Touched {
					t.Errorf("a connector that does not work is a success: %v", err)
				}
				if n := fake.Count("update-connector"); n != 0 {
					t.Errorf("the connector was written %d times", n)
				}
				requireConnector(t, fake, "index.docker.io")
				lied := call == "delete-connector" && fault.Lie // the next change removes it
				if left := fake.ConnectorNamed(harness.ImageCandidate); left != "" && result.Leftover == nil && !lied {
					t.Error("a candidate is left, and nothing says so")
				}
			})
		}
	}
}

// An interrupt at any request of a change leaves the connector as it was, and no candidate.
func TestAnInterruptAtAnyRequestLeavesAConnectorThatWorks(t *testing.T) {
	t.Parallel()
	for n := range 10 {
		fake, account := start(t, fakeharness.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		fake.Inject(fakeharness.Fault{After: n, Hook: func(fakeharness.Request) { cancel() }})
		_, err := account.Change(ctx, tested())
		if done := connectorURL(t, fake) == mirror; (err == nil) != done {
			t.Errorf("request %d: changed: %v; %v", n, done, err)
		}
		requireNoCandidate(t, fake)
		cancel()
	}
}

func TestAChangeDuringTheTestOfTheCandidateStays(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.Inject(fakeharness.Fault{Call: "test-connector", Hook: func(fakeharness.Request) {
		fake.SetConnector(fakeharness.ConnectorBody("https://theirs.example.com", ""))
	}})
	_, err := account.Change(t.Context(), tested())
	_ = as[*ChangedError](t, err)
	requireCalls(t, fake, rehearsed()...)
	requireConnector(t, fake, "theirs.example.com")
}

func TestAnUnexpectedConnectorStays(t *testing.T) {
	t.Parallel()
	for _, patience := range []Request{tested(), {Edit: toWanted}} {
		fake, account := start(t, fakeharness.Options{})
		patience.Expected = func(f Found) bool { return f.Registry.URL == "https://planned.example.com" }
		_, err := account.Change(t.Context(), patience)
		_ = as[*ChangedError](t, err)
		requireCalls(t, fake)
		requireConnector(t, fake, "index.docker.io")
	}
}

func TestStoredSettingsAreTestedUnlessTheyAreKnownToWork(t *testing.T) {
	t.Parallel()
	for outcome, wantErr := range map[string]bool{"SUCCESS": false, "FAILURE": true} {
		fake, account := start(t, fakeharness.Options{})
		if _, err := account.Change(t.Context(), Request{Edit: toWanted}); err != nil { // untested
			t.Fatal(err)
		}
		fake.TestConnections(fakeharness.ConnectionTest{Status: outcome})
		fake.ResetLog()
		for range 2 {
			result, err := account.Change(t.Context(), tested())
			if (err != nil) != wantErr || result.Touched {
				t.Error(outcome, err)
			}
			if err != nil && as[*TestError](t, err).Stage != Standing {
				t.Error(err)
			}
		}
		if want := map[bool]int{false: 1, true: 2}[wantErr]; fake.Count("test-connector") != want || fake.Count("connector-writes") != 0 {
			t.Errorf("%s: %d tests, %d writes", outcome, fake.Count("test-connector"), fake.Count("connector-writes"))
		}
		requireConnector(t, fake, "registry.example.com")
	}
}

// A run was killed before its test: the next one tests, and puts back what worked.
func TestStoredSettingsThatFailGiveWayToThoseThatWorked(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	worked := fakeharness.ConnectorBody("https://worked.example.com", "")
	if _, err := account.Change(t.Context(), Request{Edit: toWanted}); err != nil {
		t.Fatal(err)
	}
	fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE"})
	again := tested()
	again.Worked = json.RawMessage(worked)
	_, err := account.Change(t.Context(), again)
	if failed := as[*TestError](t, err); failed.Stage != Switched || failed.PutBack != nil {
		t.Error(failed)
	}
	requireConnector(t, fake, "worked.example.com")
}

func TestAWriteThatMeetsAnotherIsSentAgain(t *testing.T) {
	t.Parallel()
	overlap := fakeharness.Fault{
		Call: "update-connector", Status: 400, Body: fakeharness.ErrorBody("OPTIMISTIC_LOCKING_EXCEPTION", "no", "c-1"),
	}
	fake, account := start(t, fakeharness.Options{})
	overlap.Times = 2
	fake.Inject(overlap)
	if _, err := account.Change(t.Context(), tested()); err != nil {
		t.Error(err)
	}
	requireCalls(t, fake, rehearsed("update", "update", "update", "test")...)

	// What the other has changed that is not known here is kept.
	fake, account = start(t, fakeharness.Options{})
	overlap.Times, overlap.Hook = 1, func(fakeharness.Request) {
		fake.SetConnector(strings.Replace(fake.Connector(), `"tags": {}`, `"tags": {"by": "them"}`, 1))
	}
	fake.Inject(overlap)
	if _, err := account.Change(t.Context(), tested()); err != nil || !strings.Contains(fake.Connector(), `"by":"them"`) {
		t.Errorf("%v: %s", err, fake.Connector())
	}

	// A change of the settings stays.
	fake, account = start(t, fakeharness.Options{})
	overlap.Hook = func(fakeharness.Request) {
		fake.SetConnector(fakeharness.ConnectorBody("https://theirs.example.com", ""))
	}
	fake.Inject(overlap)
	_, err := account.Change(t.Context(), tested())
	_ = as[*OverwrittenError](t, err)
	requireConnector(t, fake, "theirs.example.com")
}

func TestWhatADestroyWouldBringBackIsTested(t *testing.T) {
	t.Parallel()
	previous := json.RawMessage(fakeharness.ConnectorBody("https://previous.example.com", ""))
	for outcome, left := range map[string]string{"SUCCESS": "previous.example.com", "FAILURE": "index.docker.io"} {
		fake, account := start(t, fakeharness.Options{})
		fake.TestConnections(fakeharness.ConnectionTest{Status: outcome})
		_, _, err := account.GiveBack(t.Context(), previous, tested().Test)
		if (err == nil) != (outcome == "SUCCESS") || err != nil && as[*TestError](t, err).Stage != Candidate {
			t.Error(err)
		}
		requireConnector(t, fake, left)
		requireNoCandidate(t, fake)
	}
	fake, account := start(t, fakeharness.Options{})
	failSwitched(fake)
	_, _, err := account.GiveBack(t.Context(), previous, tested().Test)
	if failed := as[*TestError](t, err); failed.Stage != Switched || failed.PutBack != nil {
		t.Error(failed)
	}
	requireConnector(t, fake, "index.docker.io")
}
