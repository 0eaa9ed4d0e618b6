package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/connector"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// connectorError gives an error about the connector the advice that belongs to it.
type connectorError struct{ error }

// Unwrap returns the error.
func (e connectorError) Unwrap() error { return e.error }

// connectorFailure is the diagnostic of an operation on the image connector that did not succeed.
func (d *providerData) connectorFailure(operation string, err error) diag.Diagnostic {
	return d.failure(operation, nil, connectorError{err})
}

// Reason says what went wrong, and what stands now where a change was taken back.
func (e connectorError) Reason() string {
	if call, ok := e.error.(*harness.Error); ok { //nolint:errorlint // a wrapped call is part of what its wrapper says
		return call.Reason()
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

// putBackReason says what stands after a test that did not succeed.
func putBackReason(tested *connector.TestError) string {
	if tested.PutBack == nil {
		return "What stood before the change has been put back, and builds pull as they did."
	}
	if _, theirs := errors.AsType[*connector.OverwrittenError](tested.PutBack); theirs {
		return "Another change of the connector came in between. It was left as it is."
	}
	return "What stood before could not be put back, so that builds may not be able to pull: " + text.Sentence(tested.PutBack.Error())
}

// Advice says what to do next; "" leaves it to what is said of any call.
func (e connectorError) Advice() string {
	if tested, ok := errors.AsType[*connector.TestError](e.error); ok {
		return testAdvice(tested)
	}
	if mistyped, ok := errors.AsType[*connector.TypeError](e.error); ok {
		return fmt.Sprintf("Builds pull through a connector of the type %s now. Delete it in Harness (Account Settings, Connectors, "+
			"%s), and apply again: builds pull names as they are until the apply has made the new one. Or leave "+
			"harnessci_image_connector out.", mistyped.Type, harness.ImageConnector)
	}
	for _, known := range []struct {
		is   bool
		text string
	}{
		{isA[*harness.PolicyError](e.error), "Nothing was changed. Have the policy allow the change, or change the settings so that the policy does."},
		{isA[*connector.NotStoredError](e.error), "Nothing was changed. Apply again; if it stays, ask Harness support."},
		{isA[*connector.OverwrittenError](e.error), "Run a plan to see what stands, and apply again when the other writer has finished: a pipeline, a " +
			"person, or another run."},
		{isUncertain(e.error), "Run a plan to see what stands, and apply again: to repeat the change does no harm."},
		{harness.IsOverlapping(e.error), "Somebody else changed the connector at the same moment. Apply again."},
		{harness.IsReferenced(e.error), "Pipelines refer to the connector by its identifier, so that Harness does not delete it. Remove those " +
			"references, or take the resource out of the state and leave the connector as it is: with a removed block and " +
			"destroy = false (or state rm)."},
		{harness.IsForbidden(e.error), "Connectors have permissions of their own beside those of the account: core_connector_view to read the image " +
			"connector, core_connector_edit to change it, core_connector_delete to delete it. Have an administrator add a " +
			"role that holds them, at account scope."},
		{harness.IsRefused(e.error), "Harness refused the connector as a whole and changed nothing of it. A secret that username_ref or password_ref names " +
			"must exist at the account's level."},
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
		return "Builds come first: set the connector " + harness.ImageConnector + " right in Harness, or apply settings that work."
	case isA[*connector.InterruptedError](tested.Err):
		return "The run was interrupted. Apply again."
	case isA[*connector.SlowTestError](tested.Err):
		return "Check that the delegates which delegate_selectors name are up. To set the connector without a test, set " +
			"test_connection = false: builds are then the test."
	case tested.Err != nil:
		return "Apply again. To set the connector without a test, set test_connection = false: builds are then the test."
	}
	return "Check url, the user and the secret behind password_ref, and whether the registry can be reached from where Harness " +
		"connects: the Harness platform or, with execute_on_delegate, a delegate. To set the connector all the same, set " +
		"test_connection = false."
}

// connectorKept is the warning that a resource which goes does not bring the former connector back, for
// this run has set it.
func connectorKept() diag.Diagnostic {
	return diag.NewWarningDiagnostic("Did not put back the former image connector, which this run has set",
		"To put it back would undo that. It happens where a resource is renamed without a moved block, or replaced with "+
			"create_before_destroy.")
}

// nothingToPutBack is the warning that nobody knows what stood before.
func nothingToPutBack() diag.Diagnostic {
	return diag.NewWarningDiagnostic("The image connector was left as it is",
		"The state does not say what stood before the resource was made. Builds pull as they did.")
}
