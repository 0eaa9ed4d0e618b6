package harness

import (
	"fmt"
	"strconv"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// Reason says in a sentence or two what went wrong, without the code and the ids, which are facts.
func (e *Error) Reason() string {
	if cause := e.Origin(); cause != e {
		return fmt.Sprintf("%s So %s was not sent", text.Sentence(cause.Reason()), e.Call)
	}
	switch {
	case e.Status == 0:
		return fmt.Sprintf("%s gave no answer to %s: %s", e.Host, e.Call, text.Sentence(fmt.Sprint(e.Err)))
	case e.RedirectHost != "":
		return fmt.Sprintf("%s answered %s with a redirect (HTTP %d) to %s", e.Host, e.Call, e.Status, e.RedirectHost)
	case e.Message != "":
		return fmt.Sprintf("%s answered %s with HTTP %d: %s", e.Host, e.Call, e.Status, e.Message)
	case e.Err != nil:
		return fmt.Sprintf("%s answered %s with HTTP %d, but: %s", e.Host, e.Call, e.Status, text.Sentence(e.Err.Error()))
	}
	return fmt.Sprintf("%s answered %s with HTTP %d", e.Host, e.Call, e.Status)
}

// Facts returns the names and values that support asks for.
func (e *Error) Facts() [][2]string {
	var facts [][2]string
	if e.Subject != nil {
		facts = e.Subject.Facts()
	}
	facts = append(facts, [2]string{"asked", e.URL}, [2]string{"code", e.Code}, [2]string{"correlationId", e.CorrelationID})
	if e.Attempts > 1 {
		facts = append(facts, [2]string{"attempts", strconv.Itoa(e.Attempts)})
	}
	return facts
}
