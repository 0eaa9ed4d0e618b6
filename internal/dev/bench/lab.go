package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// lab makes the measurements.
type lab struct {
	*script.T
	latency  time.Duration // of every answer of the fake
	runs     int           // of which the median counts
	quick    bool          // small sizes, to try the program out
	official string        // path of the official provider; "" for none
}

// machine describes what the figures were taken on.
type machine struct {
	CPU, OS, Go, CLI, Date string
	Cores, Runs            int
	Latency                time.Duration
}

func (l *lab) machine() machine {
	version, _, _ := strings.Cut(clitest.New(l, "", nil).Must("version"), "\n")
	return machine{
		CPU:   found("/proc/cpuinfo", `model name\s*: (.+)`, runtime.GOARCH),
		OS:    found("/etc/os-release", `PRETTY_NAME="?([^"\n]+)`, runtime.GOOS) + ", " + runtime.GOARCH,
		Go:    runtime.Version(),
		CLI:   strings.Replace(version, " v", " ", 1),
		Date:  time.Now().UTC().Format(time.DateOnly),
		Cores: runtime.NumCPU(), Runs: l.runs, Latency: l.latency,
	}
}

// found returns what a pattern's group matches in a file, if the file is there.
func found(file, pattern, otherwise string) string {
	content, _ := os.ReadFile(file) //nolint:gosec // one of the two above
	if match := regexp.MustCompile(pattern).FindSubmatch(content); match != nil {
		return string(match[1])
	}
	return otherwise
}

// way is how a configuration sets overrides: the resource's type.
type way string

const (
	single   way = "harnessci_image_override"
	set      way = "harnessci_image_overrides"
	official way = "harness_platform_default_images"
	idle     way = "bare_thing" // of the bare provider, which does nothing
)

// ways are the source and the executable of the provider that has the resource, and the resource's body for an
// infra and a map of images.
var ways = map[way]struct{ source, binary, body string }{
	single:   {"harnessci/harnessci", "terraform-provider-harnessci", "  for_each = %[2]s\n  infra = %[1]q\n  field = each.key\n  value = each.value\n"},
	set:      {"harnessci/harnessci", "terraform-provider-harnessci", "  infra  = %[1]q\n  images = %[2]s\n"},
	official: {"harness/harness", "terraform-provider-harness", "  for_each = %[2]s\n  kind = \"ci\"\n  infra_type = %[1]q\n  field = each.key\n  value = each.value\n"},
	idle:     {"harnessci/bare", "terraform-provider-bare", "  for_each = %[2]s\n  field = each.key\n  value = each.value\n"},
}

// wanted are images of one account and infra: field -> image.
type wanted struct {
	account string // "" for the provider's own
	infra   string
	images  map[string]string
}

// config returns a configuration that sets them in one way.
func (w way) config(groups ...wanted) string {
	name, _, _ := strings.Cut(string(w), "_")
	var out strings.Builder
	fmt.Fprintf(&out, "terraform {\n  required_providers {\n    %s = { source = %q }\n  }\n}\n", name, ways[w].source)
	for _, g := range groups {
		label, alias := strings.ToLower(g.infra), ""
		if g.account != "" {
			label = g.account
			fmt.Fprintf(&out, "provider %q {\n  alias      = %q\n  account_id = %q\n}\n", name, label, g.account)
			alias = fmt.Sprintf("  provider = %s.%s\n", name, label)
		}
		var images strings.Builder
		images.WriteString("{\n")
		for _, field := range slices.Sorted(maps.Keys(g.images)) {
			fmt.Fprintf(&images, "    %s = %q\n", field, g.images[field])
		}
		body := fmt.Sprintf(ways[w].body, g.infra, images.String()+"  }")
		fmt.Fprintf(&out, "resource %q %q {\n%s%s}\n", w, label, alias, body)
	}
	return out.String()
}

// scene is one fake with a fresh store, and a folder whose CLI talks to it.
type scene struct {
	*script.T
	fake *fakeharness.Server
	dir  *clitest.Dir
}

// play makes a scene, runs the measurement in it and takes it down.
func (l *lab) play(opts fakeharness.Options, run func(*scene)) {
	l.Scope(func(t *script.T) { run(&scene{T: t, fake: fakeharness.Start(t, opts)}) })
}

// configure creates the folder.
func (s *scene) configure(l *lab, w way, groups ...wanted) {
	s.dir = clitest.New(s, w.config(groups...), s.fake.Env())
	s.dir.Timeout = time.Hour
	// Lock files go below the cache folder; nothing must be left in the user's own.
	s.dir.Setenv("XDG_CACHE_HOME", s.TempDir())
	from := l.official
	if w != official {
		from = binary(w)
	}
	absolute, err := filepath.Abs(from)
	s.Check(err)
	folder := s.TempDir()
	s.Check(os.Symlink(absolute, filepath.Join(folder, ways[w].binary)))
	s.dir.Override(ways[w].source, folder)
}

// binary returns the path of the built provider.
func binary(w way) string {
	return filepath.Join(os.Getenv("HARNESSCI_TEST_PROVIDER_DIR"), ways[w].binary)
}

// run runs the CLI, which must succeed, and counts only its requests.
func (s *scene) run(args ...string) clitest.Result {
	s.fake.ResetLog()
	r := s.dir.Run(args...)
	if r.Code != 0 {
		s.Fatalf("%s exits with %d:\n%s", args[0], r.Code, r.Output)
	}
	return r
}

// stored returns how many of the images the server has.
func (s *scene) stored(groups ...wanted) (n int) {
	for _, g := range groups {
		held := s.fake.Overrides("ci/" + g.infra)
		if g.account != "" {
			held = s.fake.OverridesOf(g.account, "ci/"+g.infra)
		}
		for field, image := range g.images {
			if held[field] == image {
				n++
			}
		}
	}
	return n
}

// count returns the number of overrides.
func count(groups ...wanted) (n int) {
	for _, g := range groups {
		n += len(g.images)
	}
	return n
}

// mirror is a registry that receives no request.
const mirror = "registry.example.com/"

// mirrored returns the first n defaults of an infra, served from a mirror.
func (s *scene) mirrored(infra string, n int) wanted {
	images := map[string]string{}
	defaults := s.fake.Defaults("ci/" + infra)
	if infra == "VM" {
		delete(defaults, "slsaVerificationTag") // Harness lists it but refuses to set it
	}
	for _, field := range slices.Sorted(maps.Keys(defaults))[:min(n, len(defaults))] {
		images[field] = mirror + defaults[field]
	}
	return wanted{infra: infra, images: images}
}

// extra adds fields to the fake, and returns overrides of them in each of so many accounts.
func (s *scene) extra(fields, accounts int) []wanted {
	images := map[string]string{}
	for i := range fields {
		field := fmt.Sprintf("extra%dTag", i+1)
		s.fake.SetDefault("ci/K8", field, fmt.Sprintf("plugins/extra%d:1.0.0", i+1))
		images[field] = fmt.Sprintf("%splugins/extra%d:1.0.1", mirror, i+1)
	}
	if accounts == 1 {
		return []wanted{{"", "K8", images}}
	}
	var out []wanted
	for i := range accounts {
		account := fmt.Sprintf("account-%d", i+1)
		s.fake.AddAccount(account)
		out = append(out, wanted{account, "K8", images})
	}
	return out
}

// say reports what is being measured.
func (l *lab) say(format string, args ...any) {
	l.Helper()
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
