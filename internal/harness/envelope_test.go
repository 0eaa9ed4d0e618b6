package harness

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestReadAnswers(t *testing.T) {
	t.Parallel()
	ok := func(data string) string { return `{"status":"SUCCESS","data":` + data + `}` }
	for name, test := range map[string]struct {
		body string
		want map[string]string
		err  string // a part of the error's cause; "" for none
		odd  string // a part of what is told to be odd
	}{
		"empty object":         {body: ok(`{}`), want: map[string]string{}},
		"null":                 {body: ok(`null`), want: map[string]string{}},
		"images":               {body: ok(`{"a":"x:1","b":"y:2"}`), want: map[string]string{"a": "x:1", "b": "y:2"}},
		"null value":           {body: ok(`{"a":null,"b":"y:2"}`), want: map[string]string{"b": "y:2"}},
		"blank values":         {body: ok(`{"a":"","b":"  ","c":"y:2"}`), want: map[string]string{"c": "y:2"}},
		"hostile image":        {body: ok(`{"a":"x\n\u001b[31mred","b\u202e":"y:2"}`), want: map[string]string{"a": `x\n\x1b[31mred`, `b\u202e`: "y:2"}},
		"long image":           {body: ok(`{"a":"` + strings.Repeat("x", 100<<10) + `"}`), want: map[string]string{"a": strings.Repeat("x", shownRunes) + "…"}},
		"unknown member":       {body: `{"new":[1],"status":"SUCCESS","data":{"a":"x:1"},"metaData":7}`, want: map[string]string{"a": "x:1"}},
		"odd member":           {body: `{"status":"SUCCESS","message":7,"errors":"x","data":{"a":"x:1"}}`, want: map[string]string{"a": "x:1"}},
		"list":                 {body: ok(`["a"]`), err: "data is a list"},
		"number":               {body: ok(`7`), err: "data is a number"},
		"string":               {body: ok(`"a"`), err: "data is a string"},
		"false":                {body: ok(`false`), err: "data is false"},
		"true":                 {body: ok(`true`), err: "data is true"},
		"no data":              {body: `{"status":"SUCCESS"}`, want: map[string]string{}, odd: "ci/K8 reports success without data"},
		"number value":         {body: ok(`{"a":"x:1","b":7}`), want: map[string]string{"a": "x:1"}, odd: `a number, not an image, as the value of field b`},
		"object value":         {body: ok(`{"a":{"x":1}}`), want: map[string]string{}, odd: `an object, not an image, as the value of field a`},
		"hostile field":        {body: ok("{\"\\u001b[31m\":7}"), want: map[string]string{}, odd: `field \x1b[31m`},
		"many fields":          {body: ok(members(maxFields + 1)), err: "more than 5000 fields"},
		"short fields, 2 MiB":  {body: ok(members(100_000)), err: "more than 5000 fields"},
		"no status":            {body: `{"data":{"a":"x:1"}}`, err: "has no status"},
		"unknown status":       {body: `{"status":"MAYBE","data":{"a":"x:1"}}`, err: "unknown status, MAYBE"},
		"HTML":                 {body: "\n <!DOCTYPE html><html>sign in</html>", err: "a web page came"},
		"empty":                {body: "", err: "the answer is empty"},
		"a list for an answer": {body: `[]`, err: "the answer is a list"},
		"null for an answer":   {body: `null`, err: "the answer is null"},
		"plain text":           {body: "OK", err: "text that is not JSON"},
		"half an object":       {body: `{"status":"SUCCESS","data":{`, err: "not valid JSON"},
		"trailing text":        {body: ok(`{}`) + "x", err: "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := start(t)
			server.Inject(fakeharness.Fault{Status: 200, Body: test.body})
			c := New(cfg)
			got, err := c.CustomerImages(t.Context(), scope, true)
			if odd := strings.Join(c.Oddities(), "; "); !strings.Contains(odd, test.odd) || (odd == "") != (test.odd == "") {
				t.Errorf("odd: %q, want %q", odd, test.odd)
			}
			if again := c.Oddities(); len(again) > 0 {
				t.Errorf("told twice: %q", again)
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%d requests", n)
			}
			if test.err == "" {
				if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
					t.Errorf("%v, %s", err, diff)
				}
				return
			}
			e := failure(t, err)
			if got != nil || e.Status != 200 || e.Err == nil || !strings.Contains(e.Err.Error(), test.err) {
				t.Errorf("got %v, %v, want a cause with %q", got, e, test.err)
			}
			if IsRefused(err) || IsNotSent(err) {
				t.Error("nonsense passes for a refusal")
			}
		})
	}
}

// members returns an object of this many short members.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":"x"`, i)
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

func TestAnOddityIsReportedOnce(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Status: 200, Body: `{"status":"SUCCESS","data":{"a":1,"b":[]}}`, Times: -1})
	c := New(cfg)
	for i, want := range []int{2, 0, 0} {
		if _, err := c.CustomerImages(t.Context(), scope, true); err != nil {
			t.Fatal(err)
		}
		if odd := c.Oddities(); len(odd) != want {
			t.Errorf("read %d: %q", i+1, odd)
		}
	}
}

func TestDefaultsKeepBlankValues(t *testing.T) {
	t.Parallel()
	server, cfg := start(t)
	server.Inject(fakeharness.Fault{Status: 200, Body: `{"status":"SUCCESS","data":{"a":"","b":null}}`})
	got, err := New(cfg).DefaultImages(t.Context(), scope)
	if diff := cmp.Diff(map[string]string{"a": ""}, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
}

func TestWriteAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		err  string
	}{
		"false":          {`{"status":"SUCCESS","data":false}`, "data is false"},
		"null":           {`{"status":"SUCCESS","data":null}`, "data is null"},
		"no data":        {`{"status":"SUCCESS"}`, "data is nothing"},
		"object":         {`{"status":"SUCCESS","data":{}}`, "data is an object"},
		"string":         {`{"status":"SUCCESS","data":"true"}`, "data is a string"},
		"number":         {`{"status":"SUCCESS","data":1}`, "data is a number"},
		"unknown status": {`{"status":"PENDING","data":true}`, "unknown status"},
		"HTML":           {`<html></html>`, "a web page came"},
		"empty":          {``, "the answer is empty"},
	} {
		for _, call := range []string{"update-config", "reset-config"} {
			t.Run(call+" "+name, func(t *testing.T) {
				t.Parallel()
				server, cfg := start(t)
				server.Inject(fakeharness.Fault{Status: 200, Body: test.body})
				err := operations[call](t.Context(), New(cfg))
				e := failure(t, err)
				if e.Status != 200 || e.Err == nil || !strings.Contains(e.Err.Error(), test.err) {
					t.Errorf("%v", e)
				}
				if IsRefused(err) || IsNotSent(err) {
					t.Error("an uncertain outcome passes for a refusal")
				}
				if n := len(server.Requests()); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
}

func TestServerMessage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want serverMessage
	}{
		"ERROR": {
			`{"status":"ERROR","code":"INVALID_REQUEST","message":"Field x does not exist","correlationId":"id-1",
			  "responseMessages":[{"code":"OTHER","message":"more"}]}`,
			serverMessage{"INVALID_REQUEST", "Field x does not exist", "id-1"},
		},
		"ERROR, blank message": {
			`{"status":"ERROR","code":"C","message":" ","responseMessages":[{"message":"one"},{"message":""},{"message":"two"}]}`,
			serverMessage{"C", "one; two", ""},
		},
		"FAILURE": {
			`{"status":"FAILURE","code":"C","message":null,"errors":[{"fieldId":"infra","error":"must not be null"},{"error":"bad"}]}`,
			serverMessage{"C", "infra: must not be null; bad", ""},
		},
		"code in an entry": {
			`{"status":"ERROR","responseMessages":[{"code":"NG_ACCESS_DENIED","message":"no"}]}`,
			serverMessage{"NG_ACCESS_DENIED", "no", ""},
		},
		"not Harness's":    {`{"code":404,"message":"HTTP 404 Not Found"}`, serverMessage{"", "HTTP 404 Not Found", ""}},
		"hostile":          {"{\"message\":\"\\u001b[2Jgone\\n\\u202e\",\"code\":\"\\u0007\",\"correlationId\":\"a\\u0000b\"}", serverMessage{`\a`, `\x1b[2Jgone\n\u202e`, `a\x00b`}},
		"odd types":        {`{"status":7,"code":{},"message":["x"],"correlationId":null,"errors":[7]}`, serverMessage{}},
		"a web page":       {"<html><h1>Bad Gateway</h1></html>", serverMessage{}},
		"empty":            {"", serverMessage{}},
		"half an envelope": {`{"status":"ERROR","message":"x"`, serverMessage{}},
		"a list":           {`["x"]`, serverMessage{}},
		"a credential in it": {
			`{"code":"pat.test","message":"key pat.test is not valid","correlationId":"pat.test"}`,
			serverMessage{"[redacted]", "key [redacted] is not valid", "[redacted]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, cfg := start(t)
			for _, status := range []int{400, 403, 422} {
				server.Inject(fakeharness.Fault{Status: status, Body: test.body})
				e := failure(t, operations["update-config"](t.Context(), New(cfg)))
				if got := (serverMessage{e.Code, e.Message, e.CorrelationID}); got != test.want || e.Status != status {
					t.Errorf("HTTP %d: got %#v, want %#v", e.Status, got, test.want)
				}
			}
		})
	}
}

func TestErrorEnvelopeBehind200(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		fakeharness.ErrorBody("INVALID_REQUEST", "Field x does not exist for infra type: K8", "id-1"),
		`{"status":"FAILURE","code":"INVALID_REQUEST","message":"Field x does not exist for infra type: K8","correlationId":"id-1","errors":[]}`,
	} {
		for _, call := range []string{"get-default-config", "get-customer-config", "update-config", "reset-config"} {
			server, cfg := start(t)
			server.Inject(fakeharness.Fault{Status: 200, Body: body})
			err := operations[call](t.Context(), New(cfg))
			e := failure(t, err)
			if !IsRefused(err) || e.Err != nil || e.Status != 200 || e.Code != "INVALID_REQUEST" || e.CorrelationID != "id-1" {
				t.Errorf("%s: %#v", call, e)
			}
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%s: %d requests", call, n)
			}
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	c := New(Config{Endpoint: &url.URL{Scheme: "https", Host: "app.harness.io"}, APIKey: "pat.test"})
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &exchange{client: c, status: 200, body: body, attempts: 1, message: readServerMessage(body)}
		x.url = c.cfg.Endpoint
		images, err := x.images()
		if (images == nil) == (err == nil) {
			t.Errorf("images %v with the error %v", images, err)
		}
		if acknowledged := x.acknowledged(); acknowledged == nil && err == nil {
			t.Error("one answer is both an object and true")
		} else if acknowledged != nil {
			checkShown(t, acknowledged)
		}
		if err != nil {
			checkShown(t, err)
		}
	})
}

// checkShown fails unless the error is an *Error whose text is one short line of printable
// characters without the credential.
func checkShown(t *testing.T, err error) {
	t.Helper()
	text := failure(t, err).Error()
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) ||
		!utf8.ValidString(text) || len([]rune(text)) > 5*shownRunes+300 || strings.Contains(text, "pat.test") {
		t.Errorf("not fit to be shown: %q", text)
	}
}
