package fakeharness

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
)

// answer is one HTTP answer, complete before its first byte is sent.
type answer struct {
	status        int
	header        http.Header
	body          []byte
	correlationID string
}

type fieldError struct {
	FieldID string `json:"fieldId"`
	Error   string `json:"error"`
}

type responseMessage struct {
	Code    string `json:"code"`
	Level   string `json:"level"`
	Message string `json:"message"`
}

// success wraps data as the API does: {"status":"SUCCESS","data":…,"metaData":null,…}.
func success(data any) answer {
	id := newCorrelationID()
	return jsonAnswer(http.StatusOK, id, struct {
		Status        string `json:"status"`
		Data          any    `json:"data"`
		MetaData      any    `json:"metaData"`
		CorrelationID string `json:"correlationId"`
	}{"SUCCESS", data, nil, id})
}

// failed is an error in the ERROR form.
func failed(status int, code, message string) answer {
	id := newCorrelationID()
	return jsonAnswer(status, id, errorEnvelope(code, message, id, responseMessage{code, "ERROR", message}))
}

// broken is the answer to an exception that the API does not handle.
func broken() answer {
	id := newCorrelationID()
	return jsonAnswer(http.StatusInternalServerError, id,
		errorEnvelope("UNKNOWN_ERROR", "Oops, something went wrong on our end. Please contact Harness Support.", id))
}

// invalid is a validation failure, in the FAILURE form.
func invalid(field, problem string) answer {
	return failure("INVALID_REQUEST", fmt.Sprintf("Invalid request: %s: %s", field, problem), []fieldError{{field, problem}})
}

// failure is an error in the FAILURE form; without errors they are null.
func failure(code, message string, errors []fieldError) answer {
	id := newCorrelationID()
	return jsonAnswer(http.StatusBadRequest, id, struct {
		Status        string       `json:"status"`
		Code          string       `json:"code"`
		Message       string       `json:"message"`
		CorrelationID string       `json:"correlationId"`
		Errors        []fieldError `json:"errors"`
	}{"FAILURE", code, message, id, errors})
}

// ErrorBody returns the JSON of an error in the ERROR form, for Fault.Body.
func ErrorBody(code, message, correlationID string) string {
	return string(mustJSON(errorEnvelope(code, message, correlationID, responseMessage{code, "ERROR", message})))
}

func errorEnvelope(code, message, correlationID string, messages ...responseMessage) any {
	return struct {
		Status           string            `json:"status"`
		Code             string            `json:"code"`
		Message          string            `json:"message"`
		CorrelationID    string            `json:"correlationId"`
		DetailedMessage  any               `json:"detailedMessage"`
		ResponseMessages []responseMessage `json:"responseMessages"`
		Metadata         any               `json:"metadata"`
	}{"ERROR", code, message, correlationID, nil, append([]responseMessage{}, messages...), nil}
}

func jsonAnswer(status int, correlationID string, body any) answer {
	return answer{
		status:        status,
		header:        http.Header{"Content-Type": {"application/json"}},
		body:          mustJSON(body),
		correlationID: correlationID,
	}
}

// mustJSON encodes plain structs, strings and maps, which cannot fail.
func mustJSON(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

// newCorrelationID returns a random UUID, the form that the API uses.
func newCorrelationID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
