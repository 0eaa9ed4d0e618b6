package main

import (
	"embed"
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/byhand"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

//go:embed config/*.tf
var configFiles embed.FS

// latency is what makes parallel writes overlap, as they do on the real server.
const latency = 100 * time.Millisecond

// stage is the fake and the folder in which the CLI runs against it, on the screen.
type stage struct {
	*script.T
	out  *screen
	fake *fakeharness.Server
	dir  *clitest.Dir
	cli  string // the command's name
	cost []string
}

// newStage sets the stage and returns the CLI's name and version, too.
func newStage(t *script.T, out *screen) (s *stage, version string) {
	fake := fakeharness.Start(t, fakeharness.Options{Latency: latency})
	main, err := configFiles.ReadFile("config/main.tf")
	t.Check(err)
	s = &stage{T: t, out: out, fake: fake, dir: clitest.New(t, string(main), fake.Env())}
	version, _, _ = strings.Cut(s.dir.Must("version"), "\n")
	s.cli = "terraform"
	if strings.HasPrefix(version, "OpenTofu") {
		s.cli = "tofu"
	}
	return s, version
}

// add adds a file to the configuration, and shows it.
func (s *stage) add(name string) {
	content, err := configFiles.ReadFile("config/" + name)
	s.Check(err)
	s.dir.Write(name, string(content))
	s.out.file("# " + name + "\n" + string(content))
}

// result is what a run of the CLI came to.
type result struct {
	clitest.Result
	reads, writes int // of overrides
}

// run runs the CLI and shows the command and what matters of its output.
func (s *stage) run(command string) result {
	args := strings.Fields(command)
	s.out.command(s.cli, command)
	s.fake.ResetLog()
	r := result{Result: s.dir.Run(args...)}
	r.writes = s.fake.Count("writes")
	r.reads = s.fake.Count("") - r.writes
	s.cost = append(s.cost, strings.Join([]string{pad(args[0], 12), pad(strconv.Itoa(r.reads), 6), strconv.Itoa(r.writes)}, " "))
	// The plan within an apply was shown when it was planned.
	if lines := condense(r.Output); args[0] == "plan" {
		s.out.excerpt(lines)
	} else {
		s.out.all(lines[max(0, len(lines)-1):])
	}
	return r
}

func pad(text string, width int) string { return text + strings.Repeat(" ", max(0, width-len(text))) }

// apply applies, or destroys, and fails where the CLI does.
func (s *stage) apply(command string) result {
	r := s.run(command + " -auto-approve")
	if r.Code != 0 {
		s.Fatalf("%s fails:\n%s", command, r.Output)
	}
	return r
}

// plan plans, writes nothing, and finds what is expected.
func (s *stage) plan(want changes) result {
	r := s.run("plan -detailed-exitcode")
	code := 2
	if want == (changes{}) {
		code = 0
	}
	if r.Code != code || planned(r.Output) != want || r.writes > 0 {
		s.Fatalf("want a plan of %+v, got exit code %d, %d writes and:\n%s", want, r.Code, r.writes, r.Output)
	}
	return r
}

// holdsAsInState fails unless the server holds the overrides of the state, and returns how many.
func (s *stage) holdsAsInState() int {
	var state byhand.Images
	s.Check(json.Unmarshal([]byte(s.dir.Must("output", "-json", "overrides")), &state))
	for scope, images := range state {
		if held := s.fake.Overrides(scope); !maps.Equal(held, images) {
			s.Fatalf("%s: the state says %v, the server holds %v", scope, images, held)
		}
	}
	return state.Count()
}

// matters are the lines of a CLI's output that the demo shows.
var matters = regexp.MustCompile(`^(# harnessci_.*|~ value .* -> .*|- "\w+" .* -> null|(Plan|No changes|Apply complete|Destroy complete)[:.!].*)$`)

// condense returns the lines that matter, without their indentation.
func condense(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); matters.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// changes is a number of resources to create, update and destroy.
type changes struct{ add, change, destroy int }

var summary = regexp.MustCompile(`(?m)^Plan: .*?(\d+) to add, (\d+) to change, (\d+) to destroy`)

// planned returns what a plan's summary says.
func planned(output string) changes {
	m := summary.FindStringSubmatch(output)
	if m == nil {
		return changes{}
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // the pattern has digits alone
	return changes{number(m[1]), number(m[2]), number(m[3])}
}
