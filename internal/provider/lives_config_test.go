package provider_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// lived are the overrides that a life manages: few, so that resources collide.
var lived = map[string][]string{
	"ci/K8":   {"addonTag", "gitCloneTag", "gcsUploadTag", "s3UploadTag", "cacheS3Tag"},
	"ci/VM":   {"gitCloneTag", "securityTag", "gcsUploadTag"},
	"iacm/K8": {"iacmTerraform", "iacmOpenTofu"},
	"idp/K8":  {"cookieCutter", "slackNotify"},
	"dbops":   {"gitCloneTag", "mongoTag"},
}

// unmanaged is a field of ci/K8 that only people set.
const unmanaged = "artifactoryUploadTag"

const (
	plainStyle  = "plain"  // a resource of its own
	eachStyle   = "each"   // an instance of a resource with for_each
	countStyle  = "count"  // an instance of a resource with count
	moduleStyle = "module" // a resource in a module
)

// livedSingle is a harnessci_image_override of the configuration.
type livedSingle struct {
	scope, field, image string
	style, name         string
	first               bool // create_before_destroy
	alias               bool // of the provider; only in the plain style
}

// livedSet is a harnessci_image_overrides of the configuration.
type livedSet struct {
	name   string
	images map[string]string
	first  bool // create_before_destroy
	alias  bool // of the provider
}

// livedConfig is a configuration without contradictions, which changes at random.
type livedConfig struct {
	rng     *rand.Rand
	fake    *fakeharness.Server
	counter int
	singles []*livedSingle
	sets    map[string]*livedSet // scope -> set
	moved   []string             // moved blocks
}

// fresh returns a name that the life has not used.
func (c *livedConfig) fresh(prefix string) string {
	c.counter++
	return fmt.Sprintf("%s%d", prefix, c.counter)
}

// image returns one that the field has not had, or at times the default.
func (c *livedConfig) image(scope, field string) string {
	if c.rng.IntN(6) == 0 {
		return c.fake.Defaults(scope)[field]
	}
	return c.fresh("registry.example.com/life/" + strings.ToLower(field) + ":1.0.")
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

func (c *livedConfig) scope() string { return pick(c.rng, slices.Sorted(maps.Keys(lived))) }

// free returns the fields of a scope that no single override has.
func (c *livedConfig) free(scope string) []string {
	return slices.DeleteFunc(slices.Clone(lived[scope]), func(field string) bool {
		return slices.ContainsFunc(c.singles, func(s *livedSingle) bool { return s.scope == scope && s.field == field })
	})
}

// mutate changes one thing at random, and says what; "" if there was nothing to change.
func (c *livedConfig) mutate() string {
	scope := c.scope()
	if c.sets[scope] != nil {
		return c.mutateSet(scope)
	}
	switch c.rng.IntN(11) {
	case 0, 1, 2, 3:
		return c.add(scope)
	case 4:
		return c.becomeSet(scope)
	}
	if len(c.singles) == 0 {
		return ""
	}
	s := pick(c.rng, c.singles)
	switch c.rng.IntN(7) {
	case 0:
		c.singles = slices.DeleteFunc(c.singles, func(other *livedSingle) bool { return other == s })
		return "remove " + s.scope + "/" + s.field
	case 1:
		s.image = c.image(s.scope, s.field)
		return "another image for " + s.scope + "/" + s.field
	case 2:
		return c.retarget(s)
	case 3:
		s.first = !s.first
		return "create_before_destroy of " + s.name
	case 4:
		s.alias = s.style == plainStyle && !s.alias
		return fmt.Sprintf("%s of another alias: %v", s.name, s.alias)
	default:
		return c.rename(s)
	}
}

func (c *livedConfig) add(scope string) string {
	free := c.free(scope)
	if len(free) == 0 {
		return ""
	}
	field := pick(c.rng, free)
	s := &livedSingle{scope: scope, field: field, image: c.image(scope, field), first: c.rng.IntN(3) == 0}
	c.place(s)
	at := c.rng.IntN(len(c.singles) + 1) // among those with count, it moves all behind
	c.singles = slices.Insert(c.singles, at, s)
	return fmt.Sprintf("add %s/%s as %s %s", scope, field, s.style, s.name)
}

// place gives a single override an address.
func (c *livedConfig) place(s *livedSingle) {
	s.style = pick(c.rng, []string{plainStyle, plainStyle, eachStyle, countStyle, moduleStyle})
	s.alias = s.style == plainStyle && c.rng.IntN(2) == 0
	s.name = c.fresh(s.style[:1])
}

// retarget gives a resource another override, or swaps those of two.
func (c *livedConfig) retarget(s *livedSingle) string {
	other := pick(c.rng, c.singles)
	if other != s && other.scope == s.scope && c.rng.IntN(2) == 0 {
		s.field, other.field = other.field, s.field
		return fmt.Sprintf("swap the fields of %s and %s", s.name, other.name)
	}
	free := c.free(s.scope)
	if len(free) == 0 {
		return ""
	}
	s.field = pick(c.rng, free)
	return fmt.Sprintf("%s becomes %s/%s", s.name, s.scope, s.field)
}

// rename moves a single override to another address, with a moved block or without.
func (c *livedConfig) rename(s *livedSingle) string {
	from, old := c.address(s), s.name
	wasCount := s.style == countStyle
	c.place(s)
	if wasCount || s.style == countStyle || c.rng.IntN(2) == 0 {
		return fmt.Sprintf("rename %s to %s", old, s.name)
	}
	c.moved = append(c.moved, fmt.Sprintf("moved {\n  from = %s\n  to   = %s\n}\n", from, c.address(s)))
	return fmt.Sprintf("move %s to %s", old, s.name)
}

// becomeSet turns the single overrides of a scope into a set that keeps some of their images.
func (c *livedConfig) becomeSet(scope string) string {
	set := &livedSet{name: c.fresh("s"), images: map[string]string{}, first: c.rng.IntN(3) == 0, alias: c.rng.IntN(2) == 0}
	c.singles = slices.DeleteFunc(c.singles, func(s *livedSingle) bool {
		if s.scope != scope {
			return false
		}
		if c.rng.IntN(4) > 0 {
			set.images[s.field] = s.image
		}
		return true
	})
	field := pick(c.rng, lived[scope])
	set.images[field] = c.image(scope, field)
	c.sets[scope] = set
	return scope + " becomes set " + set.name
}

func (c *livedConfig) mutateSet(scope string) string {
	set := c.sets[scope]
	field := pick(c.rng, lived[scope])
	switch c.rng.IntN(9) {
	case 0:
		delete(c.sets, scope)
		for _, field := range slices.Sorted(maps.Keys(set.images)) {
			s := &livedSingle{scope: scope, field: field, image: set.images[field], first: c.rng.IntN(3) == 0}
			c.place(s)
			c.singles = append(c.singles, s)
		}
		return "set " + set.name + " becomes singles"
	case 1:
		delete(c.sets, scope)
		return "remove set " + set.name
	case 2:
		old := set.name
		set.name = c.fresh("s")
		if c.rng.IntN(2) == 0 {
			return fmt.Sprintf("rename set %s to %s", old, set.name)
		}
		const address = "harnessci_image_overrides."
		c.moved = append(c.moved, fmt.Sprintf("moved {\n  from = %s%s\n  to   = %s%s\n}\n", address, old, address, set.name))
		return fmt.Sprintf("move set %s to %s", old, set.name)
	case 3:
		set.first = !set.first
		return "create_before_destroy of " + set.name
	case 4:
		set.alias = !set.alias
		return "another alias for set " + set.name
	case 5:
		delete(set.images, field)
		return fmt.Sprintf("set %s without %s", set.name, field)
	default:
		set.images[field] = c.image(scope, field)
		return fmt.Sprintf("set %s with another %s", set.name, field)
	}
}

// address returns the address of a single override.
func (c *livedConfig) address(s *livedSingle) string {
	const resource = "harnessci_image_override."
	switch s.style {
	case eachStyle:
		return fmt.Sprintf("%s%s[%q]", resource, s.style, s.name)
	case countStyle:
		return fmt.Sprintf("%s%s[%d]", resource, s.style, slices.Index(c.styled(countStyle), s))
	case moduleStyle:
		return "module." + s.name + "." + resource + "this"
	}
	return resource + s.name
}

// addresses returns every address of the configuration, in a fixed order.
func (c *livedConfig) addresses() []string {
	var out []string
	for _, s := range c.singles {
		out = append(out, c.address(s))
	}
	for _, scope := range slices.Sorted(maps.Keys(c.sets)) {
		out = append(out, "harnessci_image_overrides."+c.sets[scope].name)
	}
	return out
}

func (c *livedConfig) styled(style string) []*livedSingle {
	return slices.DeleteFunc(slices.Clone(c.singles), func(s *livedSingle) bool { return s.style != style })
}

// livedModule is the module that contains one single override.
const livedModule = `
terraform {
  required_providers {
    harnessci = {
      source = "harnessci/harnessci"
    }
  }
}

variable "override" {}

resource "harnessci_image_override" "this" {
  module = var.override[0]
  infra  = var.override[1]
  field  = var.override[2]
  value  = var.override[3]
}
`

// tuple returns an override as a list of four, its infra null if the module has none.
func (s *livedSingle) tuple() string {
	module, infra := scopeHCL(s.scope)
	return fmt.Sprintf("[%s, %s, %q, %q]", module, infra, s.field, s.image)
}

// String returns the configuration.
func (c *livedConfig) String() string {
	var out strings.Builder
	provider := map[bool]string{false: "", true: "provider = harnessci.b"}
	out.WriteString("provider \"harnessci\" {\n  alias = \"b\"\n}\n")
	block := func(name, meta, key string, first bool) {
		fmt.Fprintf(&out, "resource \"harnessci_image_override\" %q {\n  %s\n  module = %[3]s[0]\n  infra = %[3]s[1]\n"+
			"  field = %[3]s[2]\n  value = %[3]s[3]\n  lifecycle {\n    create_before_destroy = %v\n  }\n}\n", name, meta, key, first)
	}
	for _, s := range c.styled(plainStyle) {
		block(s.name, provider[s.alias], s.tuple(), s.first)
	}
	for _, s := range c.styled(moduleStyle) {
		fmt.Fprintf(&out, "module %q {\n  source = \"./override\"\n  override = %s\n}\n", s.name, s.tuple())
	}
	var each, count []string
	first := false
	for _, s := range c.styled(eachStyle) {
		each, first = append(each, s.name+" = "+s.tuple()), first || s.first
	}
	for _, s := range c.styled(countStyle) {
		count = append(count, s.tuple())
	}
	if len(each) > 0 {
		block(eachStyle, "for_each = {\n    "+strings.Join(each, "\n    ")+"\n  }", "each.value", first)
	}
	if len(count) > 0 {
		fmt.Fprintf(&out, "locals {\n  count = [\n    %s,\n  ]\n}\n", strings.Join(count, ",\n    "))
		block(countStyle, "count = length(local.count)", "local.count[count.index]", false)
	}
	for _, scope := range slices.Sorted(maps.Keys(c.sets)) {
		module, infra := scopeHCL(scope)
		set := c.sets[scope]
		fmt.Fprintf(&out, "resource \"harnessci_image_overrides\" %q {\n  %s\n  module = %s\n  infra = %s\n  images = {\n",
			set.name, provider[set.alias], module, infra)
		for _, field := range slices.Sorted(maps.Keys(set.images)) {
			fmt.Fprintf(&out, "    %s = %q\n", field, set.images[field])
		}
		fmt.Fprintf(&out, "  }\n  lifecycle {\n    create_before_destroy = %v\n  }\n}\n", set.first)
	}
	return out.String() + strings.Join(c.moved, "")
}
