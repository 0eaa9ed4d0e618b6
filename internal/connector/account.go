// Package connector changes the connector through which an account pulls Harness images, so that an
// account is never left with one that does not work: settings are tested under another identifier first,
// each change is read back and tested again, and the previous connector is put back if that test fails. It
// knows nothing of Terraform.
package connector

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// API is the part of the API that the package needs; *harness.Client implements it.
type API interface {
	Connector(ctx context.Context, id string) (harness.Connector, error)
	CreateConnector(ctx context.Context, id string, body json.RawMessage) (harness.Connector, error)
	UpdateConnector(ctx context.Context, id string, body json.RawMessage) (harness.Connector, error)
	DeleteConnector(ctx context.Context, id string) error
	TestConnector(ctx context.Context, id string, patience time.Duration) (harness.ConnectorStatus, error)
}

// Options are optional; zero means the default.
type Options struct {
	// Pause is the first of the growing pauses between reads that wait for a change to show; 500 ms.
	Pause time.Duration
	// Grace is how long a change in flight may continue after an interrupt; 30 s.
	Grace time.Duration
	// Log gets a message when a connection test begins and when it ends; nil: silent.
	Log func(ctx context.Context, msg string, fields map[string]any)
}

func (o Options) withDefaults() Options {
	for value, fallback := range map[*time.Duration]time.Duration{
		&o.Pause: 500 * time.Millisecond, &o.Grace: 30 * time.Second,
	} {
		if *value <= 0 {
			*value = fallback
		}
	}
	if o.Log == nil {
		o.Log = func(context.Context, string, map[string]any) {}
	}
	return o
}

// Account is the image connector of one account. It is safe for concurrent use.
type Account struct {
	api  API
	opts Options
	// changing is held by the one resource that changes or restores the connector.
	changing sync.Mutex
	// shared is the connector as read once.
	shared flight.Group[struct{}, Found]
	run
}

// New returns an account's image connector. It sends no request.
func New(api API, opts Options) *Account {
	return &Account{api: api, opts: opts.withDefaults(), shared: flight.Group[struct{}, Found]{KeepErrors: true}}
}

// Found is the connector in the account; the zero value is none.
type Found struct {
	Exists bool
	harness.Connector
	// Registry is zero unless the type is DockerRegistry.
	Registry harness.Registry
}

// Anonymous reports whether builds pull without a login.
func (f Found) Anonymous() bool { return !f.Exists || f.Registry.Auth == harness.Anonymous }

// IsRegistry reports whether the connector exists and has the one type whose settings are known here.
func (f Found) IsRegistry() bool { return f.Exists && f.Type == harness.DockerRegistry }

// Works reports whether the last test was of these settings and succeeded.
func (f Found) Works() bool { return f.StatusCurrent() && f.Status.State == succeeded }

// has reports whether the connector has these settings.
func (f Found) has(want harness.Registry) bool { return f.IsRegistry() && f.Registry.Equal(want) }

// same reports whether both are the same connector.
func (f Found) same(other Found) bool {
	return f.Exists == other.Exists && f.Type == other.Type && f.Registry.Equal(other.Registry)
}

// checkType returns a *TypeError for a connector that cannot be changed in place.
func (f Found) checkType() error {
	if f.Exists && !f.IsRegistry() {
		return &TypeError{Type: f.Type}
	}
	return nil
}

// Read returns the current connector.
func (a *Account) Read(ctx context.Context) (Found, error) {
	return a.read(ctx, harness.ImageConnector)
}

func (a *Account) read(ctx context.Context, id string) (Found, error) {
	connector, err := a.api.Connector(ctx, id)
	if harness.IsNoConnector(err) {
		return Found{}, nil
	}
	if err != nil {
		return Found{}, err
	}
	return found(connector)
}

func found(connector harness.Connector) (Found, error) {
	f := Found{Exists: true, Connector: connector}
	if connector.Type != harness.DockerRegistry {
		return f, nil
	}
	var err error
	f.Registry, err = connector.Registry()
	return f, err
}

// outlive returns a context that lasts for some time after ctx has ended, so that what is in flight can
// be completed or undone.
func outlive(ctx context.Context, grace time.Duration) (hold context.Context, release func()) {
	hold, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return hold, func() { stop(); cancel() }
}
