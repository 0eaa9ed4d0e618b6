package provider

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// maxListed is how many images a warning lists.
const maxListed = 6

// cause is what several images have in common. Its summary names none of them: CLIs merge warnings whose
// summaries are equal, and single overrides are planned one by one.
type cause struct {
	summary string
	why     string // before the list
	next    string // after it: what to do
}

// finding is what a check found out about one image.
type finding struct {
	cause
	target execconfig.Target
	says   string // more than the target, on its line; may be empty
	facts  text.Facts
	at     path.Path
}

// warnings returns one warning for each cause, in the order in which they were found.
func warnings(found []finding) (diags diag.Diagnostics) {
	var causes []cause
	by := map[cause][]finding{}
	for _, f := range found {
		if by[f.cause] == nil {
			causes = append(causes, f.cause)
		}
		by[f.cause] = append(by[f.cause], f)
	}
	for _, c := range causes {
		detail := c.why + "\n\n" + listed(by[c]) + "\n" + c.next
		if len(by[c]) > 1 { // maybe of several resources; and of a set, the CLI would print all of its images
			diags.AddWarning(c.summary, detail)
		} else {
			diags.AddAttributeWarning(by[c][0].at, c.summary, detail)
		}
	}
	return diags
}

// findings gathers what is found out about resources that are checked at the same time: the last check tells
// it all, because a CLI plans single overrides one by one. The zero value is ready.
type findings struct {
	mu       sync.Mutex
	checking int
	found    []finding
}

// begin records a check; end must follow.
func (f *findings) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.checking++
}

// end adds what a check has found, and returns what to tell now: nothing while another one is at work, which
// will tell it.
func (f *findings) end(found []finding) []finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found = append(f.found, found...)
	if f.checking--; f.checking > 0 {
		return nil
	}
	all := f.found
	f.found = nil
	slices.SortStableFunc(all, func(a, b finding) int { return strings.Compare(a.target.String(), b.target.String()) })
	return all
}

// listed shows findings, each with its facts on lines of their own.
func listed(found []finding) string {
	var list strings.Builder
	for i, f := range found {
		if i == maxListed {
			fmt.Fprintf(&list, "  and %d more\n", len(found)-maxListed)
			break
		}
		list.WriteString("  " + f.target.String())
		if f.says != "" {
			list.WriteString(": " + f.says)
		}
		list.WriteString("\n")
		for _, fact := range f.facts {
			fmt.Fprintf(&list, "    %-9s%s\n", fact.Name+":", fact.Value)
		}
	}
	return list.String()
}
