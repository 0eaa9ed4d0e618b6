package connector

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestChangeTakesOverInPlaceAndTests(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	result, err := account.Change(t.Context(), tested())
	if err != nil || result.Unverified != nil {
		t.Fatal(err, result.Unverified)
	}
	if !result.After.has(wanted) || !result.After.StatusCurrent() || result.Before.Registry.URL != "https://index.docker.io/v2/" {
		t.Error("not as wanted", result.After.Registry)
	}
	requireCalls(t, fake, rehearsed("update", "test")...)
	if !account.Written() {
		t.Error("it does not count as written")
	}
	if !strings.Contains(fake.Connector(), "Harness Docker Connector") || !strings.Contains(fake.Connector(), `"proxy":false`) {
		t.Errorf("what is not known here is lost: %s", fake.Connector())
	}
}

func TestChangeCreatesIfThereIsNone(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{NoConnector: true})
	result, err := account.Change(t.Context(), tested())
	if err != nil || result.Before.Exists || !result.After.has(wanted) {
		t.Fatal(err)
	}
	requireCalls(t, fake, rehearsed("create", "test")...)
	requireNoCandidate(t, fake)
}

func TestChangeWritesNothingIfItIsStored(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	for range 2 {
		if _, err := account.Change(t.Context(), tested()); err != nil {
			t.Fatal(err)
		}
	}
	requireCalls(t, fake, rehearsed("update", "test")...)
}

func TestWithoutTestNothingIsTested(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	result, err := account.Change(t.Context(), Request{Edit: toWanted})
	if err != nil || result.After.StatusCurrent() {
		t.Fatal(err)
	}
	requireCalls(t, fake, "update")
}

func TestAFailedCandidateChangesNothing(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]fakeharness.Options{"taken over": {}, "created": {NoConnector: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, account := start(t, opts)
			before := fake.Connector()
			fake.TestConnections(fakeharness.ConnectionTest{Status: "FAILURE", Errors: []string{"no route to registry.example.com"}})
			result, err := account.Change(t.Context(), tested())
			failed := as[*TestError](t, err)
			if failed.Stage != Candidate || result.Touched || len(failed.Reasons()) != 1 || !strings.Contains(err.Error(), "no route to registry") {
				t.Error(failed)
			}
			requireCalls(t, fake, rehearsed()...)
			requireNoCandidate(t, fake)
			if fake.Connector() != before || account.Written() {
				t.Errorf("changed to %s", fake.Connector())
			}
		})
	}
}

func TestAFailedTestPutsBackThePreviousConnector(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts  fakeharness.Options
		calls []string
		left  string
	}{
		"taken over": {fakeharness.Options{}, []string{"update", "test", "update"}, "index.docker.io"},
		"created":    {fakeharness.Options{NoConnector: true}, []string{"create", "test", "delete"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, account := start(t, test.opts)
			before := fake.Connector()
			failSwitched(fake)
			result, err := account.Change(t.Context(), tested())
			if failed := as[*TestError](t, err); failed.Stage != Switched || failed.PutBack != nil || result.Touched {
				t.Error(failed)
			}
			requireCalls(t, fake, rehearsed(test.calls...)...)
			requireConnector(t, fake, test.left)
			if fake.Connector() != compact(before) && fake.Connector() != before {
				t.Errorf("%s\nis not the previous connector:\n%s", fake.Connector(), before)
			}
			if account.Written() {
				t.Error("it counts as written")
			}
		})
	}
}

// compact removes the white space between the parts of a JSON text that has none within its strings.
func compact(body string) string {
	body = strings.NewReplacer("\n", "", ": ", ":", ", ", ",").Replace(body)
	for strings.Contains(body, "  ") {
		body = strings.ReplaceAll(body, "  ", " ")
	}
	return strings.NewReplacer("{ ", "{", ", ", ",", " }", "}").Replace(body)
}

func TestIfThePutBackFailsTheChangeMayBeStored(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	failSwitched(fake)
	fake.Inject(fakeharness.Fault{Call: "update-connector", After: 1, Status: http.StatusForbidden, Times: -1})
	result, err := account.Change(t.Context(), tested())
	if failed := as[*TestError](t, err); failed.PutBack == nil || !result.Touched || !harness.IsForbidden(failed.PutBack) {
		t.Error(failed)
	}
	requireConnector(t, fake, "registry.example.com")
}

func TestAnUndecidedTestPutsBackThePreviousConnector(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeharness.Fault{
		"500":     {Status: http.StatusInternalServerError},
		"refused": {Status: http.StatusBadRequest, Body: fakeharness.ErrorBody("INVALID_REQUEST", "no delegate", "c-1")},
		"429":     {Status: http.StatusTooManyRequests},
		"page":    {Body: "<html>login</html>"},
		"nothing": {Body: `{"status":"SUCCESS","data":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, account := start(t, fakeharness.Options{})
			fault.Call, fault.Times = "test-connector", -1
			fake.TestConnections(fakeharness.ConnectionTest{Silent: true})
			for stage, id := range map[Stage]string{Candidate: harness.ImageCandidate, Switched: harness.ImageConnector} {
				fault.Connector = id
				fake.Inject(fault)
				_, err := account.Change(t.Context(), tested())
				if failed := as[*TestError](t, err); failed.Err == nil || failed.PutBack != nil || failed.Stage != stage {
					t.Error(failed)
				}
				requireConnector(t, fake, "index.docker.io")
				requireNoCandidate(t, fake)
				fake.ClearFaults()
			}
		})
	}
}

func TestALostAnswerOfTheTestIsFoundWithTheConnector(t *testing.T) {
	t.Parallel()
	for status, left := range map[string]string{"SUCCESS": "registry.example.com", "FAILURE": "index.docker.io"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			fake, account := start(t, fakeharness.Options{})
			fake.TestConnections(fakeharness.ConnectionTest{Status: status})
			fake.Inject(fakeharness.Fault{Call: "test-connector", ApplyFirst: true, Drop: true, Times: -1})
			if _, err := account.Change(t.Context(), tested()); (err == nil) != (status == "SUCCESS") {
				t.Error(err)
			}
			requireConnector(t, fake, left)
		})
	}
}

func TestAPendingTestIsWaitedFor(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.TestConnections(fakeharness.ConnectionTest{Status: "PENDING"})
	reads := 0
	fake.Inject(fakeharness.Fault{Call: "get-connector", Times: -1, Hook: func(fakeharness.Request) {
		if reads++; reads == 5 { // first, before the change, after it, after the test, and now it is done
			fake.TestConnections(fakeharness.ConnectionTest{Status: "SUCCESS"})
			fake.EndTest()
		}
	}})
	withoutCandidate(fake)
	if _, err := account.Change(t.Context(), tested()); err != nil {
		t.Error(err)
	}
}

func TestASlowTestIsNotWaitedForForever(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	slow := Request{Edit: toWanted, Test: 50 * time.Millisecond}
	fake.TestConnections(fakeharness.ConnectionTest{Status: "PENDING"})
	_, err := account.Change(t.Context(), slow)
	_ = as[*SlowTestError](t, err)
	requireConnector(t, fake, "index.docker.io")
}

func TestAnInterruptDuringTheTestPutsBack(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	fake.Inject(fakeharness.Fault{Call: "test-connector", Hang: true, Hook: func(fakeharness.Request) { cancel() }})
	result, err := account.Change(ctx, tested())
	_ = as[*InterruptedError](t, err)
	if result.Touched || !errors.Is(err, context.Canceled) {
		t.Error(result.Touched, err)
	}
	requireCalls(t, fake, rehearsed()...)
	requireConnector(t, fake, "index.docker.io")
	requireNoCandidate(t, fake)
}

func TestAnInterruptDuringTheWriteCompletesItAndPutsBack(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	fake.Inject(fakeharness.Fault{Call: "update-connector", BeforeSave: func(fakeharness.Request) { cancel() }})
	_, err := account.Change(ctx, tested())
	_ = as[*InterruptedError](t, err)
	requireCalls(t, fake, rehearsed("update", "update")...)
	requireConnector(t, fake, "index.docker.io")
}

func TestAnInterruptBeforehandChangesNothing(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if result, err := account.Change(ctx, tested()); !errors.Is(err, context.Canceled) || result.Touched {
		t.Error(result.Touched, err)
	}
	requireCalls(t, fake)
}

func TestAGraceEndsWithoutTheServer(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	account.opts.Grace = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	fake.Inject(fakeharness.Fault{Call: "update-connector", ApplyFirst: true, Hang: true, Hook: func(fakeharness.Request) { cancel() }})
	result, err := account.Change(ctx, tested())
	_ = as[*UncertainError](t, err)
	if !result.Touched {
		t.Error("nothing says that it may be stored, and it is")
	}
}

func TestAnotherTypeIsLeftAlone(t *testing.T) {
	t.Parallel()
	fake, account := start(t, fakeharness.Options{})
	fake.SetConnector(`{"name": "GCP", "identifier": "harnessImage", "type": "Gcp", "spec": {}}`)
	_, err := account.Change(t.Context(), tested())
	if as[*TypeError](t, err).Type != "Gcp" {
		t.Error(err)
	}
	_ = as[*TypeError](t, restored(t, account, nil))
	requireCalls(t, fake)
}
