//go:build unix

// Package measure measures what the provider costs: whole runs of a real CLI against the fake API,
// beside ways of setting overrides without it.
package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
	"github.com/harnessci/terraform-provider-harnessci/internal/tools/stage"
)

// Lab is where measurements are made.
type Lab struct {
	CLI     cli.CLI
	Bin     string        // folder of the built provider, the fake and the bare provider
	Dir     string        // an empty folder to work in
	Latency time.Duration // of every answer of the fake
	Log     io.Writer     // told what is being measured
	Runs    int           // of which the median counts
	Quick   bool          // small sizes, to try the program out

	scenes int
}

// provider names a built provider.
type provider struct{ source, binary string }

var (
	ours = provider{"harnessci/harnessci", "terraform-provider-harnessci"}
	// bare has one resource that does nothing: what any provider on the same framework costs.
	bare = provider{"harnessci/bare", "terraform-provider-bare"}
)

// scene is one fake with a fresh store, and a workspace that talks to it.
type scene struct {
	*stage.Workspace
	fake  *stage.Fake
	usage string // file that the launcher writes to
}

// setting is how a scene differs from the usual one.
type setting struct {
	latency  time.Duration
	flags    []string // of the fake
	launched bool     // run the provider through the launcher, which notes what it uses
}

// play makes a scene, runs the measurement in it and takes it down, whatever happens.
func (l *Lab) play(ctx context.Context, s setting, run func(*scene) error) (err error) {
	l.scenes++
	name := filepath.Join(l.Dir, fmt.Sprintf("scene-%d", l.scenes))
	flags := append([]string{"-latency", s.latency.String()}, s.flags...)
	fake, err := stage.StartFake(ctx, filepath.Join(l.Bin, "fakeharness"), name+".log", flags...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fake.Stop()) }()

	// Lock files go below the cache folder; nothing is to be left in the user's own.
	env := []string{"XDG_CACHE_HOME=" + l.Dir}
	bin := l.Bin
	if s.launched {
		if bin, err = l.launchers(); err != nil {
			return err
		}
		env = append(env, launchVar+"="+l.Bin, usageVar+"="+name+".usage")
	}
	providers := map[string]string{ours.source: bin, bare.source: bin}
	w, err := stage.NewWorkspace(l.CLI, name, fake, providers, env...)
	if err != nil {
		return err
	}
	return run(&scene{Workspace: w, fake: fake, usage: name + ".usage"})
}

// configure makes the configuration that asks for the overrides in the given way.
func (s *scene) configure(w way, wanted overrides) error {
	return s.Write("main.tf", []byte(w.config(wanted, s.account)))
}

// launchers returns a folder in which this program stands in for each provider.
func (l *Lab) launchers() (string, error) {
	dir := filepath.Join(l.Dir, "launchers")
	self, err := os.Executable()
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	for _, p := range []provider{ours, bare} {
		link := filepath.Join(dir, p.binary)
		if _, missing := os.Lstat(link); err == nil && missing != nil {
			err = os.Symlink(self, link)
		}
	}
	if err != nil {
		return "", fmt.Errorf("making the launchers: %w", err)
	}
	return dir, nil
}

// apply applies the configuration, with further arguments.
func (s *scene) apply(ctx context.Context, args ...string) (stage.Result, error) {
	return s.Run(ctx, append([]string{"apply", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

// plan plans and expects changes (exit code 2) or none (0).
func (s *scene) plan(ctx context.Context, exit int) (stage.Result, error) {
	r, err := s.Run(ctx, "plan", "-input=false", "-no-color", "-detailed-exitcode")
	if err == nil && r.Exit != exit {
		err = fmt.Errorf("the plan exits with %d, want %d:\n%s", r.Exit, exit, r.Output)
	}
	return r, err
}

// account returns the identifier of the fake's nth further account; of its own one for 0.
func (s *scene) account(n int) string {
	own := s.fake.Env["HARNESS_ACCOUNT_ID"]
	if n == 0 {
		return own
	}
	return fmt.Sprintf("%s-%d", own, n)
}

// say tells what is being measured.
func (l *Lab) say(format string, args ...any) { fmt.Fprintf(l.Log, "bench: "+format+"\n", args...) }
