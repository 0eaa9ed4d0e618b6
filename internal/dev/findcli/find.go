package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// The products, by the names of their executables.
const (
	terraform = "terraform"
	tofu      = "tofu"
)

// hosts are the registries of each product for providers that a configuration names without a host.
var hosts = map[string]string{terraform: "registry.terraform.io", tofu: "registry.opentofu.org"}

// minimum is the oldest acceptable version of each product.
type minimum map[string]*semver.Version

var (
	// supported is the oldest that the provider supports: the first with provider functions, and with
	// moves between resource types.
	supported = minimum{terraform: semver.MustParse("1.8.0"), tofu: semver.MustParse("1.10.0")}
	// complete is the oldest that runs every acceptance test except those of `terraform query`: the first
	// with import by identity.
	complete = minimum{terraform: semver.MustParse("1.12.0"), tofu: semver.MustParse("1.12.0")}
)

func (m minimum) String() string {
	return fmt.Sprintf("terraform >= %s or tofu >= %s", m[terraform], m[tofu])
}

// check returns an error if c is older than the minimum.
func (m minimum) check(c cli) error {
	if c.version.LessThan(m[c.product]) {
		return fmt.Errorf("%s is older than %s", c, m[c.product])
	}
	return nil
}

// cli is an executable that has said what it is.
type cli struct {
	path    string // absolute
	product string
	version *semver.Version
}

func (c cli) String() string {
	name := map[string]string{terraform: "Terraform", tofu: "OpenTofu"}[c.product]
	return fmt.Sprintf("%s %s (%s)", name, c.version, c.path)
}

// finder finds a CLI.
type finder struct {
	root string    // of the repository: where OpenTofu is built from and kept
	log  io.Writer // gets what is passed over, and a build that takes minutes
}

// find returns the first acceptable CLI of: the one that overrideVar names, `terraform` and then `tofu` on
// PATH, the pinned OpenTofu. The override only needs to be supported: it is set on purpose.
func (f finder) find(ctx context.Context, oldest minimum) (cli, error) {
	if path := os.Getenv(overrideVar); path != "" {
		return f.override(ctx, path, oldest)
	}
	for _, product := range []string{terraform, tofu} {
		path, err := exec.LookPath(product)
		if err != nil {
			continue
		}
		c, err := probe(ctx, path)
		if err == nil {
			err = oldest.check(c)
		}
		if err == nil {
			return c, nil
		}
		fmt.Fprintf(f.log, "passed over: %v\n", err)
	}
	c, err := f.build(ctx, "")
	if err != nil {
		return cli{}, fmt.Errorf("no %s on PATH, and OpenTofu could not be built: %w\n"+
			"Install one of them, or name one in %s", oldest, err, overrideVar)
	}
	return c, nil
}

func (f finder) override(ctx context.Context, path string, oldest minimum) (cli, error) {
	c, err := probe(ctx, path)
	if err == nil {
		err = supported.check(c)
	}
	if err != nil {
		return cli{}, fmt.Errorf("%s: %w", overrideVar, err)
	}
	if err := oldest.check(c); err != nil {
		fmt.Fprintf(f.log, "NOTE: %v: tests that need that version are skipped\n", err)
	}
	return c, nil
}

// versionLine is in the human output because `version -json` does not tell the products apart.
var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)\s*$`)

// probe asks the executable at path what it is. Its timeout is generous: the name may be a version
// manager's shim.
func probe(ctx context.Context, path string) (cli, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return cli{}, fmt.Errorf("finding %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return cli{}, fmt.Errorf("%s version: %w: %s", path, err, strings.TrimSpace(string(out)))
	}
	m := versionLine.FindStringSubmatch(string(out))
	if m == nil {
		return cli{}, fmt.Errorf("%s is neither Terraform nor OpenTofu: %q", path, out)
	}
	version, err := semver.StrictNewVersion(m[2])
	if err != nil {
		return cli{}, fmt.Errorf("%s has version %q: %w", path, m[2], err)
	}
	if m[1] == "OpenTofu" {
		return cli{path, tofu, version}, nil
	}
	return cli{path, terraform, version}, nil
}

// openTofu is the module that internal/tofu pins; it builds from the Go module proxy only.
const openTofu = "github.com/opentofu/opentofu"

// build returns OpenTofu from .bin, and builds it first if it is missing or another version; version "" is
// the pinned one.
func (f finder) build(ctx context.Context, version string) (cli, error) {
	path, err := filepath.Abs(filepath.Join(f.root, ".bin", tofu))
	if err != nil {
		return cli{}, fmt.Errorf("finding .bin: %w", err)
	}
	modfile := "-modfile=go.mod"
	if version == "" {
		pinned, err := f.goCommand(ctx, "list", "-m", "-f", "{{.Version}}", openTofu)
		if err != nil {
			return cli{}, err
		}
		version = strings.TrimPrefix(strings.TrimSpace(pinned), "v")
	} else {
		path += "-" + version
		modfile = "-modfile=" + path + ".mod"
	}
	if c, err := probe(ctx, path); err == nil && c.version.String() == version {
		return c, nil
	}
	fmt.Fprintf(f.log, "building OpenTofu %s: minutes the first time, then kept in %s\n", version, path)
	if modfile != "-modfile=go.mod" {
		if err := f.unpin(ctx, path+".mod", modfile, version); err != nil {
			return cli{}, err
		}
	}
	// go build refuses to overwrite what is not an executable, such as an interrupted copy.
	if err := os.RemoveAll(path); err != nil {
		return cli{}, fmt.Errorf("making room for OpenTofu: %w", err)
	}
	// Without the flag OpenTofu calls itself a -dev version, which version gates treat as older.
	_, err = f.goCommand(ctx, "build", modfile, "-buildvcs=false", "-o", path,
		"-ldflags", "-s -w -X "+openTofu+"/version.dev=no", openTofu+"/cmd/tofu")
	if err != nil {
		return cli{}, err
	}
	return probe(ctx, path)
}

// unpin writes a module file that requires another version: the pinned one's replacements, and the
// requirements that the version itself has.
func (f finder) unpin(ctx context.Context, file, modfile, version string) error {
	pin, err := os.ReadFile(filepath.Join(f.root, "internal", "tofu", "go.mod"))
	if err != nil {
		return fmt.Errorf("reading the pin: %w", err)
	}
	var kept strings.Builder
	for line := range strings.Lines(string(pin)) {
		if word, _, _ := strings.Cut(line, " "); word == "module" || word == "go" || word == "replace" {
			kept.WriteString(line)
		}
	}
	if err := os.WriteFile(file, []byte(kept.String()), 0o600); err != nil {
		return fmt.Errorf("writing a module file: %w", err)
	}
	_, err = f.goCommand(ctx, "get", modfile, "-tool", openTofu+"/cmd/tofu@v"+version)
	return err
}

// goCommand runs go in the module of the pin and returns what it prints; an error contains its stderr.
func (f finder) goCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this package's
	cmd.Dir = filepath.Join(f.root, "internal", "tofu")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return string(out), nil
}
