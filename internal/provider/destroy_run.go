package provider

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// A destroy begins with a normal plan, even of resources that do not exist yet, and stops if that plan
// fails. No request distinguishes such a plan from one to apply; the command line of the CLI, this
// process's parent, does.

// command is what the CLI is known to run.
type command int

const (
	anotherCommand command = iota
	destroyCommand
	unknownCommand
	savedPlanCommand // applies the plan in a file
)

// parentCommand reads the parent's command line and the variables that add to it. targeted: it names targets.
func parentCommand(getenv func(string) string) (_ command, targeted bool) {
	args, ok := parentArgs()
	if !ok {
		return unknownCommand, false
	}
	saved := commandOf(args) == savedPlanCommand
	for _, variable := range []string{"TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_CLI_ARGS_apply"} {
		args = append(args, strings.Fields(getenv(variable))...)
	}
	if targeted = slices.ContainsFunc(args, isFlag("target")); saved {
		return savedPlanCommand, targeted
	}
	return commandOf(args), targeted
}

// isFlag recognizes a flag, with one hyphen or two, with a value or without.
func isFlag(name string) func(string) bool {
	return func(arg string) bool {
		arg, _, _ = strings.Cut(arg, "=")
		return arg == "-"+name || arg == "--"+name
	}
}

// parentRun identifies the run of the CLI that this process belongs to, with the other aliases of the provider;
// "" if it cannot be told, or if the CLI runs tests: that makes several applies and destroys of one run.
func parentRun() string {
	args, ok := parentArgs()
	start := parentStart()
	if !ok || start == "" || slices.Contains(args, "test") {
		return ""
	}
	return fmt.Sprintf("%d %s", os.Getppid(), start)
}

// commandOf recognizes a destroy by the arguments after the program's name: the command, or the flag of
// plan and apply; and an apply of a saved plan by the file that it names.
func commandOf(args []string) command {
	first := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })
	flagged := false
	for _, arg := range args { // as the CLI's flag package reads them: the last one counts
		flag, isFlag := strings.CutPrefix(arg, "-")
		name, value, given := strings.Cut(strings.TrimPrefix(flag, "-"), "=")
		if isFlag && name == "destroy" {
			on, err := strconv.ParseBool(value)
			flagged = !given || err == nil && on
		}
	}
	if flagged || first >= 0 && args[first] == "destroy" {
		return destroyCommand
	}
	if last := len(args) - 1; first >= 0 && args[first] == "apply" && last > first && !strings.HasPrefix(args[last], "-") &&
		!slices.Contains(valueFlags, strings.TrimLeft(args[last-1], "-")) {
		return savedPlanCommand
	}
	return anotherCommand
}

// valueFlags are the flags of an apply whose value may be an argument of its own.
var valueFlags = []string{
	"backup", "lock-timeout", "parallelism", "state", "state-out", "target", "replace", "var", "var-file", "exclude",
}

// toleratedInDestroy turns a plan's errors into warnings if the CLI is known to destroy, since nothing of
// that plan is applied. If the command is unknown, it adds what to do in a destroy.
func (d *providerData) toleratedInDestroy(found diag.Diagnostics) (tolerated diag.Diagnostics) {
	for _, one := range found {
		summary, detail := one.Summary(), one.Detail()
		switch {
		case one.Severity() != diag.SeverityError || d.command == anotherCommand || d.command == savedPlanCommand:
			tolerated.Append(one)
			continue
		case d.command == destroyCommand:
			one = diag.NewWarningDiagnostic(summary, detail+"\n\nIt does not stop this destroy.")
		default:
			one = diag.NewErrorDiagnostic(summary, detail+"\n\nIf this stops a destroy, run it with -refresh=false.")
		}
		if at, ok := found[len(tolerated)].(diag.DiagnosticWithPath); ok {
			one = diag.WithPath(at.Path(), one)
		}
		tolerated.Append(one)
	}
	return tolerated
}
