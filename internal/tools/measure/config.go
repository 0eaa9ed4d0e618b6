//go:build unix

package measure

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// group is what is wanted of one account and infra: field -> image.
type group struct {
	account int // see scene.account
	infra   string
	images  map[string]string
}

// overrides are groups, each of another account or infra.
type overrides []group

func (o overrides) count() int {
	n := 0
	for _, g := range o {
		n += len(g.images)
	}
	return n
}

// mirrored returns the first n defaults, served from a mirror.
func mirrored(defaults map[string]string, n int) map[string]string {
	images := map[string]string{}
	for _, field := range slices.Sorted(maps.Keys(defaults))[:min(n, len(defaults))] {
		images[field] = "registry.example.com/" + defaults[field]
	}
	return images
}

// extra returns overrides of the fake's n extra fields, in each of the accounts.
func extra(n int, accounts ...int) overrides {
	images := map[string]string{}
	for i := range n {
		images[fmt.Sprintf("extra%dTag", i+1)] = fmt.Sprintf("registry.example.com/plugins/extra%d:1.0.1", i+1)
	}
	var out overrides
	for _, account := range accounts {
		out = append(out, group{account, "K8", images})
	}
	return out
}

// upTo returns 1 to n.
func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

// way is how a configuration asks for overrides.
type way string

const (
	single way = "harnessci_image_override"
	set    way = "harnessci_image_overrides"
	// builtIn asks for none: as many of the CLI's own resources, to tell what it takes by itself.
	builtIn way = "terraform_data"
	// idle is a resource of the bare provider.
	idle way = "bare_thing"
)

// config returns a configuration of the overrides.
func (w way) config(wanted overrides, accountOf func(int) string) string {
	var out strings.Builder
	switch w {
	case single, set:
		out.WriteString(required("harnessci", ours))
	case idle:
		out.WriteString(required("bare", bare))
	case builtIn:
	}
	for _, g := range wanted {
		name := fmt.Sprintf("a%d_%s", g.account, strings.ToLower(g.infra))
		var alias string
		if g.account > 0 {
			fmt.Fprintf(&out, "provider \"harnessci\" {\n  alias      = %q\n  account_id = %q\n}\n", name, accountOf(g.account))
			alias = "  provider = harnessci." + name + "\n"
		}
		fmt.Fprintf(&out, "resource %q %q {\n%s%s}\n", w, name, alias, w.body(g))
	}
	return out.String()
}

func required(name string, p provider) string {
	return fmt.Sprintf("terraform {\n  required_providers {\n    %s = { source = %q }\n  }\n}\n", name, p.source)
}

func (w way) body(g group) string {
	var images strings.Builder
	images.WriteString("{\n")
	for _, field := range slices.Sorted(maps.Keys(g.images)) {
		fmt.Fprintf(&images, "    %s = %q\n", field, g.images[field])
	}
	images.WriteString("  }\n")
	switch w {
	case set:
		return fmt.Sprintf("  infra  = %q\n  images = %s", g.infra, &images)
	case builtIn:
		return "  for_each = " + images.String() + "  input = each.value\n"
	case idle:
		return "  for_each = " + images.String() + "  field = each.key\n  value = each.value\n"
	default:
		return "  for_each = " + images.String() + fmt.Sprintf("  infra = %q\n  field = each.key\n  value = each.value\n", g.infra)
	}
}
