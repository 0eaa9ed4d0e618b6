package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		output  string
		product Product
		version string
	}{
		"terraform":      {"Terraform v1.15.9\non linux_amd64\n", Terraform, "1.15.9"},
		"tofu":           {"OpenTofu v1.12.6\non linux_amd64\n", OpenTofu, "1.12.6"},
		"prerelease":     {"OpenTofu v1.12.6-dev\non linux_amd64\n", OpenTofu, "1.12.6-dev"},
		"after warnings": {"\nWarning: no file\n\nOpenTofu v1.8.0\non linux_amd64\n", OpenTofu, "1.8.0"},
		"carriage return": {
			"Terraform v1.8.5\r\non windows_amd64\r\n\r\nYour version of Terraform is out of date!\r\n", Terraform, "1.8.5",
		},
		"another program": {"Terragrunt version v0.90.0\n", "", ""},
		"not a version":   {"Terraform vNext\n", "", ""},
		"nothing":         {"", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			product, version, err := parseVersion(tt.output)
			if tt.version == "" {
				if err == nil {
					t.Fatalf("want an error, got %s %s", product, version)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if product != tt.product || version.String() != tt.version {
				t.Errorf("got %s %s, want %s %s", product, version, tt.product, tt.version)
			}
		})
	}
}

func TestMinimum(t *testing.T) {
	t.Parallel()
	tests := []struct {
		product             Product
		version             string
		supported, complete bool
	}{
		{Terraform, "1.7.9", false, false},
		{Terraform, "1.8.0-rc1", false, false},
		{Terraform, "1.8.0", true, false},
		{Terraform, "1.11.4", true, false},
		{Terraform, "1.12.0", true, true},
		{Terraform, "2.0.0", true, true},
		{OpenTofu, "1.6.3", false, false},
		{OpenTofu, "1.7.0", true, false},
		{OpenTofu, "1.11.1", true, false},
		{OpenTofu, "1.12.6-dev", true, true},
		{OpenTofu, "1.12.6", true, true},
	}
	for _, tt := range tests {
		c := CLI{Product: tt.product, Version: semver.MustParse(tt.version)}
		if got := Supported.check(c) == nil; got != tt.supported {
			t.Errorf("%s supported: %t, want %t", c, got, tt.supported)
		}
		if got := Complete.check(c) == nil; got != tt.complete {
			t.Errorf("%s complete: %t, want %t", c, got, tt.complete)
		}
	}
	if got, want := Complete.String(), "terraform >= 1.12.0 or tofu >= 1.12.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTestEnv(t *testing.T) {
	t.Parallel()
	for product, host := range map[Product]string{
		Terraform: "registry.terraform.io", OpenTofu: "registry.opentofu.org",
	} {
		env := CLI{Path: "/x/cli", Product: product, Version: semver.MustParse("1.12.0")}.TestEnv()
		for _, want := range []string{
			"TF_ACC_TERRAFORM_PATH=/x/cli", "TF_ACC_PROVIDER_HOST=" + host, "TF_CLI_CONFIG_FILE=" + os.DevNull,
		} {
			if !slices.Contains(env, want) {
				t.Errorf("%s: %q lacks %s", product, env, want)
			}
		}
	}
}

func TestEnvironLeavesOutWhatSteersTheCLI(t *testing.T) {
	t.Setenv("TF_CLI_ARGS", "-help")
	t.Setenv("HARNESS_PLATFORM_API_KEY", "someone's real key")
	t.Setenv("TF_CLI_CONFIG_FILE", "/the/user's")
	t.Setenv("STAYS", "1")

	env := Environ("/mine", "HARNESS_ENDPOINT=http://127.0.0.1:1")

	for _, v := range env {
		if strings.Contains(v, "-help") || strings.Contains(v, "real key") || strings.Contains(v, "user's") {
			t.Errorf("%s was passed on", v)
		}
	}
	for _, want := range []string{"STAYS=1", "TF_CLI_CONFIG_FILE=/mine", "HARNESS_ENDPOINT=http://127.0.0.1:1"} {
		if !slices.Contains(env, want) {
			t.Errorf("lacks %s", want)
		}
	}
}

func TestProbeReportsWhatAnExecutableSays(t *testing.T) {
	t.Parallel()
	path := script(t, t.TempDir(), "terraform", "echo 'no version is set' >&2; exit 3")
	_, err := Probe(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "no version is set") {
		t.Errorf("got %v, want what the executable printed", err)
	}
}

// script writes an executable that runs body, and returns its path.
func script(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	write(t, path, "#!/bin/sh\n"+body+"\n", 0o700)
	return path
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}
