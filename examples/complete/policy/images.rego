# What a plan may do to the images of Harness CI. Whatever this policy cannot judge, it denies.
package harness.images

import rego.v1

# Where images may come from: beginnings of names, each up to and including a slash. Where the connector names the
# mirror, images have no registry in their names: replace it with "harness/" and "plugins/".
image_prefixes := {"registry.example.com/"}

# Where copies may come from, and where to.
source_prefixes := {"harness/", "plugins/", "docker.io/harness/", "docker.io/plugins/"}

destination_prefixes := {"registry.example.com/"}

# The connector's registry: a whole pattern, because its URL comes before every image name.
connector_pattern := `^https://registry\.example\.com(/[a-z0-9._/-]*)?$`

# How many overrides a plan may remove at once.
most_removed := 5

# A reference without a tag or a digest would be :latest. A version may begin with a variant or end with one, such as
# rootless-1.16.92 and 1.6.9-rootless.
image_pattern := `^[a-z0-9]+([._-][a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[a-f0-9]{64})?$`

versioned_pattern := `(:(rootless-)?v?[0-9]+\.[0-9]+(\.[0-9]+)*(-[a-z0-9]+(\.[0-9]+)*)*|@sha256:[a-f0-9]{64})$`

# What sources and overrides must end with; a destination has a version, since its digest is the source's.
pinned_pattern := versioned_pattern

# The keys, by fingerprint, of which one must have attested each image that overrides set; without any, none must. A
# harnessci_registry_image of the plan shows who did.
signers := set()

attested_type := "https://cosign.sigstore.dev/attestation/vuln/v1"

# HCP Terraform puts the plan into input.plan; everybody else gives the plan itself.
plan := input.plan if is_object(input.plan)

plan := input if not input.plan

allow if count(deny) == 0

deny contains "this is no plan: give what `terraform show -json` prints for a saved plan" if not is_plan

is_plan if {
	startswith(plan.format_version, "1.")
	is_object(plan.planned_values)
	is_array(object.get(plan, "resource_changes", []))
}

deny contains "the input has a plan within a plan" if {
	input.plan
	object.get(input, "format_version", object.get(input, "resource_changes", null)) != null
}

deny contains "the plan failed" if plan.errored

deny contains "the plan defers changes, which nobody can judge yet" if count(object.get(plan, "deferred_changes", [])) > 0

# Everything that the plan changes or imports.
changes contains change if {
	some change in plan.resource_changes
	ours(change)
	not untouched(change)
}

ours(change) if startswith(object.get(change, "type", "harnessci_"), "harnessci_")

ours(change) if endswith(object.get(change, "provider_name", "/harnessci/harnessci"), "/harnessci/harnessci")

untouched(change) if {
	change.change.actions in {["no-op"], ["read"], ["forget"]}
	not change.change.importing
}

types := {"harnessci_image_override", "harnessci_image_overrides", "harnessci_image_copy", "harnessci_image_connector"}

verbs := {"no-op", "create", "update", "delete"}

deny contains sprintf("%s: this policy does not know %s", [address(change), object.get(change, "type", "its type")]) if {
	some change in changes
	not object.get(change, "type", "") in types
}

deny contains sprintf("%s: this policy does not know what the plan does with it", [address(change)]) if {
	some change in changes
	not known_verbs(change)
}

known_verbs(change) if {
	count(change.change.actions) > 0
	every verb in change.change.actions { verb in verbs }
}

address(change) := object.get(change, "address", "a resource without an address")

deletes(change) if "delete" in change.change.actions

# Nothing comes after a destroy.
gone(change) if change.change.actions == ["delete"]

# What an argument will be is unknown if it is not text, or the plan says so.
text(change, name) := value if {
	not unknown(change, name)
	value := change.change.after[name]
	is_string(value)
}

unknown(change, name) if object.get(change.change, ["after_unknown", name], false) != false

# Every text of the plan that names an image, and the prefixes that it may have.
named contains {"address": address(change), "image": text(change, "value"), "prefixes": image_prefixes, "pattern": pinned_pattern, "runs": true} if {
	some change in changes
	change.type == "harnessci_image_override"
	not gone(change)
}

named contains {"address": sprintf("%s[%q]", [address(change), field]), "image": image, "prefixes": image_prefixes, "pattern": pinned_pattern, "runs": true} if {
	some change in changes
	change.type == "harnessci_image_overrides"
	not gone(change)
	some field, image in change.change.after.images
}

named contains {"address": address(change), "image": text(change, "source"), "prefixes": source_prefixes, "pattern": pinned_pattern} if {
	some change in changes
	change.type == "harnessci_image_copy"
	not gone(change)
}

named contains {"address": address(change), "image": text(change, "destination"), "prefixes": destination_prefixes, "pattern": versioned_pattern} if {
	some change in changes
	change.type == "harnessci_image_copy"
	not gone(change)
}

deny contains sprintf("%s: %v is not from an allowed place", [n.address, n.image]) if {
	some n in named
	not from_allowed(n)
}

from_allowed(n) if {
	regex.match(image_pattern, n.image)
	some prefix in n.prefixes
	startswith(n.image, prefix)
}

deny contains sprintf("%s: %v has no version and no digest, so it moves", [n.address, n.image]) if {
	some n in named
	not regex.match(n.pattern, n.image)
}

deny contains sprintf("%s: the plan does not show that an allowed key has attested %v", [n.address, n.image]) if {
	count(signers) > 0
	some n in named
	n.runs
	not shown(n)
}

shown(n) if split(n.image, "@")[1] in attested

attested contains resource.values.digest if {
	walk(plan.prior_state, [_, resource])
	resource.mode == "data"
	resource.type == "harnessci_registry_image"
	some attestation in resource.values.attestations
	attestation.type == attested_type
	attestation.key in signers
}

# What the plan does not know yet, this policy cannot judge.
arguments := {
	"harnessci_image_override": {"value"},
	"harnessci_image_copy": {"source", "destination"},
	"harnessci_image_connector": {"url"},
}

deny contains sprintf("%s: the plan does not know its %s yet", [address(change), name]) if {
	some change in changes
	not gone(change)
	some name in arguments[change.type]
	not text(change, name)
}

deny contains sprintf("%s: the plan does not know its images or what it resets yet", [address(change)]) if {
	some change in changes
	change.type == "harnessci_image_overrides"
	not gone(change)
	not known_set(change)
}

known_set(change) if {
	is_object(change.change.after.images)
	every _, image in change.change.after.images { is_string(image) }
	object.get(change.change, ["after_unknown", "resets"], false) == false
	every _, missing in as_object(object.get(change.change, ["after_unknown", "images"], {})) { missing == false }
}

as_object(value) := value if is_object(value)

as_object(value) := {"all": value} if not is_object(value)

deny contains sprintf("%s: %s is not an allowed registry", [address(change), url]) if {
	some change in changes
	change.type == "harnessci_image_connector"
	not gone(change)
	url := text(change, "url")
	not regex.match(connector_pattern, url)
}

deny contains sprintf("%s: it turns the test of the connection off", [address(change)]) if {
	some change in changes
	change.type == "harnessci_image_connector"
	not gone(change)
	object.get(change.change, ["after", "test_connection"], true) != true
}

# A destroy puts another connector in place, or deletes it, so that builds pull from Docker Hub.
deny contains sprintf("%s: a destroy restores %v, which is not an allowed registry", [address(change), restored(change)]) if {
	some change in changes
	change.type == "harnessci_image_connector"
	deletes(change)
	not allowed_after(change)
}

restored(change) := object.get(change.change, ["before", "restores_url"], null)

allowed_after(change) if change.change.before.on_destroy == "keep"

allowed_after(change) if {
	change.change.before.on_destroy == "restore"
	regex.match(connector_pattern, change.change.before.restores_url)
}

deny contains sprintf("%s: a destroy deletes an image that builds may still pull", [address(change)]) if {
	some change in changes
	change.type == "harnessci_image_copy"
	deletes(change)
	not keeps(change)
}

# An update to another destination does with the former one what on_destroy says.
deny contains sprintf("%s: the move deletes %v, which builds may still pull", [address(change), change.change.before.destination]) if {
	some change in changes
	change.type == "harnessci_image_copy"
	not deletes(change)
	change.change.before.destination != object.get(change.change, ["after", "destination"], null)
	not keeps(change)
}

keeps(change) if {
	change.change.before.on_destroy == "keep"
	gone(change)
}

keeps(change) if {
	change.change.before.on_destroy == "keep"
	change.change.after.on_destroy == "keep"
}

# Every override that the plan removes, so that builds run Harness's default again: single ones, what sets reset, and
# the images that sets no longer have or that are destroyed with them.
removed contains address(change) if {
	some change in changes
	change.type == "harnessci_image_override"
	deletes(change)
}

removed contains sprintf("%s[%q]", [address(change), field]) if {
	some change in changes
	change.type == "harnessci_image_overrides"
	some field, _ in change.change.before.images
	not kept(change, field)
}

kept(change, field) if {
	not deletes(change)
	change.change.after.images[field]
}

removed contains sprintf("%s[%q]", [address(change), field]) if {
	some change in changes
	change.type == "harnessci_image_overrides"
	some field, _ in change.change.after.resets
}

deny contains sprintf("the plan removes %d overrides at once; ask for a second review", [count(removed)]) if {
	count(removed) > most_removed
}

deny contains sprintf("%s: the plan does not show what its destroy removes", [address(change)]) if {
	some change in changes
	change.type == "harnessci_image_overrides"
	deletes(change)
	not is_object(object.get(change.change, ["before", "images"], null))
}
