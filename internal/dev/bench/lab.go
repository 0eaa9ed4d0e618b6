//go:build unix

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
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
	latency time.Duration // of every answer of the fake
	runs    int           // of which the median counts
	quick   bool          // small sizes, to try the program out
	vendor  string        // path of the vendor's provider; "" for none
}

// way is how a configuration sets overrides: the resource's type.
type way string

const (
	single way = "harnessci_image_override"
	set    way = "harnessci_image_overrides"
	vendor way = "harness_platform_default_images"
	// idle is a resource of the bare provider, which does nothing.
	idle way = "bare_thing"
	// builtIn is the CLI's own, to measure the CLI by itself.
	builtIn way = "terraform_data"
)

// provider returns the source and the executable of the provider that has the resource.
func (w way) provider() (source, binary string) {
	switch w {
	case single, set:
		return "harnessci/harnessci", "terraform-provider-harnessci"
	case vendor:
		return "harness/harness", "terraform-provider-harness"
	case idle:
		return "harnessci/bare", "terraform-provider-bare"
	case builtIn:
	}
	return "", ""
}

// body is the resource's, for images of one infra.
func (w way) body(infra string, images map[string]string) string {
	var out strings.Builder
	out.WriteString("{\n")
	for _, field := range slices.Sorted(maps.Keys(images)) {
		fmt.Fprintf(&out, "    %s = %q\n", field, images[field])
	}
	each := "  for_each = " + out.String() + "  }\n"
	switch w {
	case set:
		return fmt.Sprintf("  infra  = %q\n  images = %s  }\n", infra, &out)
	case builtIn:
		return each + "  input = each.value\n"
	case idle:
		return each + "  field = each.key\n  value = each.value\n"
	case vendor:
		return each + fmt.Sprintf("  kind = \"ci\"\n  infra_type = %q\n  field = each.key\n  value = each.value\n", infra)
	default:
		return each + fmt.Sprintf("  infra = %q\n  field = each.key\n  value = each.value\n", infra)
	}
}

// wanted are images of one account and infra: field -> image.
type wanted struct {
	account string // "" for the provider's own
	infra   string
	images  map[string]string
}

// config returns a configuration that sets them in one way.
func (w way) config(groups ...wanted) string {
	source, _ := w.provider()
	name, _, _ := strings.Cut(string(w), "_")
	var out strings.Builder
	out.WriteString("terraform {\n  required_providers {\n")
	if source != "" {
		fmt.Fprintf(&out, "    %s = { source = %q }\n", name, source)
	}
	out.WriteString("  }\n}\n")
	for _, g := range groups {
		label, alias := strings.ToLower(g.infra), ""
		if g.account != "" {
			label = g.account
			fmt.Fprintf(&out, "provider %q {\n  alias      = %q\n  account_id = %q\n}\n", name, label, g.account)
			alias = fmt.Sprintf("  provider = %s.%s\n", name, label)
		}
		fmt.Fprintf(&out, "resource %q %q {\n%s%s}\n", w, label, alias, w.body(g.infra, g.images))
	}
	return out.String()
}

// scene is one fake with a fresh store, and a folder whose CLI talks to it.
type scene struct {
	*script.T
	fake  *fakeharness.Server
	dir   *clitest.Dir
	usage string // folder that the launcher writes to; "" without one
}

// play makes a scene, runs the measurement in it and takes it down.
func (l *lab) play(opts fakeharness.Options, run func(*scene)) {
	l.Scope(func(t *script.T) { run(&scene{T: t, fake: fakeharness.Start(t, opts)}) })
}

// configure creates the folder; launched has the kernel count what the provider uses.
func (s *scene) configure(l *lab, launched bool, w way, groups ...wanted) {
	s.dir = clitest.New(s, w.config(groups...), s.fake.Env())
	s.dir.Timeout = time.Hour
	// Lock files go below the cache folder; nothing must be left in the user's own.
	s.dir.Setenv("XDG_CACHE_HOME", s.TempDir())
	source, binary := w.provider()
	if source == "" {
		return
	}
	from := filepath.Join(binaries(), binary)
	if w == vendor {
		from = l.vendor
	}
	if launched {
		s.usage = s.TempDir()
		s.dir.Setenv(launchVar, from)
		s.dir.Setenv(usageVar, s.usage)
		self, err := os.Executable()
		s.Check(err)
		from = self
	}
	absolute, err := filepath.Abs(from)
	s.Check(err)
	folder := s.TempDir()
	s.Check(os.Symlink(absolute, filepath.Join(folder, binary)))
	s.dir.Override(source, folder)
}

// binaries returns the folder of the built providers.
func binaries() string { return os.Getenv("HARNESSCI_TEST_PROVIDER_DIR") }

// run runs the CLI, which must succeed, and counts only its requests.
func (s *scene) run(args ...string) clitest.Result {
	s.fake.ResetLog()
	r := s.dir.Run(args...)
	if r.Code != 0 {
		s.Fatalf("%s exits with %d:\n%s", args[0], r.Code, r.Output)
	}
	return r
}

func (s *scene) apply(args ...string) clitest.Result {
	return s.run(append([]string{"apply", "-auto-approve"}, args...)...)
}

// stored returns how many of the images the server has.
func (s *scene) stored(groups ...wanted) int {
	n := 0
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
func count(groups ...wanted) int {
	n := 0
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

// extra adds fields to the fake, each to every account, and returns overrides of them.
func (s *scene) extra(fields int, accounts ...string) []wanted {
	images := map[string]string{}
	for i := range fields {
		field := fmt.Sprintf("extra%dTag", i+1)
		s.fake.SetDefault("ci/K8", field, fmt.Sprintf("plugins/extra%d:1.0.0", i+1))
		images[field] = fmt.Sprintf("%splugins/extra%d:1.0.1", mirror, i+1)
	}
	var out []wanted
	for _, account := range accounts {
		if account != "" {
			s.fake.AddAccount(account)
		}
		out = append(out, wanted{account, "K8", images})
	}
	return out
}

// accounts returns this many account names.
func accounts(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("account-%d", i+1)
	}
	return out
}

// say reports what is being measured.
func (l *lab) say(format string, args ...any) {
	l.Helper()
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
