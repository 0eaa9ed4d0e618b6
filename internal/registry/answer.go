package registry

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// Codes of the OCI distribution specification, and of what registries add.
const (
	codeNameUnknown     = "NAME_UNKNOWN"
	codeTagInvalid      = "TAG_INVALID"
	codeDigestInvalid   = "DIGEST_INVALID"
	codeTooManyRequests = "TOOMANYREQUESTS"
)

// answerError is an answer that is no success.
type answerError struct {
	status int
	method string
	url    *url.URL // what was asked in the end, after redirects
	said   []saying
}

// saying is one error in an answer, in the registry's own words.
type saying struct{ code, text string }

func (e *answerError) Error() string {
	return e.method + " " + shownURL(e.url) + ": " + http.StatusText(e.status)
}

// has reports whether any error of the answer has a code.
func (e *answerError) has(code string) bool {
	return slices.ContainsFunc(e.said, func(s saying) bool { return s.code == code })
}

// saysImmutable reports whether a refused write means that a tag may not be overwritten: in the words of
// Harbor, ECR, ACR (azure-sdk-for-net#22827) and Nexus (jib#3057), in this order.
func (e *answerError) saysImmutable() bool {
	return e.status == http.StatusPreconditionFailed || e.has(codeTagInvalid) ||
		e.status == http.StatusMethodNotAllowed && e.has("REGISTRY_DISALLOWED_OPERATION") ||
		slices.ContainsFunc(e.said, func(s saying) bool { return strings.Contains(s.text, "does not allow updating assets") })
}

// shownURL is a URL's host and path: a query may be signed.
func shownURL(u *url.URL) string { return transport.Show(u.Host + u.EscapedPath()) }

// newAnswerError reads an answer, whose body is in memory or small.
func newAnswerError(resp *http.Response) *answerError {
	e := &answerError{status: resp.StatusCode, method: resp.Request.Method, url: resp.Request.URL}
	body := transport.Content(resp)
	if body == nil { // of a blob
		body, _ = io.ReadAll(io.LimitReader(resp.Body, maxMessage)) // the first words will do
	}
	e.said = readSayings(body)
	return e
}

// readSayings finds what an answer says in the forms that registries, token servers and proxies use.
func readSayings(body []byte) (said []saying) {
	var answer struct {
		Errors           []json.RawMessage
		Error            json.RawMessage // OAuth's code, or a sentence
		ErrorDescription json.RawMessage `json:"error_description"`
		Message          json.RawMessage
		Details          json.RawMessage // Docker Hub's token server
	}
	if json.Unmarshal(body, &answer) != nil && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		if page := plainWords(body); page != "" {
			said = append(said, saying{text: page})
		}
		return said
	}
	for _, raw := range answer.Errors {
		var entry struct{ Code, Message, Detail json.RawMessage }
		if json.Unmarshal(raw, &entry) != nil {
			entry.Message = raw // such as a string
		}
		said = append(said, newSaying(flat(entry.Code), entry.Message, entry.Detail))
	}
	if alone := newSaying("", answer.Error, answer.ErrorDescription, answer.Message, answer.Details); len(said) == 0 && alone.text != "" {
		said = append(said, alone)
	}
	return said
}

// newSaying joins messages, each once.
func newSaying(code string, messages ...json.RawMessage) saying {
	var texts []string
	for _, raw := range messages {
		if said := flat(raw); said != "" && !slices.Contains(texts, said) {
			texts = append(texts, said)
		}
	}
	return saying{code: code, text: strings.Join(texts, "; ")}
}

// flat shows a JSON value: a string as itself, an empty value as nothing, anything else as compact JSON
// (Quay's reason is in detail.message: google/go-containerregistry#2078).
func flat(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil || slices.Contains([]string{"null", "{}", "[]"}, b.String()) {
		return ""
	}
	return b.String()
}

var pageTitle = text.Regexp(`(?is)<title[^>]*>(.*?)</title>`)

// plainWords are what a page's title, or a text that is no JSON, says.
func plainWords(body []byte) string {
	if title := pageTitle().FindSubmatch(body); title != nil {
		return strings.TrimSpace(html.UnescapeString(string(title[1])))
	}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		return ""
	}
	return strings.TrimSpace(string(body))
}

// readAnswer takes the kind and the words from a registry's or token server's answer.
func (e *Error) readAnswer(answer *answerError) {
	e.Status = answer.status
	e.Request = answer.method + " " + shownURL(answer.url)
	var texts []string
	for i, said := range answer.said {
		shown := said.text
		if i == 0 {
			e.Code = transport.Show(said.code)
		} else if said.code != "" {
			shown = strings.TrimSuffix(said.code+": "+said.text, ": ")
		}
		if shown != "" && !slices.Contains(texts, shown) {
			texts = append(texts, shown)
		}
	}
	e.Text = transport.Show(strings.Join(texts, "; "))
	if answer.url.Host != apiHost(e.Host) {
		e.Host = transport.Show(answer.url.Host) // a token server, or where the registry redirected to
	}
	write := answer.method == http.MethodPut
	switch {
	case e.Status == http.StatusTooManyRequests || answer.has(codeTooManyRequests):
		e.Kind = RateLimited
	case answer.has(codeNameUnknown) && e.Status == http.StatusNotFound:
		e.Kind = NoRepository
	case e.Status == http.StatusNotFound:
		e.Kind = NotFound
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		e.Kind = Denied
	case write && answer.saysImmutable():
		e.Kind = Immutable
	case answer.has(codeDigestInvalid):
		e.Kind = Mismatch
	case e.Status >= http.StatusInternalServerError:
		e.Kind = Unreachable
	}
}
