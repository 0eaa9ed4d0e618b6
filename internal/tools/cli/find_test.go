package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// says is the body of a script that is the CLI of that version line.
func says(line string) string { return "echo '" + line + "'; echo 'on linux_amd64'" }

func TestFindTakesTheFirstThatWillDo(t *testing.T) {
	tests := map[string]struct {
		terraform, tofu string // version lines; "" for none on PATH
		minimum         Minimum
		want            string // "" for what is built
		log             string
	}{
		"terraform first":       {"Terraform v1.8.0", "OpenTofu v1.12.6", Supported, "Terraform 1.8.0", ""},
		"old terraform":         {"Terraform v1.11.4", "OpenTofu v1.12.6", Complete, "OpenTofu 1.12.6", "Terraform 1.11.4"},
		"only tofu":             {"", "OpenTofu v1.7.0", Supported, "OpenTofu 1.7.0", ""},
		"tofu named terraform":  {"OpenTofu v1.12.1", "", Complete, "OpenTofu 1.12.1", ""},
		"both too old":          {"Terraform v1.7.5", "OpenTofu v1.6.0", Supported, "", "OpenTofu 1.6.0"},
		"a shim with no target": {"Shim says no", "OpenTofu v1.12.0", Complete, "OpenTofu 1.12.0", "Shim says no"},
		"none":                  {"", "", Supported, "", "building OpenTofu"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(OverrideVar, "")
			path := t.TempDir()
			linkGo(t, path)
			if tt.terraform != "" {
				script(t, path, "terraform", says(tt.terraform))
			}
			if tt.tofu != "" {
				script(t, path, "tofu", says(tt.tofu))
			}
			t.Setenv("PATH", path)

			var log bytes.Buffer
			c, err := Finder{Root: stubRoot(t), Log: &log}.Find(t.Context(), tt.minimum)
			if err != nil {
				t.Fatalf("%v\n%s", err, &log)
			}
			want := tt.want
			if want == "" {
				want = "OpenTofu 1.99.9"
			}
			if !strings.HasPrefix(c.String(), want+" ") {
				t.Errorf("got %s, want %s", c, want)
			}
			if !strings.Contains(log.String(), tt.log) {
				t.Errorf("log %q does not mention %q", &log, tt.log)
			}
		})
	}
}

func TestFindOverride(t *testing.T) {
	dir := t.TempDir()
	complete := script(t, dir, "a", says("OpenTofu v1.12.6"))
	supported := script(t, dir, "b", says("Terraform v1.8.5"))
	old := script(t, dir, "c", says("Terraform v1.5.7"))
	tests := map[string]struct{ path, log, err string }{
		"will do":              {path: complete},
		"leaves something out": {path: supported, log: "NOTE: Terraform 1.8.5"},
		"not supported":        {path: old, err: "TF_ACC_TERRAFORM_PATH: Terraform 1.5.7"},
		"not there":            {path: filepath.Join(dir, "d"), err: "TF_ACC_TERRAFORM_PATH"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(OverrideVar, tt.path)
			var log bytes.Buffer
			c, err := Finder{Log: &log}.Find(t.Context(), Complete)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %s, %v; want an error with %q", c.Path, err, tt.err)
				}
				return
			}
			if err != nil || c.Path != tt.path {
				t.Errorf("got %s, %v", c.Path, err)
			}
			if !strings.Contains(log.String(), tt.log) || (tt.log == "" && log.Len() > 0) {
				t.Errorf("log %q, want %q", &log, tt.log)
			}
		})
	}
}

func TestFindBuildsOnceAndAgainForAnotherVersion(t *testing.T) {
	t.Setenv(OverrideVar, "")
	path := t.TempDir()
	linkGo(t, path)
	t.Setenv("PATH", path)
	root := stubRoot(t)

	for _, tt := range []struct {
		name   string
		before func()
		builds bool
	}{
		{"nothing there", func() {}, true},
		{"kept", func() {}, false},
		{"another version", func() { script(t, root, ".bin/tofu", says("OpenTofu v1.99.8")) }, true},
		{"broken", func() { script(t, root, ".bin/tofu", "exit 1") }, true},
	} {
		tt.before()
		var log bytes.Buffer
		c, err := Finder{Root: root, Log: &log}.Find(t.Context(), Complete)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if c.Version.String() != "1.99.9" || c.Path != filepath.Join(root, ".bin", "tofu") {
			t.Errorf("%s: got %s", tt.name, c)
		}
		if built := strings.Contains(log.String(), "building"); built != tt.builds {
			t.Errorf("%s: built %t, want %t", tt.name, built, tt.builds)
		}
	}
}

func TestFindSaysWhatToDoWhereThereIsNothing(t *testing.T) {
	t.Setenv(OverrideVar, "")
	t.Setenv("PATH", t.TempDir())
	_, err := Finder{Root: t.TempDir(), Log: &bytes.Buffer{}}.Find(t.Context(), Complete)
	for _, want := range []string{"terraform >= 1.12.0 or tofu >= 1.12.0", "could not be built", OverrideVar} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// linkGo makes go, and only go, to be found in dir.
func linkGo(t *testing.T, dir string) {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	script(t, dir, "go", "exec '"+goTool+`' "$@"`)
}

// stubRoot returns a repository root whose tools module pins a small OpenTofu of version 1.99.9.
func stubRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module tools\ngo 1.26.0\n" +
			"require " + openTofu + " v1.99.9\nreplace " + openTofu + " => ./stub\n",
		"stub/go.mod":             "module " + openTofu + "\ngo 1.26.0\n",
		"stub/version/version.go": "package version\n\nvar dev = \"yes\"\n\nfunc Released() bool { return dev == \"no\" }\n",
		"stub/cmd/tofu/main.go": "package main\n\nimport \"" + openTofu + "/version\"\n\n" +
			"func main() {\n\tif version.Released() {\n\t\tprintln(\"OpenTofu v1.99.9\")\n\t}\n}\n",
	} {
		write(t, filepath.Join(root, "internal", "tools", name), content, 0o600)
	}
	if err := os.Mkdir(filepath.Join(root, ".bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}
