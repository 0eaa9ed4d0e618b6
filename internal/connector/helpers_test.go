package connector

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mirror = "https://registry.example.com/mirror"

var wanted = harness.Registry{
	Login: harness.Login{Auth: harness.UsernamePassword, Username: "robot", PasswordRef: "account.robot"},
	URL:   mirror, ProviderType: "Other",
}

func toWanted(harness.Registry) harness.Registry { return wanted }

// tested is the change to wanted, with its tests.
func tested() Request { return Request{Edit: toWanted, Test: time.Minute} }

// restored puts a body back without a test.
func restored(t *testing.T, account *Account, body json.RawMessage) error {
	t.Helper()
	account.mu.Lock()
	account.written = false // as in another run
	account.mu.Unlock()
	_, _, err := account.GiveBack(t.Context(), body, 0)
	return err
}

// start returns a fake that knows the secret of wanted, and its image connector with short waits.
func start(t *testing.T, opts fakeharness.Options) (*fakeharness.Server, *Account) {
	t.Helper()
	fake := fakeharness.Start(t, opts)
	fake.AddSecret("account.robot")
	endpoint, err := url.Parse(fake.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	client := harness.New(harness.Config{
		Endpoint: endpoint, AccountID: fake.Options().AccountID, APIKey: fake.Options().APIKey,
		MaxRetries: 1, RetryWaitMin: time.Microsecond, RetryWaitMax: time.Millisecond,
	})
	return fake, New(client, Options{Pause: time.Microsecond, Grace: 10 * time.Second})
}

// connectorURL returns the URL of the connector; "" for none.
func connectorURL(t *testing.T, fake *fakeharness.Server) string {
	t.Helper()
	var body struct {
		Spec struct {
			URL string `json:"dockerRegistryUrl"`
		} `json:"spec"`
	}
	if stored := fake.Connector(); stored != "" {
		if err := json.Unmarshal([]byte(stored), &body); err != nil {
			t.Fatal(err)
		}
	}
	return body.Spec.URL
}

// requireConnector fails unless the connector's URL contains the text; "" is no connector.
func requireConnector(t *testing.T, fake *fakeharness.Server, text string) {
	t.Helper()
	if got := connectorURL(t, fake); text == "" && got != "" || !strings.Contains(got, text) {
		t.Errorf("the URL is %q, want %q", got, text)
	}
}

// as returns err as an E, which it must be.
func as[E error](t *testing.T, err error) E {
	t.Helper()
	typed, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("got %v (%T), want a %T", err, err, typed)
	}
	return typed
}

// requireCalls fails unless the connector's calls were these, reads left out.
func requireCalls(t *testing.T, fake *fakeharness.Server, want ...string) {
	t.Helper()
	var got []string
	for _, r := range fake.Requests() {
		if r.Call != "get-connector" {
			got = append(got, strings.TrimSuffix(r.Call, "-connector"))
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("calls %v, want %v", got, want)
	}
}

// rehearsed returns the calls of a test of a candidate, and then these.
func rehearsed(calls ...string) []string {
	return append([]string{"create", "test", "delete"}, calls...)
}

// failSwitched makes the test of the image connector fail, and that of a candidate succeed.
func failSwitched(fake *fakeharness.Server) {
	fake.TestConnections(fakeharness.ConnectionTest{Connector: harness.ImageConnector, Status: "FAILURE"})
}

// withoutCandidate keeps candidates from an account.
func withoutCandidate(fake *fakeharness.Server) {
	fake.Inject(fakeharness.Fault{
		Call: "create-connector", Connector: harness.ImageCandidate, Times: -1,
		Status: http.StatusForbidden, Body: fakeharness.ErrorBody("NG_ACCESS_DENIED", "Missing permission", "c-1"),
	})
}

func requireNoCandidate(t *testing.T, fake *fakeharness.Server) {
	t.Helper()
	if left := fake.ConnectorNamed(harness.ImageCandidate); left != "" {
		t.Errorf("left %s", left)
	}
}
