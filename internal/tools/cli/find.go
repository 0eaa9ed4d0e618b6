package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Minimum is the oldest version of each product that will do.
type Minimum map[Product]*semver.Version

var (
	// Supported is the oldest that the provider supports: the first with provider functions.
	Supported = Minimum{Terraform: semver.New(1, 8, 0, "", ""), OpenTofu: semver.New(1, 7, 0, "", "")}
	// Complete is the oldest that runs every acceptance test but those of `terraform query`: the
	// first with import by identity.
	Complete = Minimum{Terraform: semver.New(1, 12, 0, "", ""), OpenTofu: semver.New(1, 12, 0, "", "")}
)

// String returns the minimum as an error message says it.
func (m Minimum) String() string {
	parts := make([]string, 0, len(m))
	for _, p := range Products() {
		parts = append(parts, fmt.Sprintf("%s >= %s", p, m[p]))
	}
	return strings.Join(parts, " or ")
}

// check returns an error where c is older than the minimum.
func (m Minimum) check(c CLI) error {
	if c.Version.LessThan(m[c.Product]) {
		return fmt.Errorf("%s is older than %s", c, m[c.Product])
	}
	return nil
}

// Finder finds a CLI.
type Finder struct {
	Root string    // of the repository: where OpenTofu is built from and kept
	Log  io.Writer // told what is passed over, and of a build that takes minutes
}

// Find returns the first that will do of: the one that OverrideVar names, `terraform` and then
// `tofu` on PATH, OpenTofu built from the tools module. The override needs only be Supported: who
// sets it has chosen, and is told what it leaves out.
func (f Finder) Find(ctx context.Context, minimum Minimum) (CLI, error) {
	if path := os.Getenv(OverrideVar); path != "" {
		return f.override(ctx, path, minimum)
	}
	for _, product := range Products() {
		c, err := onPath(ctx, product, minimum)
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return CLI{}, ctx.Err()
		}
		if !errors.Is(err, exec.ErrNotFound) {
			fmt.Fprintf(f.Log, "passed over: %v\n", err)
		}
	}
	c, err := f.build(ctx)
	if err != nil {
		return CLI{}, fmt.Errorf("no %s on PATH, and OpenTofu could not be built: %w\n"+
			"Install one of them, or name one in %s", minimum, err, OverrideVar)
	}
	return c, nil
}

func (f Finder) override(ctx context.Context, path string, minimum Minimum) (CLI, error) {
	c, err := Probe(ctx, path)
	if err == nil {
		err = Supported.check(c)
	}
	if err != nil {
		return CLI{}, fmt.Errorf("%s: %w", OverrideVar, err)
	}
	if err := minimum.check(c); err != nil {
		fmt.Fprintf(f.Log, "NOTE: %v: what needs that version is left out\n", err)
	}
	return c, nil
}

func onPath(ctx context.Context, product Product, minimum Minimum) (CLI, error) {
	path, err := exec.LookPath(string(product))
	if err != nil {
		return CLI{}, fmt.Errorf("looking for %s: %w", product, err)
	}
	c, err := Probe(ctx, path)
	if err != nil {
		return CLI{}, err
	}
	return c, minimum.check(c)
}
