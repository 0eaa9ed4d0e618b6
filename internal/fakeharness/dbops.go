package fakeharness

import (
	"encoding/json"
	"net/http"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// namedFields are the operations of a reset of Database DevOps, whose body is a list of names.
func namedFields(body []byte) (operations []*operation, err error) {
	var names []string
	if err := json.Unmarshal(body, &names); err != nil || names == nil {
		return nil, err
	}
	operations = []*operation{}
	for _, name := range names {
		operations = append(operations, &operation{Field: name})
	}
	return operations, nil
}

// operationsOf reads the body of a write; nil if it is null. A reset of Database DevOps is a list of names or
// of objects.
func operationsOf(module, call string, body []byte) (operations []*operation, err error) {
	if module == dbops && call == "reset-config" {
		if operations, err = namedFields(body); err == nil {
			return operations, nil
		}
	}
	err = json.Unmarshal(body, &operations)
	return operations, err
}

// takesForm reports whether a write's body has the form that the server takes.
func (s *Server) takesForm(module, call string, body []byte) bool {
	if module != dbops || call != "reset-config" {
		return true
	}
	_, err := namedFields(body)
	return (err != nil) == s.Options().DBOpsResetObjects
}

// bare turns an answer into the form of Database DevOps: data without an envelope, 201 for a write, and
// only a message for an error.
func bare(call string, a *answer) *answer {
	var e struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if json.Unmarshal(a.Body, &e) != nil {
		panic("fakeharness: an answer of the API is not an envelope")
	}
	switch a.Body = e.Data; {
	case a.Status != http.StatusOK:
		a.Body = fakeserver.MustJSON(map[string]string{"message": e.Message})
	case isWrite(call):
		a.Status = http.StatusCreated
	}
	return a
}
