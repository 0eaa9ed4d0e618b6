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
func (e *Error) Facts() [][2]string {
	var facts [][2]string
	if e.Subject != nil {
		facts = e.Subject.Facts()
	}
	asked := []*Error{e}
	if none, ok := errors.AsType[*nowhereError](e.Err); ok {
		asked = none.asked
	}
	for _, failed := range asked {
		facts = append(facts, [2]string{"URL", failed.URL})
	}
	facts = append(facts, [2]string{"code", e.Code}, [2]string{"correlationId", e.CorrelationID})
	if e.Attempts > 1 {
		facts = append(facts, [2]string{"attempts", strconv.Itoa(e.Attempts)})
	}
	return facts
}
