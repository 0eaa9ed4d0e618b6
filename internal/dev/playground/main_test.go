//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// TestAccWhatThePlaygroundPrintsWorks pastes all that it prints into a shell.
func TestAccWhatThePlaygroundPrintsWorks(t *testing.T) {
	t.Parallel()
	var printed strings.Builder
	if err := open(t, fakeharness.Options{Latency: latency, APIKey: "pat.playground"}, &printed); err != nil {
		t.Fatal(err)
	}
	parts := []string{""} // what to paste first, and the five
	for line := range strings.Lines(printed.String()) {
		if strings.HasPrefix(line, " ") && len(line) > 3 && line[2] == '.' {
			parts = append(parts, "")
		}
		if command, ok := strings.CutPrefix(line, "        "); ok {
			parts[len(parts)-1] += command
		}
	}
	if len(parts) != 6 {
		t.Fatalf("%d things to try:\n%s", len(parts)-1, &printed)
	}
	for i, want := range [][]string{
		{"Plan: 6 to add, 0 to change, 0 to destroy.", "Apply complete! Resources: 6 added", `"addonTag":"127.0.0.1:`},
		{`"harness/ci-addon:1.0.0" ->`, "Plan: 0 to add, 1 to change, 0 to destroy."},
		{"Apply complete! Resources: 0 added, 1 changed"},
		{`+ "linux/arm64"`, "Plan: 0 to add, 1 to change, 0 to destroy.", "Apply complete! Resources: 0 added, 1 changed"},
		{"Harness answers 503 for 4s", "No changes."},
	} {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", "shopt -s expand_aliases\n"+parts[0]+parts[i+1])
		cmd.Env = append(os.Environ(), "TF_IN_AUTOMATION=1", "XDG_CACHE_HOME="+t.TempDir(), "DOCKER_CONFIG="+t.TempDir(), "TF_CLI_ARGS=-no-color")
		out, err := cmd.CombinedOutput()
		for _, part := range want {
			if !strings.Contains(string(out), part) {
				t.Errorf("number %d does not show %q, error %v:\n%s", i+1, part, err, out)
			}
		}
	}
}
