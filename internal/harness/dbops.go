package harness

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// dbopsPath is the path of the execution-config calls of Database DevOps, below one of dbopsBases.
const dbopsPath = "v1/dbops/execution-config"

// gatewaySegment ends the path of a documented endpoint.
const gatewaySegment = "/gateway"

// dbopsBases returns where Database DevOps may answer: at the endpoint without its /gateway or, according
// to older documentation, below the endpoint itself.
func (c *Client) dbopsBases() []*url.URL {
	endpoint := c.cfg.Endpoint
	path, found := strings.CutSuffix(strings.TrimSuffix(endpoint.EscapedPath(), "/"), gatewaySegment)
	if !found {
		return []*url.URL{endpoint}
	}
	above := *endpoint
	above.Path, above.RawPath = "/", ""
	return []*url.URL{above.JoinPath(path), endpoint}
}

// dbopsConfig makes an execution-config call to Database DevOps, which has no envelope, no infra and the
// account in a header. Only a read finds out the base: a write must not be sent twice.
func (c *Client) dbopsConfig(ctx context.Context, r request, query url.Values, body any) (*exchange, error) {
	if body != nil {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return nil, c.unsent(r, err)
		}
	}
	if c.dbops.Load() == nil {
		if r.method == http.MethodGet {
			return c.dbopsRead(ctx, r, query)
		}
		probe := request{call: "get-default-config", subject: r.subject, method: http.MethodGet}
		if _, err := c.dbopsRead(WithAttempts(ctx, func(Attempt) {}), probe, nil); err != nil {
			if failed, ok := errors.AsType[*Error](err); ok {
				err = spared(r, failed)
			}
			return nil, err
		}
	}
	return c.do(ctx, c.dbopsRequest(r, c.dbops.Load(), query))
}

func (c *Client) dbopsRequest(r request, base *url.URL, query url.Values) request {
	r.bare = true
	r.header = http.Header{"Harness-Account": {c.cfg.AccountID}}
	r.url = base.JoinPath(dbopsPath, r.call)
	r.url.RawQuery = query.Encode()
	return r
}

// dbopsRead reads from one base after the other until one answers as the API, and remembers that one. Any
// other failure ends the search and proves nothing about the base.
func (c *Client) dbopsRead(ctx context.Context, r request, query url.Values) (*exchange, error) {
	var asked []*Error
	for _, base := range c.dbopsBases() {
		x, err := c.do(ctx, c.dbopsRequest(r, base, query))
		elsewhere := isElsewhere(err)
		if err == nil {
			if _, err = x.data(); err == nil {
				c.dbops.CompareAndSwap(nil, base)
				return x, nil
			}
			elsewhere = isElsewhere(err) || x.message == serverMessage{}
		}
		failed, ok := errors.AsType[*Error](err)
		if !ok || !elsewhere {
			return nil, err
		}
		asked = append(asked, failed)
	}
	return nil, nowhere(asked)
}

// isElsewhere reports whether something other than the API answered, or the API without such a path.
func isElsewhere(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return false
	case e.Status == http.StatusNotFound, e.Status == http.StatusMethodNotAllowed, e.Code == "RESOURCE_NOT_FOUND_EXCEPTION":
		return true
	}
	return e.Status >= 300 && e.Status < 400 || errors.Is(e.Err, errWebPage)
}

// nowhereError is a call that got no answer from the API at any URL where it may be.
type nowhereError struct{ asked []*Error }

func (e *nowhereError) Error() string {
	answers := make([]string, len(e.asked))
	for i, failed := range e.asked {
		answers[i] = failed.URL + " answered with " + strings.TrimSuffix(failed.answer(), ".")
	}
	return "Database DevOps was not found: " + strings.Join(answers, "; ")
}

// IsNowhere reports whether something other than the API answered at every URL where it may be.
func IsNowhere(err error) bool {
	_, ok := errors.AsType[*nowhereError](err)
	return ok
}

// nowhere is the error of a call that reached the API at none of its URLs. It is that of the last one, the
// gateway's, which says more than an unknown host's.
func nowhere(asked []*Error) error {
	last := asked[len(asked)-1]
	if len(asked) == 1 {
		return last
	}
	e := *last
	e.Err = &nowhereError{asked}
	return &e
}

// bareData returns the data of a success from Database DevOps, which is the whole answer. An error behind a
// 2xx has no cause, as in data.
func (x *exchange) bareData() (json.RawMessage, error) {
	switch kind := kindOf(x.body); kind {
	case "true", "null":
		return x.body, nil
	case "an object":
	case "a web page":
		return nil, x.failure(errWebPage)
	default:
		return nil, x.failure(errors.New("the answer is " + kind + " where a bare JSON object or true was expected"))
	}
	var e envelope
	switch err := decodeObject(x.body, &e); {
	case err != nil:
		return nil, x.failure(err)
	case x.message != serverMessage{}:
		return nil, x.failure(nil) // no field is called message
	case e.Status == "SUCCESS":
		return nil, x.failure(errors.New("the answer is an envelope, which Database DevOps does not use"))
	}
	return x.body, nil
}

// resetForm makes the body of a reset.
type resetForm func(fields []string) any

// dbopsResetForms are the forms that are documented for Database DevOps: names and, elsewhere, objects.
var dbopsResetForms = []resetForm{func(fields []string) any { return fields }, resetObjects}

// dbopsReset resets fields in the form that the server takes. Until one is known, a 400 to the first is no
// refusal yet: nothing of it is stored, so the second may be sent.
func (c *Client) dbopsReset(ctx context.Context, fields []string) error {
	scope := Scope{Module: DBOps}
	if known := c.dbopsResets.Load(); known != nil {
		return c.writeImages(ctx, "reset-config", scope, len(fields), (*known)(fields))
	}
	var refused []*Error
	for _, form := range dbopsResetForms {
		err := c.writeImages(ctx, "reset-config", scope, len(fields), form(fields))
		if err == nil && len(fields) > 0 {
			c.dbopsResets.Store(&form)
		}
		failed, ok := errors.AsType[*Error](err)
		if !ok || failed.Status != http.StatusBadRequest {
			return err
		}
		refused = append(refused, failed)
	}
	e := *refused[1]
	if refused[0].Message != e.Message {
		e.Err = errors.New("as a list of names, which is documented too, it was refused with " + strconv.Quote(refused[0].Message))
	}
	return &e
}
