package harness

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Reason says in a sentence or two what went wrong, without the code and the ids, which are facts.
func (e *Error) Reason() string {
	if cause := e.Origin(); cause != e {
		return fmt.Sprintf("%s So this %s was not sent", text.Sentence(cause.Reason()), e.Call)
	}
	if e.Status == 0 {
		return fmt.Sprintf("%s gave no answer to %s: %s", e.Host, e.Call, text.Sentence(fmt.Sprint(e.Err)))
	}
	if none, ok := errors.AsType[*nowhereError](e.Err); ok {
		return none.Error()
	}
	return fmt.Sprintf("%s answered %s with %s", e.Host, e.Call, e.answer())
}

// answer describes the answer, to follow "answered with".
func (e *Error) answer() string {
	switch {
	case e.RedirectHost != "":
		return fmt.Sprintf("a redirect (HTTP %d) to %s", e.Status, e.RedirectHost)
	case e.Message != "":
		return fmt.Sprintf("HTTP %d: %s", e.Status, e.Message)
	case e.Err != nil:
		return fmt.Sprintf("HTTP %d, but: %s", e.Status, text.Sentence(e.Err.Error()))
	}
	return fmt.Sprintf("HTTP %d", e.Status)
}

// Facts returns the names and values that support asks for.
func (e *Error) Facts() text.Facts {
	var facts text.Facts
	if e.Subject != nil {
		facts = e.Subject.Facts()
	}
	asked := []*Error{e}
	if none, ok := errors.AsType[*nowhereError](e.Err); ok {
		asked = none.asked
	}
	for _, failed := range asked {
		facts = append(facts, text.Fact{Name: "URL", Value: failed.URL})
	}
	facts = append(facts, text.Fact{Name: "code", Value: e.Code}, text.Fact{Name: "correlationId", Value: e.CorrelationID})
	if e.Attempts > 1 {
		facts = append(facts, text.Fact{Name: "attempts", Value: strconv.Itoa(e.Attempts)})
	}
	return facts
}
