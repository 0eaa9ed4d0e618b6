package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// What registries, token servers and proxies say, in the forms in which they say it.
func TestAllOfARegistrysWordsAreTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status           int
		body, code, text string
		kind             Kind
	}{
		"Quay, in detail": {
			400, `{"errors":[{"code":"MANIFEST_INVALID","detail":{"message":"manifest schema version not supported"},"message":"manifest invalid"}]}`,
			"MANIFEST_INVALID", `manifest invalid; {"message":"manifest schema version not supported"}`, Refused,
		},
		"Artifactory": {
			404, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"The named manifest is not known to the registry.","detail":{"manifest":"a/b"}}]}`,
			"MANIFEST_UNKNOWN", `The named manifest is not known to the registry.; {"manifest":"a/b"}`, NotFound,
		},
		"Artifactory, of its own": {403, `{"errors":[{"status":403,"message":"Download blocked by Xray"}]}`, "", "Download blocked by Xray", Denied},
		"the reason comes second": {
			404, `{"errors":[{"code":"UNKNOWN","message":"unknown error"},{"code":"NAME_UNKNOWN","message":"no such project"}]}`,
			"UNKNOWN", "unknown error; NAME_UNKNOWN: no such project", NoRepository,
		},
		"the same twice":     {403, `{"errors":[{"code":"DENIED","message":"no","detail":"no"},{"code":"DENIED","message":"no"}]}`, "DENIED", "no; DENIED: no", Denied},
		"a list of strings":  {403, `{"errors":["quota exceeded","call us"]}`, "", "quota exceeded; call us", Denied},
		"a code of a number": {403, `{"errors":[{"code":403,"message":"no"}]}`, "403", "no", Denied},
		"OAuth":              {401, `{"error":"invalid_grant","error_description":"the token has expired"}`, "", "invalid_grant; the token has expired", Denied},
		"Docker Hub":         {401, `{"details":"incorrect username or password"}`, "", "incorrect username or password", Denied},
		"nginx":              {413, "<html>\r\n<head><title>413 Request &amp; Entity Too Large</title></head>", "", "413 Request & Entity Too Large", Refused},
		"a page of no title": {502, "<html><body>secret</body>", "", "", Unreachable},
		"plain text":         {403, "access denied by policy\n", "", "access denied by policy", Denied},
		"empty members":      {403, `{"errors":[{"code":"DENIED","message":"","detail":{}},{"detail":null}]}`, "DENIED", "", Denied},
		"nothing":            {403, "", "", "", Denied},
		"not closed":         {403, `{"errors":[{"code":"DENIED"`, "", "", Denied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			server.Inject(fakeregistry.Fault{Call: "tags", Times: -1, Status: test.status, Body: test.body})
			_, err := newClient(t, func(c *Config) { c.MaxRetries = 0 }).Tags(t.Context(), server.Host()+"/a/b")
			if e := told(t, err, test.kind); e.Code != test.code || e.Text != test.text || e.Status != test.status {
				t.Errorf("%q, %q", e.Code, e.Text)
			}
		})
	}
}

func TestWordsAreBounded(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	entry := `{"code":"` + strings.Repeat("C", 900) + `","message":"` + strings.Repeat("m", 900) + `","detail":{"a":"\u001b[31m` + strings.Repeat("d", 900) + `"}}`
	server.Inject(fakeregistry.Fault{Call: "tags", Times: -1, Status: 403, Body: `{"errors":[` + entry + strings.Repeat(","+entry, 20) + `]}`})
	_, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/b")
	if e := told(t, err, Denied); len(e.Error()) > 2000 || strings.Contains(e.Error(), "\x1b") {
		t.Errorf("%d bytes: %s", len(e.Error()), e)
	}
}

func TestACopysErrorNamesTheRequestAndItsSide(t *testing.T) {
	t.Parallel()
	for side, fault := range map[string]fakeregistry.Fault{
		"source":      {Call: "blobs", Method: http.MethodGet, Status: 403, Code: "DENIED", Times: -1},
		"destination": {Call: "uploads", Method: http.MethodPost, Status: 403, Code: "DENIED", Times: -1},
	} {
		p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, nil)
		p.source.Push("a/b:1", multi(1))
		server, want := p.source, "HTTP 403 DENIED, GET "+p.source.Host()+"/v2/a/b/blobs/sha256:"
		if side == "destination" {
			server, want = p.destination, "HTTP 403 DENIED, POST "+p.destination.Host()+"/v2/c/d/blobs/uploads/ at the destination"
		}
		server.Inject(fault)
		_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{})
		if e := told(t, err, Denied); e.Side != side || !strings.Contains(e.Error(), want) || !strings.Contains(e.Error(), "at the "+side) {
			t.Errorf("%s: %s", e.Side, e)
		}
	}
}

// What no registry answered has no words; the request and the side still say where to look.
func TestACopysErrorWithoutAnAnswerNamesTheRequest(t *testing.T) {
	t.Parallel()
	p := newPair(t, fakeregistry.Options{}, fakeregistry.Options{}, func(c *Config) { c.MaxRetries = 0 })
	p.source.Push("a/b:1", multi(1))
	p.destination.Inject(fakeregistry.Fault{Call: "uploads", Drop: true, Times: -1})
	_, err := p.copy(t, "a/b:1", "c/d:1", CopyOptions{})
	e := told(t, err, Unreachable)
	if want := fmt.Sprintf("(POST %s/v2/c/d/blobs/uploads/ at the destination)", p.destination.Host()); !strings.Contains(e.Error(), want) {
		t.Errorf("%s, want %s", e, want)
	}
}
