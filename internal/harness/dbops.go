package harness

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
)

// dbopsPath is the path of the execution-config calls of Database DevOps, below one of dbopsBases.
const dbopsPath = "v1/dbops/execution-config"

// dbopsBase is where Database DevOps answers; it is found once.
type dbopsBase struct {
	mu    sync.Mutex
	found *url.URL
}

// dbopsBases returns where Database DevOps may answer: on the endpoint's host without the gateway's
// path, or under the endpoint, as older documentation has it.
func (c *Client) dbopsBases() []*url.URL {
	host := *c.cfg.Endpoint
	host.Path, host.RawPath = "/", ""
	if c.cfg.Endpoint.Path == "/" {
		return []*url.URL{&host}
	}
	return []*url.URL{&host, c.cfg.Endpoint}
}

// dbopsConfig makes an execution-config call of Database DevOps, which has no envelope, no infra and
// the account in a header.
func (c *Client) dbopsConfig(ctx context.Context, r request, query url.Values, body any) (*exchange, error) {
	base, err := c.dbopsAt(ctx, r.subject)
	if err != nil {
		return nil, err
	}
	if body != nil {
		if r.body, err = json.Marshal(body); err != nil {
			return nil, c.unsent(r, err)
		}
	}
	return c.do(ctx, c.dbopsRequest(r, base, query))
}

func (c *Client) dbopsRequest(r request, base *url.URL, query url.Values) request {
	r.bare = true
	r.header = http.Header{"Harness-Account": {c.cfg.AccountID}}
	r.url = base.JoinPath(dbopsPath, r.call)
	r.url.RawQuery = query.Encode()
	return r
}

// dbopsAt returns the base that answers, which only a read finds out: a write must not be sent twice.
// What fails in another way than by not being there is returned, and the next call asks again.
func (c *Client) dbopsAt(ctx context.Context, subject Subject) (*url.URL, error) {
	c.dbops.mu.Lock()
	defer c.dbops.mu.Unlock()
	if c.dbops.found != nil {
		return c.dbops.found, nil
	}
	var missing error
	for _, base := range c.dbopsBases() {
		r := request{call: "get-default-config", subject: subject, method: http.MethodGet}
		x, err := c.do(ctx, c.dbopsRequest(r, base, nil))
		if err == nil {
			_, err = x.data()
		}
		if err == nil {
			c.dbops.found = base
			return base, nil
		}
		if !isElsewhere(err) {
			return nil, err
		}
		if missing == nil {
			missing = err
		}
	}
	return nil, missing
}

// isElsewhere reports that something else than the API answered, or the API without such a path.
func isElsewhere(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch {
	case e.Status == http.StatusNotFound, e.Status == http.StatusMethodNotAllowed, e.Code == "RESOURCE_NOT_FOUND_EXCEPTION":
		return true
	case e.Status >= 400:
		return errors.Is(e.Err, errWebPage)
	}
	return e.Status != 0 && (e.Status >= 300 || e.Err != nil)
}

// bareData returns a success of Database DevOps, which is all of the answer.
func (x *exchange) bareData() (json.RawMessage, error) {
	switch kind := kindOf(x.body); kind {
	case "an object", "true":
	case "a web page":
		return nil, x.failure(errWebPage)
	default:
		return nil, x.failure(errors.New("the answer is " + kind + " where a bare JSON object or true was expected"))
	}
	var e envelope
	if decodeObject(x.body, &e) == nil && e.Status != "" && e.Data != nil {
		return nil, x.failure(errors.New("the answer is an envelope, which Database DevOps does not use"))
	}
	return x.body, nil
}
