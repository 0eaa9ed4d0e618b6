// Package cli finds the Terraform or OpenTofu that the demo and the acceptance tests run.
package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// OverrideVar is the test library's own variable; what it names is used whatever is on PATH.
const OverrideVar = "TF_ACC_TERRAFORM_PATH"

// Product is a CLI that runs providers; its value is the name of the executable.
type Product string

// The products, in the order they are looked for.
const (
	Terraform Product = "terraform"
	OpenTofu  Product = "tofu"
)

// traits is what differs between the products.
var traits = map[Product]struct{ name, providerHost string }{
	Terraform: {name: "Terraform", providerHost: "registry.terraform.io"},
	OpenTofu:  {name: "OpenTofu", providerHost: "registry.opentofu.org"},
}

// Products returns every product, in the order they are looked for.
func Products() []Product { return []Product{Terraform, OpenTofu} }

// CLI is an executable that answered what it is.
type CLI struct {
	Path    string // absolute
	Product Product
	Version *semver.Version
}

// Name returns the product as people write it, and its version.
func (c CLI) Name() string { return traits[c.Product].name + " " + c.Version.String() }

// String returns the name and where it is.
func (c CLI) String() string { return fmt.Sprintf("%s (%s)", c.Name(), c.Path) }

// TestEnv returns the variables, as NAME=value, with which terraform-plugin-testing runs this CLI
// apart from what the user's own CLI configuration says.
func (c CLI) TestEnv() []string {
	return append([]string{
		OverrideVar + "=" + c.Path,
		"TF_ACC_PROVIDER_HOST=" + traits[c.Product].providerHost,
	}, isolation(os.DevNull)...)
}

// Environ returns this process's environment without what steers a CLI or this provider (TF_*,
// HARNESS_*), with configFile as the CLI configuration, and then extra (NAME=value).
func Environ(configFile string, extra ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "TF_") || strings.HasPrefix(v, "HARNESS_")
	})
	return slices.Concat(env, isolation(configFile), extra)
}

// isolation turns off the update check, which waits for a network, and the user's configuration.
func isolation(configFile string) []string {
	return []string{"CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + configFile}
}

// probeTimeout is generous: a version manager's shim may stand behind the name.
const probeTimeout = 30 * time.Second

// Probe asks the executable at path what it is.
func Probe(ctx context.Context, path string) (CLI, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return CLI{}, fmt.Errorf("finding %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = Environ(os.DevNull)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return CLI{}, fmt.Errorf("%s version: %w: %s", path, err, strings.TrimSpace(string(out)))
	}
	product, version, err := parseVersion(string(out))
	if err != nil {
		return CLI{}, fmt.Errorf("%s version: %w", path, err)
	}
	return CLI{Path: path, Product: product, Version: version}, nil
}

// versionLine is in the human output because `version -json` does not tell the products apart.
var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v(\S+)\s*$`)

// parseVersion reads the output of `terraform version` or `tofu version`.
func parseVersion(output string) (Product, *semver.Version, error) {
	m := versionLine.FindStringSubmatch(output)
	if m == nil {
		return "", nil, fmt.Errorf("neither Terraform nor OpenTofu: %q", output)
	}
	version, err := semver.StrictNewVersion(m[2])
	if err != nil {
		return "", nil, fmt.Errorf("version %q: %w", m[2], err)
	}
	if m[1] == traits[OpenTofu].name {
		return OpenTofu, version, nil
	}
	return Terraform, version, nil
}
