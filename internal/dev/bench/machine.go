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

// machine is what the figures were taken on, as a reader wants to know it.
type machine struct {
	CPU     string
	Cores   int
	OS      string
	Go      string
	CLI     string
	Latency time.Duration
	Runs    int
	Date    string
	Load    float64 // how many processes wanted a core, before it began
}

// Busy reports that other work ran meanwhile.
func (m machine) Busy() bool { return m.Load > float64(m.Cores) }

// load returns the load average of the last minute; 0 where the system does not say.
func load() float64 {
	content, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(content), " ")
	average, _ := strconv.ParseFloat(first, 64) // 0 for what is no number
	return average
}

func (l *lab) machine() machine {
	version, _, _ := strings.Cut(clitest.New(l, "", nil).Must("version"), "\n")
	return machine{
		CPU: cpuModel(l.Context()), Cores: runtime.NumCPU(), OS: osName() + ", " + runtime.GOARCH,
		Go: runtime.Version(), CLI: strings.Replace(version, " v", " ", 1),
		Latency: l.latency, Runs: l.runs, Date: time.Now().UTC().Format(time.DateOnly), Load: load(),
	}
}

// cpuModel returns what the kernel calls the processor.
func cpuModel(ctx context.Context) string {
	if name := value("/proc/cpuinfo", "model name", ":"); name != "" {
		return name
	}
	if out, err := exec.CommandContext(ctx, "sysctl", "-n", "machdep.cpu.brand_string").Output(); err == nil {
		return strings.TrimSpace(string(out))
	}
	return runtime.GOARCH
}

// osName returns the operating system, with its version where it says so.
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
