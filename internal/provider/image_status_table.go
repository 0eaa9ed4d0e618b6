package provider

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

func tableAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Status as Markdown, for a pull request comment or a job summary: a line with the totals, a table of " +
			"the images that are missing, unknown, unsigned, not supported, too old, outdated or overridden, in that order, and a folded table of " +
			"the others. Columns: verdict, field, runs, newest, pulled. `unknown` means that the provider asked, and could not find out.",
	}
}

// tableHead is the header of the tables of a status.
const tableHead = "| verdict | field | runs | newest | pulled |\n|---|---|---|---|---|\n"

// verdict is what a table says of an image. The first ones need attention first.
type verdict int

const (
	isMissing verdict = iota
	isUnknown
	isUnsigned
	isUnsupported
	isTooOld
	isOutdated
	isOverridden
	isFine
)

// totals are the verdicts as the line with the totals names them.
var totals = map[verdict]string{
	isMissing: "missing", isUnknown: "unknown", isUnsigned: "unsigned", isUnsupported: "not supported", isTooOld: "too old",
	isOutdated: "outdated", isOverridden: "overridden",
}

// verdicts returns all verdicts on a field, the most urgent first; none if nothing is to be said.
func (s *imagesStatus) verdicts(field string) (all []verdict) {
	image := s.Images[field]
	_, unknown := s.UnknownFields[field]
	_, unsigned := s.UnsignedFields[field]
	for v, holds := range map[verdict]bool{
		isMissing:     slices.Contains(s.MissingFields, field),
		isUnknown:     unknown,
		isUnsigned:    unsigned,
		isUnsupported: image.Supported != nil && !*image.Supported,
		isTooOld:      slices.Contains(s.TooOldFields, field),
		isOutdated:    slices.Contains(s.OutdatedFields, field),
		isOverridden:  image.Overridden,
	} {
		if holds {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

// markdown returns the status as Markdown. Everything that comes from a server is in code spans, where it is
// neither HTML, nor a link or a mention.
func (s *imagesStatus) markdown(scope harness.Scope) string {
	counts := map[verdict]int{}
	byVerdict := map[verdict][]string{}
	for _, field := range slices.Sorted(maps.Keys(s.Images)) {
		all := s.verdicts(field)
		first := isFine
		for i, v := range all {
			counts[v]++
			if i == 0 {
				first = v
			}
		}
		byVerdict[first] = append(byVerdict[first], field)
	}
	var out strings.Builder
	out.WriteString(s.total(scope, counts))
	var top strings.Builder
	for v := range isFine {
		for _, field := range byVerdict[v] {
			top.WriteString(s.row(field))
		}
	}
	if top.Len() > 0 {
		out.WriteString("\n" + tableHead + top.String())
	}
	if fine := byVerdict[isFine]; len(fine) > 0 {
		fmt.Fprintf(&out, "\n<details><summary>%s without anything to do</summary>\n\n%s", images(len(fine)), tableHead)
		for _, field := range fine {
			out.WriteString(s.row(field))
		}
		out.WriteString("\n</details>\n")
	}
	return out.String()
}

// images counts images.
func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", n)
}

// total is the line with the totals.
func (s *imagesStatus) total(scope harness.Scope, counts map[verdict]int) string {
	var parts []string
	for v := range isFine {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], totals[v]))
		}
	}
	verdict := "nothing to do"
	if len(parts) > 0 {
		verdict = strings.Join(parts, ", ")
	}
	note := ""
	if s.MissingFields == nil {
		note = " Registries were not asked, so missing images do not show, and versions are counted in minors."
	}
	return fmt.Sprintf("**%s, %s: %s.**%s\n", scope, images(len(s.Images)), verdict, note)
}

// row is an image's row.
func (s *imagesStatus) row(field string) string {
	image := s.Images[field]
	said := []string{}
	for _, v := range s.verdicts(field) {
		said = append(said, s.say(v, field))
	}
	if len(said) == 0 {
		said = append(said, "default")
	}
	runs := code(shortDigest(showImage(image.Effective)))
	if image.AgeDays != nil {
		runs += fmt.Sprintf(", %d days old", *image.AgeDays)
	}
	newest := "–"
	if image.Newest != nil {
		parsed, _ := imageref.Parse(*image.Newest)
		newest = code(parsed.Tag)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", strings.Join(said, ", "), code(showName(field)), runs, newest, image.pulledCell())
}

// say is a verdict in a row.
func (s *imagesStatus) say(v verdict, field string) string {
	image := s.Images[field]
	switch v {
	case isMissing:
		return "**missing**"
	case isUnknown:
		return "**unknown**: " + code(shortened(s.UnknownFields[field]))
	case isUnsigned:
		return "**unsigned**: " + code(shortened(s.UnsignedFields[field]))
	case isOutdated:
		return image.behind(s.MissingFields != nil)
	case isOverridden:
		if reason := s.IneffectiveFields[field]; reason != "" {
			return totals[v] + " (" + reason + ")"
		}
		return totals[v]
	default:
		return totals[v]
	}
}

// behind says how far an outdated image is behind; published is whether versions were counted, not minors.
func (i imageStatus) behind(published bool) string {
	c, _ := compareImages(i.Effective, *i.Default)
	switch n := i.ReleasesBehind; {
	case n != nil && published:
		return plural(*n, "version") + " behind"
	case n != nil && *n > 0:
		return plural(*n, "minor") + " behind"
	case imageref.HotfixBehind(c.image, c.preset):
		return "a hotfix behind"
	case c.Exact && c.Releases == 0:
		return "behind within its minor"
	}
	return "outdated"
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// pulledCell says what is pulled, as briefly as possible: the registry in front of the name, if any.
func (i imageStatus) pulledCell() string {
	if i.Pulled == nil {
		return "not known"
	}
	cell := code(shortDigest(showImage(*i.Pulled)))
	switch before, found := strings.CutSuffix(*i.Pulled, i.Effective); {
	case *i.Pulled == i.Effective:
		cell = "as it is"
	case found:
		cell = code(before + "…")
	}
	if i.PulledOnHarnessCloud != nil && *i.PulledOnHarnessCloud != *i.Pulled {
		host, _, _ := strings.Cut(*i.PulledOnHarnessCloud, "/")
		cell += ", on Harness Cloud from " + code(host)
	}
	return cell
}

// shortDigest returns an image with only the first digits of its digest.
func shortDigest(image string) string {
	const shown = len("@sha256:") + 12
	if at := strings.IndexByte(image, '@'); at >= 0 && len(image) > at+shown {
		return image[:at+shown] + "…"
	}
	return image
}

// shortened returns the beginning of a reason, which stands in a narrow column.
func shortened(reason string) string {
	const most = 120
	if runes := []rune(reason); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return reason
}

// code shows foreign text as a code span in a cell of a table, without what would end either and without what
// cannot be seen.
func code(foreign string) string {
	inside := strings.Map(func(r rune) rune {
		switch {
		case r == '`':
			return '\''
		case r == '|':
			return '¦'
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(foreign, "?"))
	return "`" + cmp.Or(strings.TrimSpace(inside), "?") + "`"
}
