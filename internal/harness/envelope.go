package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

var (
	errWebPage = errors.New("a web page came instead of an API answer: a proxy is in between, or the endpoint is " +
		"not that of the API")
	// errGatewayPage is the page of a 5xx, which gateways send.
	errGatewayPage = errors.New("a gateway's error page came instead of an API answer")
)

// maxWorded is the size in bytes up to which a body is searched for messages: decoded, a list of empty
// objects takes fifty times its size.
const maxWorded = 256 << 10

// envelope is the answer to every execution-config call.
type envelope struct {
	Status string          `json:"status"`
	Data   json.RawMessage `json:"data"`
}

// wording is what an envelope, or a registry's {"errors": …}, says about an error.
type wording struct {
	Code             string   `json:"code"`
	Message          string   `json:"message"`
	CorrelationID    string   `json:"correlationId"`
	Errors           []detail `json:"errors"`           // of a FAILURE, or of a registry
	ResponseMessages []detail `json:"responseMessages"` // of an ERROR
}

type detail struct {
	FieldID string `json:"fieldId"`
	Error   string `json:"error"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// serverMessage is what the server says, safe to show.
type serverMessage struct{ code, message, correlationID string }

// decodeObject reads a JSON object into v. Members of another type than in v are left out: one odd member
// must not cost the rest. The error says what came instead of an object.
func decodeObject(body []byte, v any) error {
	switch kind := kindOf(body); kind {
	case "an object":
	case "nothing":
		return errors.New("the answer is empty")
	case "a web page":
		return errWebPage
	default:
		return fmt.Errorf("the answer is %s where a JSON object was expected", kind)
	}
	err := json.Unmarshal(body, v)
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !odd {
		return fmt.Errorf("the answer is not valid JSON: %w", err)
	}
	return nil
}

// kindOf names what a body or JSON value is, judging by its first character.
func kindOf(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return "nothing"
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "a list"
	case raw[0] == '"':
		return "a string"
	case raw[0] == '<':
		return "a web page"
	case bytes.Equal(raw, []byte("null")), bytes.Equal(raw, []byte("true")), bytes.Equal(raw, []byte("false")):
		return string(raw)
	case json.Valid(raw):
		return "a number"
	}
	return "text that is not JSON"
}

// looksLikePage reports whether a body is HTML.
func looksLikePage(body []byte) bool { return kindOf(body) == "a web page" }

// readServerMessage returns what the server says in an answer; nothing if it is not an envelope.
func readServerMessage(body []byte) serverMessage {
	var e wording
	if len(body) > maxWorded || decodeObject(body, &e) != nil {
		return serverMessage{}
	}
	w := serverMessage{code: e.Code, message: e.Message, correlationID: e.CorrelationID}
	var texts []string
	for _, d := range slices.Concat(e.Errors, e.ResponseMessages) {
		text := strings.TrimSpace(d.Error + d.Message) // an entry has one or the other
		if text == "" {
			continue
		}
		if d.FieldID != "" {
			text = d.FieldID + ": " + text
		}
		texts = append(texts, text)
		if w.code == "" {
			w.code = d.Code
		}
	}
	if strings.TrimSpace(w.message) == "" {
		w.message = strings.Join(texts, "; ")
	}
	return serverMessage{code: transport.Show(w.code), message: transport.Show(w.message), correlationID: transport.Show(w.correlationID)}
}

// data returns the data of a success. An error envelope behind a 2xx is an error without a cause: the
// server's own words explain it.
func (x *exchange) data() (json.RawMessage, error) {
	if x.bare {
		return x.bareData()
	}
	var e envelope
	if err := decodeObject(x.body, &e); err != nil {
		return nil, x.failure(err)
	}
	switch e.Status {
	case "SUCCESS":
		return e.Data, nil
	case "ERROR", "FAILURE":
		return nil, x.failure(nil)
	case "":
		return nil, x.failure(errors.New("the answer is not an envelope of the Harness API: it has no status"))
	}
	return nil, x.failure(fmt.Errorf("the answer has an unknown status, %s", e.Status))
}
