package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// DefaultImages returns the image of each field of the scope without overrides (get-default-config). Its
// keys are the existing fields. Every error is an *Error.
func (c *Client) DefaultImages(ctx context.Context, scope Scope) (map[string]string, error) {
	x, err := c.executionConfig(ctx, http.MethodGet, "get-default-config", scope, nil, nil)
	if err != nil {
		return nil, err
	}
	return x.images()
}

// CustomerImages returns the overrides of the scope (get-customer-config) or, with overridesOnly false, the
// image of every field. Fields with a blank value are left out: they are not set. The server may omit
// overrides that equal the default. Every error is an *Error.
func (c *Client) CustomerImages(ctx context.Context, scope Scope, overridesOnly bool) (map[string]string, error) {
	x, err := c.executionConfig(ctx, http.MethodGet, "get-customer-config", scope,
		url.Values{"overridesOnly": {strconv.FormatBool(overridesOnly)}}, nil)
	if err != nil {
		return nil, err
	}
	images, err := x.images()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(images, func(_, image string) bool { return strings.TrimSpace(image) == "" })
	return images, nil
}

// fieldValue is an element of a write's body.
type fieldValue struct {
	Field string  `json:"field"`
	Value *string `json:"value,omitempty"` // nil in a reset
}

// UpdateImages overrides images, a map from field to image, in one request (update-config), or does nothing
// if there are none. It returns nil if the server acknowledged, which it also does when a concurrent write
// undoes this one. Every error is an *Error.
func (c *Client) UpdateImages(ctx context.Context, scope Scope, images map[string]string) error {
	var body []fieldValue
	for _, field := range slices.Sorted(maps.Keys(images)) {
		body = append(body, fieldValue{Field: field, Value: new(images[field])})
	}
	return c.writeImages(ctx, "update-config", scope, len(body), body)
}

// ResetImages removes the overrides of fields, whether or not there are any, in one request (reset-config).
// Results are as for UpdateImages.
func (c *Client) ResetImages(ctx context.Context, scope Scope, fields []string) error {
	fields = slices.Compact(slices.Sorted(slices.Values(fields)))
	if scope.Module == DBOps {
		return c.dbopsReset(ctx, fields)
	}
	return c.writeImages(ctx, "reset-config", scope, len(fields), resetObjects(fields))
}

// resetObjects is the body of a reset as a list of objects.
func resetObjects(fields []string) any {
	var body []fieldValue
	for _, field := range fields {
		body = append(body, fieldValue{Field: field})
	}
	return body
}

// writeImages makes a write with a body of this many fields.
func (c *Client) writeImages(ctx context.Context, call string, scope Scope, fields int, body any) error {
	if fields == 0 {
		return nil
	}
	x, err := c.executionConfig(ctx, http.MethodPost, call, scope, nil, body)
	if err != nil {
		return err
	}
	return x.acknowledged()
}

// executionConfig makes an execution-config call.
func (c *Client) executionConfig(
	ctx context.Context, method, call string, scope Scope, query url.Values, body any,
) (*exchange, error) {
	r := request{call: call, subject: scope, method: method, url: c.cfg.Endpoint, many: true}
	if !scope.Valid() {
		return nil, c.unsent(r, errors.New("there is no such module or infra"))
	}
	if scope.Module == DBOps {
		return c.dbopsConfig(ctx, r, query, body)
	}
	if query == nil {
		query = url.Values{}
	}
	query.Set("infra", string(scope.Infra))
	return c.send(ctx, r, modulePaths[scope.Module]+"/execution-config/"+call, query, body)
}

// maxFields is how many fields of an answer are read: a hundred times as many as exist.
const maxFields = 5_000

// images returns the data of a success as a map of fields to images, never nil. A field whose value is null
// is not set, nor is any without data; a value of another kind is left out and reported as an oddity. What
// cannot be a field or an image, but was stored nevertheless, is escaped and shortened.
func (x *exchange) images() (map[string]string, error) {
	data, err := x.data()
	if err != nil {
		return nil, err
	}
	images := map[string]string{}
	switch kind := kindOf(data); kind {
	case "null":
		return images, nil
	case "nothing":
		x.oddity("reports success without data, which is taken to mean no images")
		return images, nil
	case "an object":
	default:
		return nil, x.failure(fmt.Errorf("the answer's data is %s, not an object of fields and images", kind))
	}
	err = x.eachMember(data, func(field string, value json.RawMessage) {
		var image *string
		switch err := json.Unmarshal(value, &image); {
		case err != nil:
			x.oddity(fmt.Sprintf("has %s, not an image, as the value of field %s, which is left out", kindOf(value), transport.Show(field)))
		case image != nil:
			images[plain(field)] = plain(*image)
		}
	})
	if err != nil {
		return nil, err
	}
	return images, nil
}

// eachMember calls f with every member of an object.
func (x *exchange) eachMember(object json.RawMessage, f func(name string, value json.RawMessage)) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	_, _ = decoder.Token() // the brace; what is wrong shows below
	for n := 0; decoder.More(); n++ {
		if n == maxFields {
			return x.failure(fmt.Errorf("the answer has more than %d fields", maxFields))
		}
		var value json.RawMessage
		name, err := decoder.Token()
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err != nil {
			return x.failure(fmt.Errorf("the answer's data: %w", err))
		}
		f(fmt.Sprint(name), value)
	}
	return nil
}

// oddity records what is odd in an answer that is used nevertheless; the text follows "the answer".
func (x *exchange) oddity(said string) {
	x.client.odd.add(fmt.Sprintf("the answer to %s %s %s", x.call, x.subject, said))
}

// acknowledged returns nil if the data of a success is true, as for a write.
func (x *exchange) acknowledged() error {
	data, err := x.data()
	if err != nil {
		return err
	}
	if kind := kindOf(data); kind != "true" {
		return x.failure(fmt.Errorf("the answer's data is %s where true acknowledges a write", kind))
	}
	return nil
}
