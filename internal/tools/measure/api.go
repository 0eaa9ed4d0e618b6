//go:build unix

package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// api calls the fake without the provider.
type api struct{ endpoint, account string }

func (s *scene) api(account string) api { return api{s.fake.Env["HARNESS_ENDPOINT"], account} }

// operation is one element of a write's body.
type operation struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// images makes a read, such as get-default-config, of a scope such as ci/K8.
func (a api) images(ctx context.Context, scope, call string) (map[string]string, error) {
	images := map[string]string{}
	return images, a.call(ctx, http.MethodGet, scope, call, nil, &images)
}

// update sets overrides in one request.
func (a api) update(ctx context.Context, scope string, operations []operation) error {
	body, err := json.Marshal(operations)
	if err != nil {
		return err
	}
	return a.call(ctx, http.MethodPost, scope, "update-config", bytes.NewReader(body), new(bool))
}

func (a api) call(ctx context.Context, method, scope, call string, body io.Reader, out any) error {
	module, infra, _ := strings.Cut(scope, "/")
	query := url.Values{"accountIdentifier": {a.account}, "infra": {infra}}
	target := a.endpoint + "/" + module + "/execution-config/" + call + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	// Not the provider's credential: looking at the outcome must not count against its rate limit.
	req.Header.Set("Authorization", "Bearer bearer.test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct{ Data any }{out}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %d: %w", call, resp.StatusCode, err)
	}
	return nil
}

// stored returns how many of the overrides the server holds as wanted.
func (s *scene) stored(ctx context.Context, wanted overrides) (int, error) {
	n := 0
	for _, group := range wanted {
		held, err := s.api(s.account(group.account)).images(ctx, "ci/"+group.infra, "get-customer-config")
		if err != nil {
			return 0, fmt.Errorf("counting what is stored: %w", err)
		}
		for field, image := range group.images {
			if held[field] == image {
				n++
			}
		}
	}
	return n, nil
}
