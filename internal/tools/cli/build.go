package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// openTofu is the module that the tools module pins; it builds from the Go module proxy alone.
const openTofu = "github.com/opentofu/opentofu"

// build returns the pinned OpenTofu from .bin, made first where it is missing or another version.
func (f Finder) build(ctx context.Context) (CLI, error) {
	pinned, err := f.pinned(ctx)
	if err != nil {
		return CLI{}, err
	}
	path := filepath.Join(f.Root, ".bin", string(OpenTofu))
	if c, err := Probe(ctx, path); err == nil && c.Version.String() == pinned {
		return c, nil
	}

	fmt.Fprintf(f.Log, "building OpenTofu %s: minutes the first time, then kept in %s\n", pinned, path)
	path, err = filepath.Abs(path)
	if err != nil {
		return CLI{}, fmt.Errorf("finding %s: %w", path, err)
	}
	// go build refuses to write over what is not an executable, such as an interrupted copy.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return CLI{}, fmt.Errorf("making room for OpenTofu: %w", err)
	}
	// Without the flag OpenTofu calls itself a -dev version, which version gates treat as older.
	_, err = f.goCommand(ctx, "build", "-buildvcs=false", "-o", path,
		"-ldflags", "-s -w -X "+openTofu+"/version.dev=no", openTofu+"/cmd/tofu")
	if err != nil {
		return CLI{}, err
	}
	return Probe(ctx, path)
}

// pinned returns the version of OpenTofu that the tools module requires, without its "v".
func (f Finder) pinned(ctx context.Context) (string, error) {
	out, err := f.goCommand(ctx, "list", "-m", "-f", "{{.Version}}", openTofu)
	return strings.TrimPrefix(strings.TrimSpace(out), "v"), err
}

// goCommand runs go in the tools module and returns what it prints; an error has what it complains.
func (f Finder) goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this package's
	cmd.Dir = filepath.Join(f.Root, "internal", "tools")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
