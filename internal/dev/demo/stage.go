package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

//go:embed config/*.tf
var configFiles embed.FS

// latency is what makes parallel writes overlap, as they do on the real server.
const latency = 100 * time.Millisecond

// stage is the fakes and the folder in which the CLI runs against them, on the screen.
type stage struct {
	*script.T
	out     *screen
	fake    *fakeharness.Server
	hub     *fakeregistry.Server // stands in for Docker Hub
	private *fakeregistry.Server
	dir     *clitest.Dir
	cli     string // the command's name
}

// password is that of the private registry.
const password = "a-password"

// newStage sets the stage and returns the CLI's name and version, too.
func newStage(t *script.T, out *screen) (s *stage, version string) {
	fake := fakeharness.Start(t, fakeharness.Options{Latency: latency})
	fake.AddSecret("account.registry_password")
	s = &stage{
		T: t, out: out, fake: fake,
		hub:     fakeregistry.Start(t, fakeregistry.Options{}),
		private: fakeregistry.Start(t, fakeregistry.Options{Username: "robot", Password: password, Token: true}),
	}
	for i, image := range s.images() {
		s.hub.Push(image, fakeregistry.Multi(uint64(i), "linux/amd64", "linux/arm64"))
	}
	fake.SetConnector(fakeharness.ConnectorBody(s.hub.URL(), "")) // where builds pull from today
	main, err := configFiles.ReadFile("config/main.tf")
	t.Check(err)
	s.dir = clitest.New(t, string(main), fake.Env())
	s.dir.Setenv("TF_VAR_hub", s.hub.Host())
	s.dir.Setenv("TF_VAR_registry", s.private.Host())
	s.dir.Setenv("TF_VAR_password", password)
	s.dir.Setenv("HARNESSCI_VERIFY_IMAGES", "when_reachable")
	s.dir.Setenv("DOCKER_CONFIG", t.TempDir()) // none of the user's logins
	version, _, _ = strings.Cut(s.dir.Must("version"), "\n")
	s.cli = "terraform"
	if strings.HasPrefix(version, "OpenTofu") {
		s.cli = "tofu"
	}
	return s, version
}

// images returns the default images of K8.
func (s *stage) images() []string {
	return slices.Compact(slices.Sorted(maps.Values(s.fake.Defaults("ci/K8"))))
}

// add adds a file to the configuration, and shows it.
func (s *stage) add(name string) {
	content, err := configFiles.ReadFile("config/" + name)
	s.Check(err)
	s.dir.Write(name, string(content))
	s.out.file("# " + name + "\n" + string(content))
}

// result is the outcome of a run of the CLI.
type result struct {
	clitest.Result
	writes int // of overrides
}

// run runs the CLI and shows the command and what matters of its output.
func (s *stage) run(command string) result {
	args := strings.Fields(command)
	s.out.command(s.cli, command)
	s.fake.ResetLog()
	waiting := time.AfterFunc(8*time.Second, func() { fmt.Fprintln(os.Stderr, "     … still running") })
	r := result{Result: s.dir.Run(args...)}
	waiting.Stop()
	r.writes = s.fake.Count("writes")
	lines := condense(r.Output)
	if args[0] != "plan" { // the plan in an apply has been shown already
		lines = slices.DeleteFunc(lines, func(line string) bool { return !end.MatchString(line) || strings.HasPrefix(line, "Plan") })
	}
	s.out.excerpt(lines)
	return r
}

// apply applies, or destroys, and fails if the CLI does.
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

// output reads an output of the configuration.
func (s *stage) output(name string) map[string]string {
	values := map[string]string{}
	s.Check(json.Unmarshal([]byte(s.dir.Must("output", "-json", name)), &values))
	return values
}

// What the demo shows of a CLI's output: what happens to a resource, values worth a look, and how it ended.
var (
	action = regexp.MustCompile(`^# (harnessci_\S+) (?:will|must) be (created|updated in-place|destroyed|replaced)`)
	value  = regexp.MustCompile(`^([+~] digest +=.*|~ value +=.* -> .*)$`)
	end    = regexp.MustCompile(`^(Error: .*|(Plan|No changes|Apply complete|Destroy complete)[:.!].*)$`)
	digest = regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}`)
)

// signs are what a CLI puts before a resource.
var signs = map[string]string{"created": "+", "updated in-place": "~", "destroyed": "-", "replaced": "-/+"}

// condense returns the lines that matter, without their indentation.
func condense(output string) []string {
	var lines []string
	for text := range strings.Lines(output) {
		text = strings.TrimSpace(text)
		switch m := action.FindStringSubmatch(text); {
		case m != nil:
			lines = append(lines, signs[m[2]]+" "+m[1])
		case value.MatchString(text):
			lines = append(lines, "    "+digest.ReplaceAllString(text, "$1…"))
		case end.MatchString(text):
			lines = append(lines, text)
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
