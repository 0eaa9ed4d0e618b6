// Package byhand sets overrides as a script does, without this provider: each answer is believed.
package byhand

import (
	"context"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// Images are the images to set: scope, such as ci/K8 -> field -> image.
type Images map[string]map[string]string

// Stored returns how many of them the server has.
func (i Images) Stored(server *fakeharness.Server) (n int) {
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
	c := client(server)
	for scope, fields := range wanted {
		if err := c.UpdateImages(ctx, scopeOf(scope), fields); err != nil {
			return err
		}
	}
	return nil
}

// EachAlone is what a plain provider does: a write and a read for each override, several at a time. The
// read sees its own write, but not that the next write undoes it.
func EachAlone(ctx context.Context, server *fakeharness.Server, wanted Images, parallelism int) error {
	c := client(server)
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(parallelism)
	for scope, fields := range wanted {
		for field, image := range fields {
			workers.Go(func() error {
				err := c.UpdateImages(ctx, scopeOf(scope), map[string]string{field: image})
				if err == nil {
					_, err = c.CustomerImages(ctx, scopeOf(scope), false)
				}
				return err
			})
		}
	}
	return workers.Wait()
}

// client returns the provider's client of the API, which sends what it is told to and knows of no other writer.
func client(server *fakeharness.Server) *harness.Client {
	opts := server.Options()
	endpoint, _ := url.Parse(server.Endpoint()) // its own address
	return harness.New(harness.Config{Endpoint: endpoint, AccountID: opts.AccountID, APIKey: opts.APIKey})
}

func scopeOf(name string) harness.Scope {
	module, infra, _ := strings.Cut(name, "/")
	return harness.Scope{Module: harness.Module(module), Infra: harness.Infra(infra)}
}
