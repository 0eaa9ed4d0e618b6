package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

func TestCommandOfRecognizesADestroy(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]command{
		"destroy":                               destroyCommand,
		"destroy -auto-approve -target=a.b":     destroyCommand,
		"-chdir=envs/destroy destroy":           destroyCommand,
		"apply -destroy":                        destroyCommand,
		"apply --destroy -auto-approve":         destroyCommand,
		"plan -out=p -destroy=true":             destroyCommand,
		"plan":                                  anotherCommand,
		"apply destroy":                         savedPlanCommand, // a plan file of that name
		"apply -auto-approve saved":             savedPlanCommand,
		"apply -auto-approve -var name=x":       anotherCommand,
		"apply -auto-approve":                   anotherCommand,
		"apply -destroy=false":                  anotherCommand,
		"apply -destroy=1":                      destroyCommand,
		"apply -destroy=t":                      destroyCommand,
		"apply --destroy=TRUE":                  destroyCommand,
		"apply -destroy=F":                      anotherCommand,
		"apply -destroy=yes":                    anotherCommand,
		"apply -destroy -destroy=0":             anotherCommand,
		"apply -destroy=0 -destroy":             destroyCommand,
		"plan -out=destroy -var=action=destroy": anotherCommand,
		"":                                      anotherCommand,
	} {
		if got := commandOf(strings.Fields(line)); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func TestParentCommandReadsTheVariablesOfTheCLI(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]command{"TF_CLI_ARGS_plan": destroyCommand, "TF_CLI_ARGS_init": anotherCommand} {
		getenv := func(name string) string {
			if name == variable {
				return "-parallelism=3 -destroy"
			}
			return ""
		}
		if got, _ := parentCommand(getenv); got != want {
			t.Errorf("%s: %v", variable, got)
		}
	}
}

// If the command is unknown, an error says how to destroy anyway.
func TestWhatAPlanReportsDependsOnTheCommand(t *testing.T) {
	t.Parallel()
	at := path.Root("field")
	var found diag.Diagnostics
	found.AddAttributeError(at, "No field", "Did you mean another?")
	found.AddWarning("Old", "It is old.")
	for ran, want := range map[command]string{
		anotherCommand: "Error: No field: Did you mean another?",
		destroyCommand: "Warning: No field: Did you mean another?\n\nIt does not stop this destroy.",
		unknownCommand: "Error: No field: Did you mean another?\n\nIf this stops a destroy, run it with -refresh=false.",
	} {
		told := (&providerData{command: ran}).toleratedInDestroy(found)
		if len(told) != 2 || told[1] != found[1] {
			t.Fatal(told)
		}
		requireDiagnostic(t, told[0], "field")
		if got := told[0].Severity().String() + ": " + told[0].Summary() + ": " + told[0].Detail(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
