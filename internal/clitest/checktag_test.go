//go:build unix

package clitest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A release starts only from a tag that one of main's allowed signers has signed.
func TestWhichTagsMayBeReleased(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"git", "ssh-keygen"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not on PATH")
		}
	}
	check, err := filepath.Abs("../../.github/check-tag.sh")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...) //nolint:gosec // git, ssh-keygen and the script
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) {
		t.Helper()
		if out, err := run(args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	for _, key := range []string{"allowed", "another"} {
		must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(root, key))
	}
	public, err := os.ReadFile(filepath.Join(root, "allowed.pub")) //nolint:gosec // in the test's own folder
	if err != nil {
		t.Fatal(err)
	}
	must("git", "init", "--quiet", "--initial-branch=main")
	write(t, filepath.Join(root, ".github/allowed_signers"), "# who may\na@example.com namespaces=\"git\" "+string(public))
	must("git", "add", ".github")
	must("git", "commit", "--quiet", "-m", "main")
	must("git", "remote", "add", "origin", root)
	sign := func(key, tag string) {
		must("git", "-c", "gpg.format=ssh", "-c", "user.signingKey="+filepath.Join(root, key), "tag", "-s", "-m", tag, tag)
	}
	sign("allowed", "v1.0.0")
	sign("another", "v1.0.1")
	must("git", "tag", "-a", "-m", "unsigned", "v1.0.2")
	must("git", "tag", "v1.0.3")
	must("git", "checkout", "--quiet", "-b", "aside")
	write(t, filepath.Join(root, ".github/allowed_signers"), "nobody")
	must("git", "commit", "--quiet", "-a", "-m", "aside")
	sign("allowed", "v1.0.4")
	for tag, want := range map[string]string{
		"v1.0.0": "", "v1.0.1": "is not signed by one of", "v1.0.2": "is not signed by one of", "v1.0.3": "is not an annotated tag", "v1.0.4": "is not on main",
	} {
		if out, err := run(check, tag); (err == nil) != (want == "") || !strings.Contains(out, want) {
			t.Errorf("%s: %v, want %q:\n%s", tag, err, want, out)
		}
	}
}
