package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// operation is one element of a write's body.
type operation struct {
	Field string `json:"field"`
	Value string `json:"value,omitempty"`
}

// change runs show, set or unset on the server that the environment names.
func change(ctx context.Context, verb string, args []string, getenv func(string) string, stdout io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("%s needs a scope such as ci/K8", verb)
	}
	scope, args := args[0], args[1:]
	switch verb {
	case "show":
		if len(args) > 0 {
			return fmt.Errorf("show takes only a scope, not %q", args)
		}
		var overrides map[string]string
		if err := call(ctx, getenv, scope, "get-customer-config", nil, &overrides); err != nil {
			return err
		}
		for _, field := range slices.Sorted(maps.Keys(overrides)) {
			if _, err := fmt.Fprintf(stdout, "%s = %q\n", field, overrides[field]); err != nil {
				return err
			}
		}
		return nil
	case "set", "unset":
		operations, err := parse(verb, args)
		if err != nil {
			return err
		}
		name := map[string]string{"set": "update-config", "unset": "reset-config"}[verb]
		return call(ctx, getenv, scope, name, operations, new(bool))
	default:
		return fmt.Errorf("unknown command %q; try -h", verb)
	}
}

// parse reads the FIELD=IMAGE arguments of set, or the FIELD arguments of unset.
func parse(verb string, args []string) ([]operation, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("%s needs at least one field", verb)
	}
	operations := make([]operation, len(args))
	for i, arg := range args {
		field, image, found := strings.Cut(arg, "=")
		if found != (verb == "set") {
			return nil, fmt.Errorf("%q: set takes FIELD=IMAGE, unset takes FIELD", arg)
		}
		operations[i] = operation{Field: field, Value: image}
	}
	return operations, nil
}

// dbops is the scope of Database DevOps, whose API has no infra, no envelope, and only names in a reset.
const dbops = "dbops"

// call makes one API call and stores the answer's data in out; a nil body makes it a GET.
func call(ctx context.Context, getenv func(string) string, scope, name string, body []operation, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := newRequest(ctx, getenv, scope, name, body)
	if err != nil {
		return err
	}
	// A redirect must not carry the key to another host.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req) //nolint:gosec // the person at the shell names the server
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer := struct {
		Status, Code, Message string
		Data                  any
	}{Data: out}
	var whole any = &answer
	if scope == dbops && resp.StatusCode <= http.StatusCreated {
		answer.Status, whole = "SUCCESS", out
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(whole)
	switch {
	case resp.StatusCode > http.StatusCreated || err == nil && answer.Status != "SUCCESS":
		return fmt.Errorf("%s: HTTP %d %s: %s", name, resp.StatusCode, answer.Code, answer.Message)
	case err != nil:
		return fmt.Errorf("%s: answer: %w", name, err)
	}
	return nil
}

func newRequest(ctx context.Context, getenv func(string) string, scope, name string, body []operation) (*http.Request, error) {
	target, err := address(getenv, scope, name)
	if err != nil {
		return nil, err
	}
	method, content := http.MethodGet, io.Reader(nil)
	if body != nil {
		encoded, err := encode(scope, name, body)
		if err != nil {
			return nil, err
		}
		method, content = http.MethodPost, bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content) //nolint:gosec // as in call
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "fakeharness-cli")
	req.Header.Set("X-API-KEY", getenv("HARNESS_PLATFORM_API_KEY"))
	if scope == dbops {
		req.Header.Set("Harness-Account", getenv("HARNESS_ACCOUNT_ID"))
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// address returns the URL of a call.
func address(getenv func(string) string, scope, name string) (string, error) {
	endpoint := strings.TrimSuffix(getenv("HARNESS_ENDPOINT"), "/")
	if endpoint == "" {
		return "", errors.New("HARNESS_ENDPOINT is not set: eval what the server printed")
	}
	if scope == dbops {
		return strings.TrimSuffix(endpoint, "/gateway") + "/v1/dbops/execution-config/" + name, nil
	}
	module, infra, _ := strings.Cut(scope, "/")
	path, ok := fakeharness.CallPath(module, name)
	if !ok || infra == "" {
		return "", fmt.Errorf("%q is not a scope such as ci/K8 or dbops", scope)
	}
	query := url.Values{"accountIdentifier": {getenv("HARNESS_ACCOUNT_ID")}, "infra": {infra}}
	return endpoint + path + "?" + query.Encode(), nil
}

// encode returns the body of a write.
func encode(scope, name string, operations []operation) ([]byte, error) {
	if scope != dbops || name != "reset-config" {
		return json.Marshal(operations)
	}
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = o.Field
	}
	return json.Marshal(names)
}
