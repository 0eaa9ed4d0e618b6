package pulls

import (
	"context"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// Ask asks the registry of an image something that a plan can do without, while the budget of its host lasts. The
// error is the registry's, or a *SilentError.
func (r *Run) Ask(ctx context.Context, image string, ask func(context.Context, *registry.Client) error) error {
	return r.budgets.spend(ctx, hostOf(image), func(ctx context.Context) error { return ask(ctx, r.registry) })
}

// Host returns the registry of an image by its canonical name.
func Host(image string) string { return hostOf(image) }
