package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// advisers say what to do next about the errors of packages that know nothing of Terraform. The first one
// with something to say is used.
var advisers = []func(error) string{writeAdvice, interruptAdvice, callAdvice, missingAdvice, unsignedAdvice, registryAdvice}

// interruptAdvice is for a run that was interrupted.
func interruptAdvice(err error) string {
	if errors.Is(err, context.Canceled) {
		return "The run was interrupted. Run it again."
	}
	return ""
}

// callAdvice is for a call to the Harness API.
func callAdvice(err error) string {
	call, ok := errors.AsType[*harness.Error](err)
	if !ok {
		return ""
	}
	switch call = call.Origin(); {
	case harness.IsTimeout(call):
		return "No complete answer came within the provider's request_timeout. Raise it if the server or the " +
			"network is slow; otherwise check the endpoint and, if there is one, the proxy (HTTPS_PROXY)."
	case harness.IsUnanswered(call):
		return connectionAdvice(call)
	}
	return statusAdvice(call)
}

// planAndRepeat is what to do about a write that may be stored. It fits on one line of a CLI's error.
const planAndRepeat = "Run a plan to see what is stored, and apply again: repeating it is harmless."

// writeAdvice is for a write whose outcome is not simply that of its request.
func writeAdvice(err error) string {
	if cancelled, ok := errors.AsType[*execconfig.CancelledError](err); ok {
		if !cancelled.Sent {
			return "What is listed here is unchanged. Run it again."
		}
		return planAndRepeat + " A create may be stored " +
			"without being in the state: the next plan then says that the field is already overridden, and " +
			"harnessci_customer_images lists it."
	}
	if _, ok := errors.AsType[*execconfig.NotStoredError](err); ok {
		return "Harness keeps all overrides of an account in one document and saves it as a whole, so a change by " +
			"another writer can undo this one: a pipeline, a person, or a run on another machine. Let the other " +
			"writer finish, and apply again."
	}
	if refused, ok := errors.AsType[*execconfig.RefusedError](err); ok && refused.Image != "" {
		if refused.Listed {
			return "Read the server's message. If it is about the image, choose another one. Otherwise the server lists this " +
				"field but does not allow it to be set: remove the override."
		}
		return "The server's defaults do not list this field. Check its spelling: the data source " +
			"harnessci_default_images lists the fields."
	}
	if _, ok := errors.AsType[*execconfig.UncertainError](err); ok {
		return planAndRepeat
	}
	if _, ok := errors.AsType[*execconfig.RespelledError](err); ok {
		return "Write the image in the configuration as the server stores it."
	}
	if _, ok := errors.AsType[*owners.DuplicateError](err); ok {
		return "Two resources have the same module, infra and field. Remove one of them from the configuration. If a " +
			"resource was renamed or moved, add a moved block."
	}
	if _, ok := errors.AsType[*owners.UndoneError](err); ok {
		return "Destroying one would reset what the other keeps. A refresh resolves this: plan without " +
			"-refresh=false."
	}
	if conflict, ok := errors.AsType[*owners.ConflictError](err); ok {
		if len(conflict.Fields) == 0 {
			return "Each would reset what only the other lists. Move the images of both into one set."
		}
		return "An exclusive set resets every override that it does not list. Move the single overrides into " +
			"the set, or use single overrides only."
	}
	return ""
}

// connectionAdvice is for a call without an answer.
func connectionAdvice(call *harness.Error) string {
	if harness.IsUntrusted(call) {
		return "The certificate of " + call.Host + " is not trusted here. If a private CA signed it, set the " +
			"provider's ca_certificate_file to the CA's certificate in PEM format."
	}
	if next := networkAdvice(call, "Check the provider's endpoint, and that its scheme is http if that is meant."); next != "" {
		return next
	}
	return "Check the provider's endpoint, the network and, if there is one, the proxy (HTTPS_PROXY)."
}

// networkAdvice is for what keeps a host from being reached and has one cause; plain is for one that speaks no TLS.
func networkAdvice(err error, plain string) string {
	if proxy, ok := errors.AsType[*transport.ProxyError](err); ok {
		return "The proxy of the environment (HTTPS_PROXY) does not allow connections to " + proxy.Host + ". Have it allowed there, or " +
			"add the host to NO_PROXY if it can be reached directly."
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "There is no host " + text.Quote(dns.Name) + " as seen from here. Check its spelling, the DNS and, if it is internal, " +
			"the network or VPN."
	}
	if transport.SpeaksPlainHTTP(err) {
		return "What answers there speaks plain http, not https. " + plain
	}
	return ""
}

// statusAdvice depends on the kind of answer.
func statusAdvice(call *harness.Error) string {
	switch {
	case harness.IsNowhere(call):
		return "Check that every proxy and gateway in between lets /v1/dbops/ through, beside /gateway, that the account has " +
			"Database DevOps, and that account_id and the provider's endpoint are right."
	case harness.IsRedirect(call):
		return "Redirects are not followed, because the credential would go along. If the target is right, set the " +
			"provider's endpoint to it; if it is a login page, a proxy or the gateway has blocked the request."
	case harness.IsUnauthorized(call):
		return "The credential that was sent is " + credentialName(call.Credential) + ". Check that it has not " +
			"expired or been revoked, and that it belongs to the account in account_id."
	case harness.IsForbidden(call):
		return "The user or service account behind " + credentialName(call.Credential) + " lacks a permission: reading needs " +
			"the account view permission (core_account_view), writing the account edit permission (core_account_edit). Ask an administrator for a role that includes " +
			"it, at account scope."
	case harness.IsNotFound(call):
		return "Nothing exists at this URL. Check that account_id is right, that the account has the module, and " +
			"that the provider's endpoint is the gateway's base URL, such as " + defaultEndpoint + "."
	case harness.IsTooLarge(call):
		return "A proxy or gateway in front of Harness limits the size of a request. Raise its limit, such as nginx's client_max_body_size."
	case call.RetryAfter > time.Minute: // the provider has waited for less
		return whenAgain("Harness", call.RetryAfter)
	case harness.IsRateLimited(call):
		return "The rate limit was exceeded; Harness allows 400 calls a minute for each API key. Wait a minute and run " +
			"again, raise max_retries, or give this provider an API key of its own."
	case harness.IsConflict(call):
		return "Another writer changed the account at the same time. Apply again."
	case harness.IsUnavailable(call):
		next := "The server, or a gateway in front of it, is unavailable. Run again later."
		if harness.IsFailedInside(call) && isWrite(call) {
			next = "The server gives this answer when it is unavailable, and also when it refuses a field or an " +
				"image. Check both: the data source harnessci_default_images lists the fields. Run again later."
		}
		next += " If it persists, contact Harness support"
		if call.CorrelationID != "" {
			return next + " with the correlationId."
		}
		return next + " with the time and the call."
	case harness.IsRefused(call) && !isWrite(call):
		return "Nothing was read. Check that account_id is right, and that the account has the module."
	case harness.IsRefused(call):
		return "The server refused the whole request and stored none of it. The data source harnessci_default_images lists " +
			"the fields that a module and infra have."
	case call.Err != nil:
		return "This is not an answer from the Harness API: a proxy or a login page may have answered instead. " +
			"Check the provider's endpoint."
	}
	return ""
}

// whenAgain says until when a server asks to wait.
func whenAgain(server string, wait time.Duration) string {
	return fmt.Sprintf("%s asks to wait %s. Run again after %s.", server, wait.Round(time.Second),
		time.Now().Add(wait).UTC().Format("2006-01-02 15:04 MST"))
}

// isWrite reports whether a call changes overrides.
func isWrite(call *harness.Error) bool {
	return call.Call == "update-config" || call.Call == "reset-config"
}

// credentialName names a credential by where it is set, never by its value.
func credentialName(attribute string) string {
	switch attribute {
	case "api_key":
		return "the api_key (attribute api_key or variable " + envAPIKey + ")"
	case "bearer_token":
		return "the bearer_token (attribute bearer_token or variable " + envBearerToken + ")"
	}
	return "none"
}

// registryAdvice is for a request that a registry refused or did not answer.
func registryAdvice(err error) string {
	failed, ok := errors.AsType[*registry.Error](err)
	if !ok || errors.Is(err, context.Canceled) {
		return ""
	}
	switch failed.Kind {
	case registry.NotFound:
		return "Check the tag or the digest. The data source harnessci_image_releases lists the releases that a repository has."
	case registry.NoRepository:
		return "Check the repository's name. Some registries, such as Amazon ECR, do not create repositories on " +
			"push: create it first, in ECR with aws_ecr_repository."
	case registry.Denied:
		quota := " A quota or a policy may also be the cause: read the registry's message."
		if none, ok := errors.AsType[*registry.NoLoginError](failed); ok {
			next := "Add a login for " + none.Host + " to registries of the provider block, or run docker login. If the registry " +
				"needs none, check the name: many registries answer the same for a repository that does not exist."
			if failed.IsForbidden() {
				next += quota
			}
			return next
		}
		return "The login is not allowed to do this, or there is no such repository: many registries do not say " +
			"which. Check the name, and the login for " + failed.Host + " in registries of the provider block or " +
			"in Docker's config file (docker login). Tokens of cloud registries expire within hours." + quota
	case registry.RateLimited:
		next := "Wait and run again"
		if failed.RetryAfter > 0 {
			next = whenAgain(failed.Host, failed.RetryAfter)
		}
		return strings.TrimSuffix("The registry limits the number of requests from a login or an address. "+next, ".") +
			"; for Docker Hub, add a login for docker.io to registries in the provider block."
	case registry.Immutable:
		return "The registry does not allow this tag to be overwritten. Choose a tag that does not exist yet, or " +
			"allow the change in the repository's settings."
	case registry.Mismatch:
		return "The content from the registry, or from a proxy in front of it, does not match its digest, so nothing was " +
			"stored under the tag. Run again; if the error persists, the image is damaged there."
	case registry.Untrusted:
		return "The certificate of " + failed.Host + " is not trusted here. If a private CA signed it, set the " +
			"provider's ca_certificate_file to the CA's certificate in PEM format."
	case registry.Unreachable:
		if failed.Status != 0 {
			return "The registry answers, but it or a proxy in front of it fails. Run again later; if it persists, ask those who " +
				"run the registry."
		}
		if next := networkAdvice(failed, "If the registry has no https, set insecure = true for it in registries of the provider "+
			"block; else check its port."); next != "" {
			return next
		}
		return "Check the registry's name, the network and, if there is one, the proxy (HTTPS_PROXY). A registry " +
			"without https needs insecure = true in registries of the provider block."
	default: // Refused
		if failed.Status == 0 { // by this provider
			return "Check that " + failed.Host + " is a registry and that the name is an image's. If both are right, ask those who " +
				"run the registry."
		}
		if failed.IsTooLarge() {
			return "A proxy in front of the registry limits the size of a request, even to the 1 MiB that a copy tries. Raise its limit, " +
				"such as nginx's client_max_body_size."
		}
		return "Read the registry's message: the usual reason is a quota, a policy or a read-only repository."
	}
}
