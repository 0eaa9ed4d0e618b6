package fakeharness

import (
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

type answer = fakeserver.Answer

// object is one of JSON.
type object = map[string]any

// success wraps data as the API does.
func success(data any) *answer {
	id := newCorrelationID()
	return jsonAnswer(http.StatusOK, id, object{"status": "SUCCESS", "data": data, "metaData": nil, "correlationId": id})
}

// failed is an error in the ERROR form.
func failed(status int, code, message string) *answer {
	id := newCorrelationID()
	return jsonAnswer(status, id, coded(code, message, id))
}

// broken is the answer to an exception that the API does not handle.
func broken() *answer {
	id := newCorrelationID()
	return jsonAnswer(http.StatusInternalServerError, id,
		errorEnvelope("UNKNOWN_ERROR", "Oops, something went wrong on our end. Please contact Harness Support.", id))
}

// invalid is a validation failure, in the FAILURE form.
func invalid(field, problem string) *answer {
	return failure("INVALID_REQUEST", fmt.Sprintf("Invalid request: %s: %s", field, problem), object{"fieldId": field, "error": problem})
}

// failure is an error in the FAILURE form; without errors they are null.
func failure(code, message string, errors ...object) *answer {
	id := newCorrelationID()
	return jsonAnswer(http.StatusBadRequest, id,
		object{"status": "FAILURE", "code": code, "message": message, "correlationId": id, "errors": errors})
}

// ErrorBody returns the JSON of an error in the ERROR form, for Fault.Body.
func ErrorBody(code, message, correlationID string) string {
	return string(fakeserver.MustJSON(coded(code, message, correlationID)))
}

func coded(code, message, correlationID string) object {
	return errorEnvelope(code, message, correlationID, object{"code": code, "level": "ERROR", "message": message})
}

func errorEnvelope(code, message, correlationID string, messages ...object) object {
	return object{
		"status": "ERROR", "code": code, "message": message, "correlationId": correlationID,
		"detailedMessage": nil, "responseMessages": append([]object{}, messages...), "metadata": nil,
	}
}

func jsonAnswer(status int, correlationID string, body any) *answer {
	out := fakeserver.JSON(status, body)
	out.ID = correlationID
	return out
}

// newCorrelationID returns a random UUID, the form that the API uses.
func newCorrelationID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
