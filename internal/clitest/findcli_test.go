//go:build unix

package clitest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const openTofu = "github.com/opentofu/opentofu"

// stub is the script in a repository whose pinned OpenTofu is a small program of version 1.99.9, with a PATH
// that has no CLI.
type stub struct{ root, path string }

func newStub(t *testing.T) stub {
	t.Helper()
	s := stub{t.TempDir(), t.TempDir()}
	for name, content := range map[string]string{
		"go.mod":                  "module tofu\n\ngo 1.26.0\n\nrequire " + openTofu + " v1.99.9\n\nreplace " + openTofu + " => ./stub\n",
		"stub/go.mod":             "module " + openTofu + "\ngo 1.26.0\n",
		"stub/version/version.go": "package version\n\nvar dev = \"yes\"\n\nfunc Released() bool { return dev == \"no\" }\n",
		"stub/cmd/tofu/main.go": "package main\n\nimport \"" + openTofu + "/version\"\n\n" +
			"func main() {\n\tif version.Released() {\n\t\tprintln(\"OpenTofu v1.99.9\")\n\t}\n}\n",
	} {
		write(t, filepath.Join(s.root, "internal", "tofu", name), content)
	}
	for _, name := range []string{"tofu/findcli", "dev/progress"} {
		content, err := os.ReadFile(filepath.Join("..", name)) //nolint:gosec // of the repository
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.root, "internal", name), string(content))
	}
	for _, tool := range []string{"go", "awk", "bash", "basename", "cat", "dirname", "env", "grep", "head", "mkdir", "mktemp", "rm", "sleep", "tr"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.path, tool), "#!/bin/sh\nexec '"+path+"' \"$@\"\n")
	}
	return s
}

// cli puts an executable that says it is this version on PATH.
func (s stub) cli(t *testing.T, name, says string) string {
	t.Helper()
	path := filepath.Join(s.path, name)
	write(t, path, "#!/bin/sh\necho '"+says+"'; echo 'on linux_amd64'\n")
	return path
}

// find runs the script and returns what it exports and what it says.
func (s stub) find(t *testing.T, chosen string, args ...string) (exports, says string, err error) {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.root, "internal/tofu/findcli"), args...) //nolint:gosec // the script under test
	cmd.Env = append(os.Environ(), "PATH="+s.path, "TF_ACC_TERRAFORM_PATH="+chosen, "HARNESSCI_BIN=", "GOPROXY=off", "GOFLAGS=-mod=mod")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil { //nolint:gosec // to be run
		t.Fatal(err)
	}
}

func TestFindCLI(t *testing.T) {
	t.Parallel()
	const supported = "-supported"
	tests := map[string]struct {
		terraform, tofu string // version lines of those on PATH; "" for none
		chosen          string // version line of what TF_ACC_TERRAFORM_PATH names
		arg, want, says string // want "" if there is none
	}{
		"terraform first":       {terraform: "Terraform v1.8.0", tofu: "OpenTofu v1.12.6", arg: supported, want: "Terraform 1.8.0"},
		"a carriage return":     {terraform: "Terraform v1.8.5\r", arg: supported, want: "Terraform 1.8.5"},
		"old terraform":         {terraform: "Terraform v1.11.4", tofu: "OpenTofu v1.12.6", want: "OpenTofu 1.12.6", says: "Terraform 1.11.4 is older than 1.12.0"},
		"a prerelease":          {terraform: "Terraform v1.8.0-rc1", tofu: "OpenTofu v1.12.6-dev", arg: supported, want: "OpenTofu 1.12.6-dev", says: "1.8.0-rc1"},
		"only tofu":             {tofu: "OpenTofu v1.10.0", arg: supported, want: "OpenTofu 1.10.0"},
		"tofu named terraform":  {terraform: "OpenTofu v1.12.1", want: "OpenTofu 1.12.1"},
		"a shim with no target": {terraform: "Shim says no", tofu: "OpenTofu v1.12.0", want: "OpenTofu 1.12.0", says: "passed over"},
		"all too old":           {terraform: "Terraform v1.7.5", tofu: "OpenTofu v1.9.4", arg: supported, want: "OpenTofu 1.99.9", says: "OpenTofu 1.9.4"},
		"none":                  {want: "OpenTofu 1.99.9", says: "building OpenTofu 1.99.9"},
		"chosen":                {chosen: "Terraform v1.8.5", want: "Terraform 1.8.5", says: "NOTE: Terraform 1.8.5"},
		"chosen, unsupported":   {chosen: "Terraform v1.5.7", says: "Terraform 1.5.7 is older"},
		"chosen, broken":        {chosen: "no version is set", says: "neither Terraform nor OpenTofu"},
		"unknown argument":      {arg: "-x", says: "unknown argument -x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			for name, says := range map[string]string{"terraform": test.terraform, "tofu": test.tofu} {
				if says != "" {
					s.cli(t, name, says)
				}
			}
			chosen := ""
			if test.chosen != "" {
				chosen = s.cli(t, "it's chosen", test.chosen)
			}
			var args []string
			if test.arg != "" {
				args = append(args, test.arg)
			}
			exports, says, err := s.find(t, chosen, args...)
			if (err == nil) != (test.want != "") || !strings.Contains(says, "using "+test.want) && test.want != "" || !strings.Contains(says, test.says) {
				t.Errorf("error %v, exports %q and says %q; want %q, and %q said", err, exports, says, test.want, test.says)
			}
			if quoted := strings.ReplaceAll(chosen, "'", `'\''`); err == nil && chosen != "" && !strings.Contains(exports, "export TF_ACC_TERRAFORM_PATH='"+quoted+"'\n") {
				t.Errorf("exports %q", exports)
			}
			if host := "registry.opentofu.org"; strings.HasPrefix(test.want, "OpenTofu") && !strings.Contains(exports, "export TF_ACC_PROVIDER_HOST='"+host+"'\n") {
				t.Errorf("exports %q", exports)
			}
		})
	}
}

func TestFindCLIBuildsOpenTofuOnceForEachVersion(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	bin := filepath.Join(s.root, ".bin")
	other := "#!/bin/sh\necho OpenTofu v1.99.8\n"
	for _, step := range []struct {
		name, there string
		builds      bool
		file        string
		args        []string
	}{
		{"nothing there", "", true, "tofu", nil},
		{"kept", "", false, "tofu", nil},
		{"another version", other, true, "tofu", nil},
		{"broken", "#!/bin/sh\nexit 1\n", true, "tofu", nil},
		{"chosen", "", true, "tofu-1.99.9", []string{"-opentofu", "1.99.9"}},
		{"chosen and kept", "", false, "tofu-1.99.9", []string{"-opentofu", "1.99.9"}},
	} {
		if step.there != "" {
			write(t, filepath.Join(bin, "tofu"), step.there)
		}
		exports, says, err := s.find(t, "", step.args...)
		if err != nil || !strings.Contains(exports, "/.bin/"+step.file+"'\n") || strings.Contains(says, "building") != step.builds {
			t.Fatalf("%s: error %v, exports %q and says %q", step.name, err, exports, says)
		}
	}
}
