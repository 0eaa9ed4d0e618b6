//go:build unix

package copybench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

const (
	// atATime is how many images each tool copies at a time.
	atATime = 4

	// Ours is the name of the provider's client among the tools.
	Ours = "harnessci_image_copy"

	// What a child of this program is for: pairs to copy, or a registry to fill.
	copyVar = "HARNESSCI_COPYBENCH_COPY"
	fillVar = "HARNESSCI_COPYBENCH_FILL"
)

// tool is a way to copy. All copies are made by one process where args is nil.
type tool struct {
	name, program string
	args          func(source, destination string) []string
}

// Child does what this program was started for by itself, and returns the exit code. A program that calls
// Measure calls it first: so the client is measured in a process of its own, like the other tools, and none
// inherits the memory that the images took to make.
func Child() (exit int, started bool) {
	var err error
	if pairs := os.Getenv(copyVar); pairs != "" {
		err = copyAll(pairs)
	} else if address := os.Getenv(fillVar); address != "" {
		err = fill(address)
	} else {
		return 0, false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

// copyAll copies pairs of source and destination as the provider does.
func copyAll(pairs string) error {
	c := registry.New(registry.Config{MaxRetries: 3, UserAgent: "copybench"})
	defer c.Close()
	var g errgroup.Group
	g.SetLimit(atATime)
	for pair := range strings.FieldsSeq(pairs) {
		source, destination, _ := strings.Cut(pair, "=")
		g.Go(func() error {
			d, err := c.Head(context.Background(), source) // as a plan does
			if err == nil {
				_, err = c.Copy(context.Background(), source, destination, registry.CopyOptions{Digest: d.Digest})
			}
			return err
		})
	}
	return g.Wait()
}

// tools are those that there are; the results get a place for each.
func (l *lab) tools(ctx context.Context, r *Results) ([]tool, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	found := []tool{{name: Ours, program: self}}
	r.Tools = []Tool{{Name: Ours, Version: "this revision"}}
	for _, t := range []tool{
		{name: "crane copy", program: "crane", args: func(s, d string) []string { return []string{"copy", "--insecure", s, d} }},
		{name: "regctl image copy", program: "regctl", args: func(s, d string) []string {
			args := []string{"image", "copy"}
			for _, host := range []string{s, d} {
				host, _, _ = strings.Cut(host, "/")
				args = append(args, "--host", "reg="+host+",tls=disabled")
			}
			return append(args, s, d)
		}},
		{name: "skopeo copy --all", program: "skopeo", args: func(s, d string) []string {
			return []string{"copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://" + s, "docker://" + d}
		}},
	} {
		path, err := exec.LookPath(cmp.Or(l.Paths[t.program], t.program))
		if err != nil {
			r.Missing = append(r.Missing, t.name)
			continue
		}
		ask := "version"
		if t.program == "skopeo" {
			ask = "--version"
		}
		version, err := exec.CommandContext(ctx, path, ask).Output() //nolint:gosec // a tool of the caller's choice
		if err != nil {
			return nil, err
		}
		t.program = path
		found = append(found, t)
		r.Tools = append(r.Tools, Tool{Name: t.name, Version: short(string(version))})
	}
	return found, nil
}

// short returns the version in what a tool prints of itself.
func short(s string) string {
	for line := range strings.Lines(s) {
		if tag, ok := strings.CutPrefix(line, "VCSTag:"); ok {
			return strings.TrimSpace(tag)
		}
	}
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return ""
	}
	return fields[len(fields)-1]
}

// run copies all images from one registry to another.
func (l *lab) run(ctx context.Context, t tool, source, destination string) (Run, error) {
	start := time.Now()
	var r Run
	var err error
	if t.args == nil {
		var pairs []string
		for _, i := range l.images {
			pairs = append(pairs, source+"/"+i.Name+"="+destination+"/"+i.Name)
		}
		cmd := exec.CommandContext(ctx, t.program) //nolint:gosec // this program
		cmd.Env = append(os.Environ(), copyVar+"="+strings.Join(pairs, " "))
		r, err = used(cmd)
	} else {
		r, err = l.runEach(ctx, t, source, destination)
	}
	r.Wall = time.Since(start)
	return r, err
}

// runEach runs a tool for each image.
func (l *lab) runEach(ctx context.Context, t tool, source, destination string) (total Run, err error) {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atATime)
	for _, i := range l.images {
		g.Go(func() error {
			cmd := exec.CommandContext(ctx, t.program, t.args(source+"/"+i.Name, destination+"/"+i.Name)...) //nolint:gosec // a tool of the caller's choice
			r, err := used(cmd)
			mu.Lock()
			defer mu.Unlock()
			total.CPU += r.CPU
			total.Peak = max(total.Peak, r.Peak)
			return err
		})
	}
	err = g.Wait()
	return total, err
}

// used runs a command and returns what it used.
func used(cmd *exec.Cmd) (Run, error) {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return Run{}, fmt.Errorf("%w: %s", err, output.Bytes())
	}
	r := Run{CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.Peak = usage.Maxrss
		if runtime.GOOS != "darwin" {
			r.Peak <<= 10 // in KiB there
		}
	}
	return r, nil
}
