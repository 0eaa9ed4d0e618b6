package fakeharness

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reply is one answer as a client sees it.
type reply struct {
	status int
	header http.Header
	body   string
	env    struct {
		Status, Code, Message, CorrelationID string
		Data                                 json.RawMessage
	}
}

// images decodes the data of an answer that holds a map.
func (r reply) images(t *testing.T) images {
	t.Helper()
	out := images{}
	if r.status != http.StatusOK || json.Unmarshal(r.env.Data, &out) != nil {
		t.Fatalf("no images: %d %s", r.status, r.body)
	}
	return out
}

// mustBe fails unless the answer is a success with the data, such as `true`.
func (r reply) mustBe(t *testing.T, data string) {
	t.Helper()
	if r.status != http.StatusOK || string(r.env.Data) != data {
		t.Fatalf("answer is %d %s, want the data %s", r.status, r.body, data)
	}
}

// newHTTPClient returns a client that keeps no connection and follows no redirect.
func newHTTPClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// newCall makes a request with the server's own account and API key: target is such as
// "ci/K8/update-config"; a non-empty body makes it a POST.
func newCall(t *testing.T, s *Server, target, body string) *http.Request {
	t.Helper()
	parts := strings.Split(target, "/")
	query := url.Values{"accountIdentifier": {s.Options().AccountID}, "infra": {parts[1]}}
	return newRequestTo(t, s, modulePaths[parts[0]]+parts[2]+"?"+query.Encode(), body)
}

// newRequestTo makes a request for any path below the endpoint.
func newRequestTo(t *testing.T, s *Server, path, body string) *http.Request {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(apiKeyHeader, s.Options().APIKey)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// send returns the answer to a request that must get one.
func send(t *testing.T, req *http.Request) reply {
	t.Helper()
	out, err := try(req)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// try returns the answer to a request, or how it failed. It may run on any goroutine.
func try(req *http.Request) (reply, error) {
	resp, err := newHTTPClient().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	out := reply{status: resp.StatusCode, header: resp.Header, body: string(body)}
	_ = json.Unmarshal(body, &out.env) // an answer need not be an envelope
	return out, err
}

// call is send for the usual request.
func call(t *testing.T, s *Server, target, body string) reply {
	t.Helper()
	return send(t, newCall(t, s, target, body))
}

// newRecorded makes a request for a handler that is called without a network.
func newRecorded(ctx context.Context, method, target, body string) *http.Request {
	req := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	return req
}

// decode returns a recorded answer as a client would see it.
func decode(t *testing.T, recorded *httptest.ResponseRecorder) reply {
	t.Helper()
	out := reply{status: recorded.Code, header: recorded.Header(), body: recorded.Body.String()}
	if err := json.Unmarshal(recorded.Body.Bytes(), &out.env); err != nil {
		t.Fatal(err)
	}
	return out
}

// update returns the body of an update-config with one field.
func update(field, value string) string {
	return string(fakeserver.MustJSON([]map[string]string{{"field": field, "value": value}}))
}
