package provider

import (
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
)

// parentCommand reads the parent's command line and the variables that add to it.
func parentCommand(getenv func(string) string) command {
	args, ok := parentArgs()
	if !ok {
		return unknownCommand
	}
	for _, variable := range []string{"TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_CLI_ARGS_apply"} {
		args = append(args, strings.Fields(getenv(variable))...)
	}
	return commandOf(args)
}

// commandOf recognizes a destroy by the arguments after the program's name: the command, or the flag of
// plan and apply.
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
	return anotherCommand
}

// toleratedInDestroy turns a plan's errors into warnings if the CLI is known to destroy, since nothing of
// that plan is applied. If the command is unknown, it adds what to do in a destroy.
func (d *providerData) toleratedInDestroy(found diag.Diagnostics) (tolerated diag.Diagnostics) {
	for _, one := range found {
		summary, detail := one.Summary(), one.Detail()
		switch {
		case one.Severity() != diag.SeverityError || d.command == anotherCommand:
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
