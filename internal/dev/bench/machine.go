//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
)

// machine describes what the figures were taken on.
type machine struct {
	CPU     string
	Cores   int
	OS      string
	Go      string
	CLI     string
	Latency time.Duration
	Runs    int
	Date    string
}

// busyLook is how long the machine is watched before a measurement.
const busyLook = time.Second

// busy returns the share of the processors' time, in percent, that others take now; 0 if the system does
// not say.
func busy(ctx context.Context) int {
	before, idleBefore := processors()
	look := time.NewTimer(busyLook)
	defer look.Stop()
	select {
	case <-look.C:
	case <-ctx.Done():
	}
	after, idleAfter := processors()
	all := after - before
	if all <= 0 {
		return 0
	}
	return int(100 * (all - (idleAfter - idleBefore)) / all)
}

// processors returns how many ticks the processors have counted, and how many of them were idle.
func processors() (all, idle int64) {
	content, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(content), "\n")
	for i, field := range strings.Fields(first) {
		n, _ := strconv.ParseInt(field, 10, 64) // 0 for the name of the line
		all += n
		if i == idleField || i == idleField+1 { // idle, and idle while waiting for a disk
			idle += n
		}
	}
	return all, idle
}

// idleField is the place of the idle time in a line of /proc/stat.
const idleField = 4

func (l *lab) machine() machine {
	version, _, _ := strings.Cut(clitest.New(l, "", nil).Must("version"), "\n")
	return machine{
		CPU: cpuModel(l.Context()), Cores: runtime.NumCPU(), OS: osName() + ", " + runtime.GOARCH,
		Go: runtime.Version(), CLI: strings.Replace(version, " v", " ", 1),
		Latency: l.latency, Runs: l.runs, Date: time.Now().UTC().Format(time.DateOnly),
	}
}

// cpuModel returns the kernel's name of the processor.
func cpuModel(ctx context.Context) string {
	if name := value("/proc/cpuinfo", "model name", ":"); name != "" {
		return name
	}
	if out, err := exec.CommandContext(ctx, "sysctl", "-n", "machdep.cpu.brand_string").Output(); err == nil {
		return strings.TrimSpace(string(out))
	}
	return runtime.GOARCH
}

// osName returns the operating system, with its version if known.
func osName() string {
	if name := value("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		return strings.Trim(name, `"`)
	}
	return runtime.GOOS
}

// value returns the first value of a name in a file of lines; "" for none.
func value(file, name, separator string) string {
	content, _ := os.ReadFile(file) //nolint:gosec // one of the two above
	for line := range strings.Lines(string(content)) {
		if key, value, _ := strings.Cut(line, separator); strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
