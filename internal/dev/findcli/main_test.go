package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
)

// says is the body of a script that is the CLI of that version line.
func says(line string) string { return "echo '" + line + "'; echo 'on linux_amd64'" }

func TestFindTakesTheFirstAcceptableCLI(t *testing.T) {
	tests := map[string]struct {
		terraform, tofu string // version lines; "" for none on PATH
		minimum         minimum
		want            string // "" for what is built
		log             string
	}{
		"terraform first":       {"Terraform v1.8.0", "OpenTofu v1.12.6", supported, "Terraform 1.8.0", ""},
		"a carriage return":     {"Terraform v1.8.5\r", "", supported, "Terraform 1.8.5", ""},
		"old terraform":         {"Terraform v1.11.4", "OpenTofu v1.12.6", complete, "OpenTofu 1.12.6", "Terraform 1.11.4"},
		"a prerelease":          {"Terraform v1.8.0-rc1", "OpenTofu v1.12.6-dev", supported, "OpenTofu 1.12.6-dev", "1.8.0-rc1"},
		"only tofu":             {"", "OpenTofu v1.10.0", supported, "OpenTofu 1.10.0", ""},
		"tofu named terraform":  {"OpenTofu v1.12.1", "", complete, "OpenTofu 1.12.1", ""},
		"both too old":          {"Terraform v1.7.5", "OpenTofu v1.9.4", supported, "", "OpenTofu 1.9.4"},
		"a shim with no target": {"Shim says no", "OpenTofu v1.12.0", complete, "OpenTofu 1.12.0", "Shim says no"},
		"no version":            {"Terraform vNext", "OpenTofu v1.12.0", complete, "OpenTofu 1.12.0", "Next"},
		"none":                  {"", "", supported, "", "building OpenTofu"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path, f, log := stubs(t)
			if tt.terraform != "" {
				script(t, path, "terraform", says(tt.terraform))
			}
			if tt.tofu != "" {
				script(t, path, "tofu", says(tt.tofu))
			}
			c, err := f.find(t.Context(), tt.minimum)
			if err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			want := tt.want
			if want == "" {
				want = "OpenTofu 1.99.9"
			}
			if !strings.HasPrefix(c.String(), want+" ") {
				t.Errorf("got %s, want %s", c, want)
			}
			if !strings.Contains(log.String(), tt.log) {
				t.Errorf("log %q does not mention %q", log, tt.log)
			}
		})
	}
}

func TestAChosenCLINeedsOnlyToBeSupported(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct{ path, log, err string }{
		"will do":              {path: script(t, dir, "a", says("OpenTofu v1.12.6"))},
		"leaves something out": {path: script(t, dir, "b", says("Terraform v1.8.5")), log: "NOTE: Terraform 1.8.5"},
		"not supported":        {path: script(t, dir, "c", says("Terraform v1.5.7")), err: "TF_ACC_TERRAFORM_PATH: Terraform 1.5.7"},
		"broken":               {path: script(t, dir, "d", "echo 'no version is set' >&2; exit 3"), err: "no version is set"},
		"not there":            {path: filepath.Join(dir, "e"), err: "TF_ACC_TERRAFORM_PATH"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(overrideVar, tt.path)
			var log bytes.Buffer
			c, err := finder{log: &log}.find(t.Context(), complete)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %s, %v; want an error with %q", c.path, err, tt.err)
				}
				return
			}
			if err != nil || c.path != tt.path {
				t.Errorf("got %s, %v", c.path, err)
			}
			if !strings.Contains(log.String(), tt.log) || (tt.log == "" && log.Len() > 0) {
				t.Errorf("log %q, want %q", &log, tt.log)
			}
		})
	}
}

func TestOpenTofuIsBuiltOnceForEachVersion(t *testing.T) {
	_, f, log := stubs(t)
	bin := filepath.Join(f.root, ".bin")
	for _, tt := range []struct {
		name    string
		version string
		before  func()
		builds  bool
		want    string
	}{
		{"nothing there", "", func() {}, true, "tofu"},
		{"kept", "", func() {}, false, "tofu"},
		{"another version", "", func() { script(t, bin, "tofu", says("OpenTofu v1.99.8")) }, true, "tofu"},
		{"broken", "", func() { script(t, bin, "tofu", "exit 1") }, true, "tofu"},
		{"chosen", "1.99.9", func() {}, true, "tofu-1.99.9"},
		{"chosen and kept", "1.99.9", func() {}, false, "tofu-1.99.9"},
	} {
		tt.before()
		log.Reset()
		c, err := f.build(t.Context(), tt.version)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if c.version.String() != "1.99.9" || c.path != filepath.Join(bin, tt.want) {
			t.Errorf("%s: got %s", tt.name, c)
		}
		if built := strings.Contains(log.String(), "building"); built != tt.builds {
			t.Errorf("%s: built %t, want %t", tt.name, built, tt.builds)
		}
	}
}

func TestFindSaysWhatToDoIfThereIsNoCLI(t *testing.T) {
	t.Setenv(overrideVar, "")
	t.Setenv("PATH", t.TempDir())
	_, err := finder{root: t.TempDir(), log: &bytes.Buffer{}}.find(t.Context(), complete)
	for _, want := range []string{"terraform >= 1.12.0 or tofu >= 1.12.0", "could not be built", overrideVar} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestExportsAreQuotedForAShell(t *testing.T) {
	var out bytes.Buffer
	cli{"/it's/tofu", tofu, semver.MustParse("1.12.0")}.export(&out)
	for _, want := range []string{
		`export TF_ACC_TERRAFORM_PATH='/it'\''s/tofu'`, "export TF_ACC_PROVIDER_HOST='registry.opentofu.org'",
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("%q lacks %s", &out, want)
		}
	}
}

// stubs returns a PATH where only go is found, and a finder in a root whose pin is a small OpenTofu of
// version 1.99.9.
func stubs(t *testing.T) (path string, f finder, log *bytes.Buffer) {
	t.Helper()
	t.Setenv(overrideVar, "")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	path = t.TempDir()
	script(t, path, "go", "exec '"+goTool+`' "$@"`)
	t.Setenv("PATH", path)

	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":                  "module tofu\n\ngo 1.26.0\n\nrequire " + openTofu + " v1.99.9\n\nreplace " + openTofu + " => ./stub\n",
		"stub/go.mod":             "module " + openTofu + "\ngo 1.26.0\n",
		"stub/version/version.go": "package version\n\nvar dev = \"yes\"\n\nfunc Released() bool { return dev == \"no\" }\n",
		"stub/cmd/tofu/main.go": "package main\n\nimport \"" + openTofu + "/version\"\n\n" +
			"func main() {\n\tif version.Released() {\n\t\tprintln(\"OpenTofu v1.99.9\")\n\t}\n}\n",
	} {
		write(t, filepath.Join(root, "internal", "tofu", name), content, 0o600)
	}
	if err := os.Mkdir(filepath.Join(root, ".bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	log = &bytes.Buffer{}
	return path, finder{root: root, log: log}, log
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
