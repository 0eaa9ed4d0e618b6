package provider

import (
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// errorsURL is the page that explains each message.
const errorsURL = "https://registry.terraform.io/providers/harnessci/harnessci/latest/docs/guides/errors"

// topic is a heading of the page of errors: its anchor, and what the messages that it explains say, in order.
type topic struct {
	id   string
	says []string
	// inside: the message may begin otherwise.
	inside bool
}

var (
	anchored = regexp.MustCompile(`(?m)^<a id="([^"]+)"></a>\n+### (.+)$`)
	quoted   = regexp.MustCompile("`([^`]+)`")
)

// parseTopics reads headings such as "### `Could not read …`, `Could not list …` with `no answer`".
func parseTopics(page string) (topics []topic) {
	for _, heading := range anchored.FindAllStringSubmatch(page, -1) {
		for message := range strings.SplitSeq(strings.ReplaceAll(heading[2], "`, `", "`\n`"), "\n") {
			one := topic{id: heading[1], inside: strings.HasPrefix(strings.TrimLeft(message, "` "), "…")}
			for _, part := range quoted.FindAllStringSubmatch(message, -1) {
				for says := range strings.SplitSeq(part[1], "…") {
					if says = strings.TrimSpace(says); says != "" {
						one.says = append(one.says, says)
					}
				}
			}
			topics = append(topics, one)
		}
	}
	return topics
}

// address returns the anchor of the heading that says most about a diagnostic, "" if there is none: one that knows
// the reason, which is the first paragraph of an error, before one that knows the summary alone.
func address(topics []topic, d *tfprotov6.Diagnostic) (id string) {
	reason, _, _ := strings.Cut(d.Detail, "\n\n")
	if d.Severity != tfprotov6.DiagnosticSeverityError {
		reason = ""
	}
	best := 0
	for _, one := range topics {
		if score := one.matches(d.Summary, reason); score > best {
			id, best = one.id, score
		}
	}
	return id
}

// matches returns how much a topic says about a message: 0 if it is about another one.
func (t topic) matches(summary, reason string) (score int) {
	rest, inReason := summary, false
	for i, says := range t.says {
		at := strings.Index(rest, says)
		if at < 0 && !inReason {
			rest, inReason = reason, true
			at = strings.Index(rest, says)
		}
		if at < 0 || i == 0 && at > 0 && !inReason && !t.inside {
			return 0
		}
		rest = rest[at+len(says):]
		score += len(says)
	}
	if inReason {
		const aboveSummaries = 1000
		score += aboveSummaries
	}
	return score
}
