//go:build unix

package copybench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
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

	// What a child of this program does: copy pairs, fill a registry, or run commands.
	copyVar = "HARNESSCI_COPYBENCH_COPY"
	fillVar = "HARNESSCI_COPYBENCH_FILL"
	runVar  = "HARNESSCI_COPYBENCH_RUN"
)

// tool is a way to copy. If args is nil, one process makes all copies.
type tool struct {
	name, program string
	args          func(source, destination string) []string
}

// Child does what this program has started itself for, and returns the exit code. A program that calls
// Measure calls it first: so the client is measured in its own process, like the other tools, and none
// inherits the peak memory of the process that started it, as the kernel would have it.
func Child() (exit int, started bool) {
	var err error
	if commands := os.Getenv(runVar); commands != "" {
		err = runAll(commands)
	} else if pairs := os.Getenv(copyVar); pairs != "" {
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

// tools are the available ones; the results get a place for each.
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

// short returns the version in what a tool prints about itself.
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
func (l *lab) run(ctx context.Context, t tool, source, destination string) (r Run, err error) {
	var commands []command
	var pairs []string
	for _, i := range l.images {
		from, to := source+"/"+i.Name, destination+"/"+i.Name
		pairs = append(pairs, from+"="+to)
		if t.args != nil {
			commands = append(commands, command{Args: append([]string{t.program}, t.args(from, to)...)})
		}
	}
	if t.args == nil {
		commands = []command{{Args: []string{t.program}, Env: copyVar + "=" + strings.Join(pairs, " ")}}
	}
	content, err := json.Marshal(commands)
	if err != nil {
		return r, err
	}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	err = inChild(ctx, self, runVar, string(content), &r)
	return r, err
}

// command is one to run, with one more variable.
type command struct {
	Args []string
	Env  string
}

// inChild starts this program as a child, and reads what it prints.
func inChild(ctx context.Context, self, variable, value string, into any) error {
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), variable+"="+value)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, into)
}

// runAll runs commands, a few at a time, and prints what they took.
func runAll(content string) error {
	var commands []command
	if err := json.Unmarshal([]byte(content), &commands); err != nil {
		return err
	}
	start := time.Now()
	var total Run
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atATime)
	for _, c := range commands {
		g.Go(func() error {
			r, err := c.run()
			mu.Lock()
			defer mu.Unlock()
			total.CPU += r.CPU
			total.Peak = max(total.Peak, r.Peak)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	total.Wall = time.Since(start)
	return json.NewEncoder(os.Stdout).Encode(total)
}

// run runs a command and returns what it used.
func (c command) run() (r Run, err error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(context.Background(), c.Args[0], c.Args[1:]...) //nolint:gosec // a tool of the caller's choice
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, runVar+"=") })
	if c.Env != "" {
		cmd.Env = append(cmd.Env, c.Env)
	}
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("%w: %s", err, output.Bytes())
	}
	r.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.Peak = int64(usage.Maxrss) //nolint:unconvert // 32 bits on some platforms
		if runtime.GOOS != "darwin" {
			r.Peak <<= 10 // in KiB there
		}
	}
	return r, nil
}
