package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// connectorError gives an error about the connector its own advice.
type connectorError struct{ error }

// Unwrap returns the error.
func (e connectorError) Unwrap() error { return e.error }

// connectorFailure is the diagnostic of a failed operation on the image connector.
func (d *providerData) connectorFailure(operation string, err error) diag.Diagnostic {
	return d.failure(operation, nil, connectorError{err})
}

// restoreError is an error of a destroy, which has its own way out.
type restoreError struct{ connectorError }

// Advice says how to destroy the resource all the same.
func (e restoreError) Advice() string {
	const wayOut = "To leave the connector as it is, apply on_destroy = \"keep\" and destroy again, or take the resource out of " +
		"the state with a removed block and destroy = false (or state rm)."
	if tested, ok := errors.AsType[*connector.TestError](e.error); ok && tested.Err == nil && tested.PutBack == nil {
		return "The connector that the destroy would restore does not work. " + wayOut
	}
	if isA[*connector.TypeError](e.error) {
		return wayOut
	}
	return e.connectorError.Advice() + " " + wayOut
}

// Reason says what went wrong, and what is in place after a change was undone.
func (e connectorError) Reason() string {
	if call, ok := e.error.(*harness.Error); ok { //nolint:errorlint // a wrapped call is part of what its wrapper says
		return call.Reason()
	}
	if candidate, ok := errors.AsType[*connector.CandidateError](e.error); ok && candidate.Read == nil {
		return reason(candidate.Err) + "\n" + candidateOnly
	}
	tested, ok := errors.AsType[*connector.TestError](e.error)
	if !ok {
		return e.Error()
	}
	said := text.Sentence(tested.Error())
	if tested.Err == nil {
		said = text.Sentence("Harness tested the connection, and the test ended with " + tested.Status.State)
		for _, reason := range tested.Reasons() {
			said += "\n\n  " + reason
		}
		if len(tested.Reasons()) > 0 {
			said += "\n"
		}
	}
	return said + "\n" + putBackReason(tested)
}

func isUncertain(err error) bool {
	_, ok := errors.AsType[*connector.UncertainError](err)
	return ok
}

// candidateOnly says what stands after a failure that has to do with a candidate.
const candidateOnly = "This was about " + harness.ImageCandidate + ", a temporary connector that tests the settings. The image " +
	"connector has not been changed, and builds pull as they did before."

// putBackReason says which connector is in place after a test that did not succeed.
func putBackReason(tested *connector.TestError) string {
	switch {
	case tested.Stage == connector.Candidate:
		return candidateOnly
	case tested.Stage == connector.Standing:
		return "The image connector had these settings already and has been left as it is: builds may not be able to pull."
	case tested.PutBack == nil && tested.Untested != nil:
		return "The previous connector has been put back. Builds pulled through the new one in the meantime, because it could not be " +
			"tested before: " + text.Sentence(tested.Untested.Error())
	case tested.PutBack == nil:
		return "The previous connector has been put back, and builds pull as they did before."
	}
	if _, theirs := errors.AsType[*connector.OverwrittenError](tested.PutBack); theirs {
		return "Somebody else changed the connector in the meantime. That change was left in place."
	}
	return "The previous connector could not be put back, so builds may not be able to pull: " + text.Sentence(tested.PutBack.Error())
}

// Advice says what to do next.
func (e connectorError) Advice() string {
	if tested, ok := errors.AsType[*connector.TestError](e.error); ok {
		return testAdvice(tested)
	}
	if mistyped, ok := errors.AsType[*connector.TypeError](e.error); ok {
		return fmt.Sprintf("Builds now pull through a connector of the type %s. Delete it in Harness (Account "+
			"Settings, Connectors, %s), and apply again: until the apply has created the new one, builds pull "+
			"image names unchanged. Otherwise remove harnessci_image_connector from the "+
			"configuration.", mistyped.Type, harness.ImageConnector)
	}
	for _, known := range []struct {
		is   bool
		text string
	}{
		{isA[*connector.ChangedError](e.error), "Nothing was changed. Run a plan to see the current connector, and apply that plan."},
		{isA[*harness.PolicyError](e.error), "Nothing was changed. Adjust the policy to allow the change, or choose settings " +
			"that it allows."},
		{isA[*connector.NotStoredError](e.error), "Nothing was changed. Apply again; if the error persists, contact Harness " +
			"support."},
		{isA[*connector.OverwrittenError](e.error), "Run a plan to see the current connector, and apply again when the other " +
			"writer (a pipeline, a person or another run) has finished."},
		{isUncertain(e.error), "Run a plan to see the current connector, and apply again: repeating the change does no harm."},
		{harness.IsOverlapping(e.error), "Somebody else changed the connector at the same time. Apply again."},
		{harness.IsReferenced(e.error), "Harness does not delete a connector that pipelines refer to. Remove those " +
			"references, or keep the connector: take the resource out of the state with a removed block and destroy = false " +
			"(or state rm)."},
		{harness.IsForbidden(e.error), "Connectors have their own permissions, apart from those of the account: " +
			"core_connector_view to read the image connector, core_connector_edit to change it, " +
			"core_connector_delete to delete it. Ask an administrator for a role that includes them, at account " +
			"scope."},
		{harness.IsRefused(e.error), "Harness refused the change and left the connector as it was. The secrets that " +
			"username_ref and password_ref name must exist at account level."},
	} {
		if known.is {
			return known.text
		}
	}
	for _, adviser := range advisers {
		if next := adviser(e.error); next != "" {
			return next
		}
	}
	return ""
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func testAdvice(tested *connector.TestError) string {
	switch {
	case tested.PutBack != nil && !isA[*connector.OverwrittenError](tested.PutBack):
		return "Restore builds first: correct the connector " + harness.ImageConnector + " in Harness, or apply settings " +
			"that work."
	case tested.Stage == connector.Standing && tested.Err == nil:
		return "Restore builds first: correct the URL, the user, or the secret behind password_ref, and apply again."
	case isA[*connector.InterruptedError](tested.Err):
		return "The run was interrupted. Apply again."
	case isA[*connector.SlowTestError](tested.Err):
		return "Check that the delegates named in delegate_selectors are running. To skip the test, set " +
			"test_connection = false; a connector that does not work then shows only in failing builds."
	case tested.Err != nil:
		return "Apply again. To skip the test, set test_connection = false; a connector that does not work then " +
			"shows only in failing builds."
	}
	return "Check url, the user and the secret behind password_ref, and whether the registry can be reached from where " +
		"Harness connects: the Harness platform or, with execute_on_delegate, a delegate. To set the connector anyway, set " +
		"test_connection = false."
}

// asides are the warnings about a change apart from its outcome.
func (d *providerData) asides(result connector.Result) (diags diag.Diagnostics) {
	if result.Untested != nil && result.After.Works() {
		diags.AddWarning("Builds saw the image connector before it was tested",
			"New settings are tested as a temporary connector, "+harness.ImageCandidate+", before builds see them. That was not "+
				"possible:\n\n"+explain(nil, connectorError{result.Untested})+"\n\nThe connector was changed first and tested then: it works.")
	}
	if result.Leftover != nil {
		diags.AddWarning("Could not delete the temporary connector "+harness.ImageCandidate,
			explain(nil, connectorError{result.Leftover})+"\n\nNo build uses it. The next change deletes it; you can also delete it "+
				"in Harness (Account Settings, Connectors).")
	}
	if result.Unverified != nil {
		diags.Append(d.unverified("the settings of", imageConnector{}, result.Unverified))
	}
	return diags
}

// brokenConnector is an error of a create as a warning: see Create.
func brokenConnector(failed diag.Diagnostic) diag.Diagnostic {
	return diag.NewWarningDiagnostic(failed.Summary(), failed.Detail()+"\n\nThe state records the previous connector, and the next plan "+
		"tests the image connector again. This is a warning and not an error, because after an error the state would lose the "+
		"previous connector.")
}

// lostLogin warns of a previous connector that a destroy cannot restore as it was.
func (m connectorMemory) lostLogin() (diags diag.Diagnostics) {
	if m.Previous.LostLogin {
		diags.AddWarning("The previous image connector cannot be restored with its login",
			"Its URL contains what may be a user, a password or a token, which the state does not record. A destroy would restore "+
				showURL(m.Previous.url())+" without it, and fails if that does not work. With on_destroy = \"keep\", a destroy "+
				"leaves the connector as it is.")
	}
	return diags
}

// connectorKept is the warning that a destroy does not restore the previous connector, because this run
// has set a new one.
func connectorKept(memory connectorMemory) diag.Diagnostic {
	was := "There was none."
	if memory.Previous.Body != nil {
		was = "Its URL is " + showURL(memory.Previous.url()) + "."
	}
	return diag.NewWarningDiagnostic("Did not restore the previous image connector, because this run has set a new one",
		"Restoring it would undo that. "+was+" The new resource does not record it. This happens when a resource is renamed without "+
			"a moved block, or replaced with create_before_destroy.")
}

// nothingToPutBack is the warning that the previous connector is unknown.
func nothingToPutBack() diag.Diagnostic {
	return diag.NewWarningDiagnostic("The image connector was left as it is",
		"The state does not record which connector existed before this resource. Builds pull as they did before.")
}
