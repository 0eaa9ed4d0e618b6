package provider

import (
	"context"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// pair is an API that answers a read only once another one is under way.
type pair struct {
	*stub
	meet chan struct{}
}

func (p *pair) wait(ctx context.Context) error {
	select {
	case p.meet <- struct{}{}:
	case <-p.meet:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (p *pair) DefaultImages(ctx context.Context, scope harness.Scope) (map[string]string, error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	return p.stub.DefaultImages(ctx, scope)
}

func (p *pair) CustomerImages(ctx context.Context, scope harness.Scope, overridesOnly bool) (map[string]string, error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	return p.stub.CustomerImages(ctx, scope, overridesOnly)
}

func TestPlanReadsDefaultsAndOverridesAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	data := &providerData{account: execconfig.New(&pair{newStub(), make(chan struct{})}, "test", execconfig.Options{})}
	if images := data.planImages(ctx, ciK8); images.err() != nil || !images.has("addonTag") {
		t.Errorf("got %+v", images)
	}
}
