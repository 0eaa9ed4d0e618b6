// Package byhand sets overrides as a script does, without this provider: each answer is believed.
package byhand

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// Images are the images to set: scope, such as ci/K8 -> field -> image.
type Images map[string]map[string]string

// Count returns the number of overrides.
func (i Images) Count() int {
	n := 0
	for _, fields := range i {
		n += len(fields)
	}
	return n
}

// Stored returns how many of them the server has.
func (i Images) Stored(server *fakeharness.Server) int {
	n := 0
	for scope, fields := range i {
		held := server.Overrides(scope)
		for field, image := range fields {
			if held[field] == image {
				n++
			}
		}
	}
	return n
}

// Together sends one request for each scope, one after the other: the least that can be done.
func Together(ctx context.Context, server *fakeharness.Server, wanted Images) error {
	for scope, fields := range wanted {
		if err := update(ctx, server, scope, fields); err != nil {
			return err
		}
	}
	return nil
}

// EachAlone is what a plain provider does: a write and a read for each override, several at a time. The
// read sees its own write, but not that the next write undoes it.
func EachAlone(ctx context.Context, server *fakeharness.Server, wanted Images, parallelism int) error {
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(parallelism)
	for scope, fields := range wanted {
		for field, image := range fields {
			workers.Go(func() error {
				if err := update(ctx, server, scope, map[string]string{field: image}); err != nil {
					return err
				}
				return call(ctx, server, http.MethodGet, scope, "get-customer-config", nil)
			})
		}
	}
	return workers.Wait()
}

func update(ctx context.Context, server *fakeharness.Server, scope string, images map[string]string) error {
	var operations []map[string]string
	for field, image := range images {
		operations = append(operations, map[string]string{"field": field, "value": image})
	}
	body, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	return call(ctx, server, http.MethodPost, scope, "update-config", bytes.NewReader(body))
}

func call(ctx context.Context, server *fakeharness.Server, method, scope, name string, body io.Reader) error {
	module, infra, _ := strings.Cut(scope, "/")
	query := url.Values{"accountIdentifier": {server.Options().AccountID}, "infra": {infra}}
	target := server.Endpoint() + "/" + module + "/execution-config/" + name + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Api-Key", server.Options().APIKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %d: %s", name, resp.StatusCode, answer)
	}
	return nil
}
