package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// What an error or a subject may say about itself, so that nothing here needs to know its type.
type (
	// reasoned is an error that says what went wrong without naming its subject, which the summary has.
	reasoned interface {
		error
		Reason() string
	}
	// advised is an error of this package that says what to do next; advisers speak for the others.
	advised interface {
		error
		Advice() string
	}
	// factual identifies itself by names and values, such as "module" and "ci". An empty value is left out;
	// consecutive values of one name form a list.
	factual interface{ Facts() text.Facts }
)

// explain formats an error in three parts: what happened, the facts that support asks for, and what to do
// next. The CLI wraps lines that do not begin with a space.
func explain(subject any, err error) string {
	var parts []string
	for _, part := range []string{reason(err), facts(subject, err), advice(err)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

// reason says in a sentence or two what went wrong.
func reason(err error) string {
	if typed, ok := errors.AsType[reasoned](err); ok {
		return text.Sentence(typed.Reason())
	}
	return text.Sentence(err.Error())
}

// advice says what to do next.
func advice(err error) string {
	if typed, ok := errors.AsType[advised](err); ok {
		return typed.Advice()
	}
	for _, adviser := range advisers {
		if next := adviser(err); next != "" {
			return next
		}
	}
	return ""
}

// factWidth is the column at which the values of facts begin.
const factWidth = 15

// facts lists what identifies a failure, one indented line each: from the subject, then from the error and
// what it wraps. The first source of a name wins.
func facts(subject any, err error) string {
	var list strings.Builder
	said := map[string]bool{}
	add := func(source any) {
		typed, ok := source.(factual)
		if !ok {
			return
		}
		last := ""
		for _, fact := range typed.Facts() {
			name, value := fact.Name, fact.Value
			switch {
			case value == "" || said[name] && name != last:
			case name == last:
				fmt.Fprintf(&list, "  %*s%s\n", factWidth, "", value)
			default:
				fmt.Fprintf(&list, "  %-*s%s\n", factWidth, name+":", value)
				said[name], last = true, name
			}
		}
	}
	add(subject)
	for cause := range causes(err) {
		add(cause)
	}
	return strings.TrimRight(list.String(), "\n")
}

// causes yields an error and everything it wraps, in the order of errors.As.
func causes(err error) iter.Seq[error] {
	return func(yield func(error) bool) { eachCause(err, yield) }
}

func eachCause(err error, yield func(error) bool) bool {
	if err == nil {
		return true
	}
	if !yield(err) {
		return false
	}
	switch wrapper := err.(type) { //nolint:errorlint // this walks the tree that errors.As walks
	case interface{ Unwrap() error }:
		return eachCause(wrapper.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, part := range wrapper.Unwrap() {
			if !eachCause(part, yield) {
				return false
			}
		}
	}
	return true
}

// reported remembers what this run has told, so that it is explained once. The zero value is ready.
type reported struct {
	mu   sync.Mutex
	told map[string]string // what, and about which subject
	// refreshed are overrides that objects in the state have.
	refreshed map[execconfig.Target]bool
}

// before returns the subject about which something was told first (again); otherwise it records this one.
func (r *reported) before(what, subject string) (first string, again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if first, again = r.told[what]; again {
		return first, true
	}
	if r.told == nil {
		r.told = map[string]string{}
	}
	r.told[what] = subject
	return "", false
}

// explained is before for the cause of an error. One about its subject alone has no shared cause.
func (r *reported) explained(err error, subject fmt.Stringer) (first string, again bool) {
	cause, shared := causeOf(err)
	if !shared || subject == nil {
		return "", false
	}
	return r.before("cause "+cause, subject.String())
}

// stops is explained for errors that stop a read or a plan.
func (r *reported) stops(err error, subject fmt.Stringer) (first string, again bool) {
	_, _ = r.explained(err, subject)
	if cause, shared := causeOf(err); shared {
		return r.before("stop "+cause, subject.String())
	}
	return "", false
}

// hasStopped reports whether the cause of an error has stopped a read or a plan.
func (r *reported) hasStopped(err error) bool {
	cause, shared := causeOf(err)
	r.mu.Lock()
	defer r.mu.Unlock()
	_, told := r.told["stop "+cause]
	return shared && told
}

// refresh records the overrides that an object in the state has.
func (r *reported) refresh(scope harness.Scope, images map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refreshed == nil {
		r.refreshed = map[execconfig.Target]bool{}
	}
	for field := range images {
		r.refreshed[execconfig.Target{Scope: scope, Field: field}] = true
	}
}

// hasRefreshed reports whether an object in the state has an override, as far as this run has seen: creating
// a resource that replaces that object takes over nothing.
func (r *reported) hasRefreshed(target execconfig.Target) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refreshed[target]
}

// causeOf names what an error shares with those of other resources: what the server or the network does
// to every request, or an interrupt. The call, its subject and its ids do not count.
func causeOf(err error) (cause string, shared bool) {
	if cancelled, ok := errors.AsType[*execconfig.CancelledError](err); ok {
		return cancelled.Reason(), true
	}
	if uncertain, ok := errors.AsType[*execconfig.UncertainError](err); ok {
		return causeOf(uncertain.Err)
	}
	if unverified, ok := errors.AsType[*execconfig.UnverifiedError](err); ok {
		return causeOf(unverified.Err)
	}
	if failed, ok := errors.AsType[*registry.Error](err); ok {
		return causeAtRegistry(failed)
	}
	if unchecked, ok := errors.AsType[*pulls.UncheckedError](err); ok {
		if _, isCall := unchecked.Err.(*harness.Error); !isCall { //nolint:errorlint // as below
			return unchecked.Error(), true
		}
		err = unchecked.Err
	}
	call, ok := err.(*harness.Error) //nolint:errorlint // what wraps a call says more
	if !ok {
		return "", false
	}
	if call = call.Origin(); call.Status == 0 {
		return fmt.Sprintf("%s %t", call.Host, harness.IsTimeout(call)), !errors.Is(err, context.Canceled)
	}
	return fmt.Sprintf("%s %d %s %s %s %v", call.Host, call.Status, call.Code, call.Message, call.RedirectHost, call.Err), true
}

// causeAtRegistry names what fails every request to a registry: no answer, a certificate, a login, a limit.
func causeAtRegistry(failed *registry.Error) (cause string, shared bool) {
	cause = fmt.Sprintf("%s %s %d %s %s %v", failed.Host, failed.Kind, failed.Status, failed.Code, failed.Text, isA[*registry.NoLoginError](failed))
	switch failed.Kind {
	case registry.Unreachable, registry.Untrusted, registry.RateLimited, registry.Denied:
		return cause, !errors.Is(failed, context.Canceled)
	default:
		return "", false
	}
}

// brief names a shared cause in a few words.
func brief(err error) string {
	if isA[*execconfig.CancelledError](err) {
		return "the run was interrupted"
	}
	if unchecked, ok := errors.AsType[*pulls.UncheckedError](err); ok {
		return whyUnchecked(unchecked)
	}
	if call, ok := errors.AsType[*harness.Error](err); ok {
		call = call.Origin()
		return briefAnswer(call.Host, call.Status)
	}
	failed, ok := errors.AsType[*registry.Error](err)
	if !ok {
		return err.Error()
	}
	if none, ok := errors.AsType[*registry.NoLoginError](failed); ok && !failed.IsForbidden() {
		return none.Error()
	}
	switch failed.Kind {
	case registry.Denied:
		if failed.IsLogin() {
			return failed.Host + " refused the login"
		}
		return failed.Host + " denied access"
	case registry.RateLimited:
		return failed.Host + " limits requests"
	case registry.Untrusted:
		return "the certificate of " + failed.Host + " is not trusted"
	case registry.Unreachable:
		return briefAnswer(failed.Host, failed.Status)
	default:
		if failed.Status == 0 { // by this provider
			return failed.Host + ": " + failed.Kind.String()
		}
		return briefAnswer(failed.Host, failed.Status)
	}
}

// again names a cause and the subject for which it was explained.
func again(err error, first string) string {
	why := brief(err)
	if isA[*execconfig.UncertainError](err) {
		why = "it may or may not be stored, because " + why
	}
	return fmt.Sprintf("%s, as explained for %s", why, first)
}

func briefAnswer(host string, status int) string {
	if status == 0 {
		return host + " gave no answer"
	}
	return fmt.Sprintf("%s answered with HTTP %d", host, status)
}

// failure is the error about an operation that did not succeed. The operation completes "Could not …" ("set the
// image override"); the subject names what it was about, or is nil. A cause that was explained before takes one
// line, without a detail, which names it: CLIs sort errors by where they are in the configuration.
func (d *providerData) failure(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	failed := inFull(operation, subject, err)
	if first, told := d.reported.explained(err, subject); told {
		return diag.NewErrorDiagnostic(failed.Summary()+": "+again(err, first), "")
	}
	return failed
}

// stopped is failure for a refresh or a plan that cannot go on. One error fails the run, so repeats of its cause are
// warnings, which CLIs merge and print before it.
func (d *providerData) stopped(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	if first, again := d.reported.stops(err, subject); again {
		return diag.NewWarningDiagnostic("Further resources could not be read or planned",
			fmt.Sprintf("The error about %s says why.", first))
	}
	return inFull(operation, subject, err)
}

// unverified is failure for a write that the server acknowledged and that could not be read back, which is a warning.
// The object is what was written ("the image override"). CLIs merge those whose cause was explained before.
func (d *providerData) unverified(object string, subject fmt.Stringer, err error) diag.Diagnostic {
	if first, told := d.reported.explained(err, subject); told {
		return diag.NewWarningDiagnostic("Could not verify further writes",
			text.Sentence(again(err, first))+" The next plan shows whether they are stored.")
	}
	return asWarning(inFull("verify "+object, subject, err), "The state contains what was sent. The next plan shows whether it is stored.")
}

// inFull is the error about a failed operation with its cause, its facts and what to do next.
func inFull(operation string, subject fmt.Stringer, err error) diag.Diagnostic {
	summary := "Could not " + operation
	if subject != nil {
		summary += " " + subject.String()
	}
	return diag.NewErrorDiagnostic(summary, explain(subject, err))
}

// asWarning is an error as a warning that ends with why it is none, or what comes next.
func asWarning(failed diag.Diagnostic, more string) diag.Diagnostic {
	return diag.NewWarningDiagnostic(failed.Summary(), failed.Detail()+"\n\n"+more)
}

// keptBack is the warning that the object ("the image override") of a destroyed resource is not reset,
// because this run has set it.
func keptBack(object string, subject fmt.Stringer) diag.Diagnostic {
	return diag.NewWarningDiagnostic(fmt.Sprintf("Did not reset %s %s, which this run has set", object, subject),
		"A reset would undo that. This happens when a resource is renamed without a moved block or replaced with "+
			"create_before_destroy, or when a set replaces single overrides.\n\n"+facts(subject, nil))
}

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
	target fmt.Stringer // the override or the copy
	says   string       // more than the target, on its line; may be empty
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

// add records what a check that has begun has found.
func (f *findings) add(one finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.found = append(f.found, one)
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
