package harness.images_test

import rego.v1

import data.harness.images

pinned := "registry.example.com/harness/drone-git:1.6.8-rootless"

digest := concat("", ["@sha256:", concat("", ["0123456789abcdef" | some _ in numbers.range(1, 4)])])

of_plan(changes) := {"format_version": "1.2", "planned_values": {}, "resource_changes": changes}

# A change of one resource; what is given is put over it.
change(type, after, more) := object.union(
	{"address": concat(".", [type, "this"]), "type": type, "change": {"actions": ["create"], "after": after}},
	{"change": more},
)

override(value) := change("harnessci_image_override", {"field": "gitCloneTag", "value": value}, {})

set_of(images, more) := change("harnessci_image_overrides", {"infra": "K8", "images": images, "resets": {}}, more)

copy(source, destination) := change("harnessci_image_copy", {"source": source, "destination": destination}, {})

connector(url) := change("harnessci_image_connector", {"url": url}, {"actions": ["update"]})

denied(changes) := found if {
	found := images.deny with input as of_plan(changes)
}

says(changes, part) if {
	some message in denied(changes)
	contains(message, part)
}

test_what_is_allowed if {
	every allowed in [
		[],
		[override(pinned)],
		[override("registry.example.com/harness/ci-addon:rootless-1.16.92")],
		[override("registry.example.com/plugins/cache:1.18.0-4.33-mongo")],
		[override(concat("", ["registry.example.com/harness/sto-plugin", digest]))],
		[set_of({"gitCloneTag": pinned}, {})],
		[copy("harness/drone-git:1.6.8-rootless", pinned)],
		[connector("https://registry.example.com/harness-mirror"), connector("https://registry.example.com")],
		[{"address": "aws_s3_bucket.a", "type": "aws_s3_bucket", "provider_name": "registry.terraform.io/hashicorp/aws", "change": {"actions": ["delete"]}}],
	] {
		denied(allowed) == set()
	}
	images.allow with input as of_plan([override(pinned)])
}

test_what_is_not_from_an_allowed_place if {
	every image in [
		"docker.io/evil/drone-git:1.6.8", "evil/drone-git:1.6.8", "drone-git:1.6.8",
		"registry.example.com.evil.test/harness/drone-git:1.6.8", "registry.example.com:5000/harness/drone-git:1.6.8",
		"evil.test/registry.example.com/drone-git:1.6.8", "registry.example.com/../evil/drone-git:1.6.8",
		"registry.example.com/harness/drone-git:1.6.8\nevil", " registry.example.com/harness/drone-git:1.6.8", "",
	] {
		says([override(image)], "is not from an allowed place")
		says([set_of({"gitCloneTag": image}, {})], "is not from an allowed place")
	}
}

test_what_moves if {
	every image in [
		"registry.example.com/harness/drone-git", "registry.example.com/harness/drone-git:latest",
		"registry.example.com/harness/drone-git:latest-0.0", "registry.example.com/harness/drone-git:dev-1.2",
		"registry.example.com/harness/drone-git:1", "registry.example.com/harness/drone-git@sha256:0123",
	] {
		says([override(image)], "so it moves")
		says([copy(image, pinned)], "so it moves")
		says([copy("harness/drone-git:1.6.8", image)], "so it moves")
	}
}

test_where_copies_come_from_and_go_to if {
	says([copy("evil/drone-git:1.6.8", pinned)], "evil/drone-git:1.6.8 is not from an allowed place")
	says([copy("ghcr.io/harness/drone-git:1.6.8", pinned)], "is not from an allowed place")
	says([copy("harness/drone-git:1.6.8", "evil.test/harness/drone-git:1.6.8")], "is not from an allowed place")
}

test_what_the_plan_does_not_know if {
	unknown := {"after_unknown": {"value": true, "source": true, "destination": true, "url": true}}
	says([change("harnessci_image_override", {"field": "gitCloneTag"}, unknown)], "does not know its value yet")
	says([change("harnessci_image_override", {"value": pinned}, unknown)], "does not know its value yet")
	says([change("harnessci_image_override", {"value": 1}, {})], "does not know its value yet")
	says([change("harnessci_image_copy", {"source": "harness/drone-git:1.6.8"}, {})], "does not know its destination yet")
	says([change("harnessci_image_copy", {"destination": pinned}, unknown)], "does not know its source yet")
	says([change("harnessci_image_connector", {}, unknown)], "does not know its url yet")
	every after_unknown in [{"images": true}, {"images": {"gitCloneTag": true}}, {"resets": true}] {
		says([set_of({}, {"after_unknown": after_unknown})], "does not know its images or what it resets yet")
	}
	says([change("harnessci_image_overrides", {"infra": "K8"}, {})], "does not know its images")
	says([set_of({"gitCloneTag": null}, {})], "does not know its images")
}

test_the_connector if {
	every url in [
		"http://registry.example.com", "https://index.docker.io/v2/", "https://registry.example.com.evil.test",
		"https://registry.example.com@evil.test", "https://evil.test/https://registry.example.com", "https://registryXexample.com",
		"https://registry.example.com:444", "https://registry.example.com/\nhttps://evil.test", "",
	] {
		says([connector(url)], "is not an allowed registry")
	}
}

destroys(before) := [change("harnessci_image_connector", null, {"actions": ["delete"], "after": null, "before": before})]

test_what_a_destroy_restores if {
	says(destroys({"on_destroy": "restore", "restores_url": "https://evil.test"}), "a destroy restores https://evil.test,")
	says(destroys({"on_destroy": "restore", "restores_url": "http://registry.example.com"}), "is not an allowed registry")
	says(destroys({"on_destroy": "restore", "restores_url": ""}), "is not an allowed registry")
	says(destroys({"on_destroy": "restore", "restores_url": null}), "is not an allowed registry")
	says(destroys({"restores_url": "https://registry.example.com"}), "is not an allowed registry")
	says(destroys(null), "is not an allowed registry")
	denied(destroys({"on_destroy": "restore", "restores_url": "https://registry.example.com/old"})) == set()
	denied(destroys({"on_destroy": "keep", "restores_url": null})) == set()
}

test_an_untested_connector if {
	after := {"url": "https://registry.example.com", "test_connection": false}
	says([change("harnessci_image_connector", after, {"actions": ["update"]})], "turns the test of the connection off")
}

moved(before, after) := [change(
	"harnessci_image_copy", {"source": "harness/drone-git:1.6.8", "destination": pinned, "on_destroy": after},
	{"actions": ["update"], "before": {"destination": "registry.example.com/former:1.0", "on_destroy": before}},
)]

test_which_copies_are_deleted if {
	gone := {"actions": ["delete"], "after": null}
	says([change("harnessci_image_copy", null, object.union(gone, {"before": {"on_destroy": "delete"}}))], "deletes an image that builds may still pull")
	denied([change("harnessci_image_copy", null, object.union(gone, {"before": {"on_destroy": "keep"}}))]) == set()
	says([change("harnessci_image_overrides", null, gone)], "does not show what its destroy removes")

	says(moved("delete", "delete"), "the move deletes registry.example.com/former:1.0")
	says(moved("delete", "keep"), "the move deletes")
	says(moved("keep", "delete"), "the move deletes")
	denied(moved("keep", "keep")) == set()
}

six := {sprintf("field%dTag", [i]): pinned | some i in numbers.range(1, 6)}

# What a plan knows of an image that it reads: who has attested what, about which digest.
read_image(type, key, of) := {"prior_state": {"values": {"root_module": {"child_modules": [{"resources": [{
	"mode": "data", "type": "harnessci_registry_image",
	"values": {"digest": of, "attestations": [{"type": type, "key": key}], "signed_by": []},
}]}]}}}}

test_what_no_allowed_key_has_attested if {
	vuln := "https://cosign.sigstore.dev/attestation/vuln/v1"
	exact := concat("", ["registry.example.com/harness/drone-git", digest])
	other := concat("", ["sha256:", concat("", ["f" | some _ in numbers.range(1, 64)])])
	of := trim_prefix(digest, "@")
	good := object.union(of_plan([override(exact)]), read_image(vuln, "sha256:ours", of))
	images.allow with input as good with images.signers as {"sha256:ours"}
	every bad in [
		of_plan([override(exact)]),
		of_plan([set_of({"gitCloneTag": exact}, {})]),
		object.union(of_plan([override(pinned)]), read_image(vuln, "sha256:ours", of)),
		object.union(of_plan([override(exact)]), read_image(vuln, "sha256:theirs", of)),
		object.union(of_plan([override(exact)]), read_image("https://cyclonedx.org/bom", "sha256:ours", of)),
		object.union(of_plan([override(exact)]), read_image(vuln, "sha256:ours", other)),
	] {
		messages := images.deny with input as bad with images.signers as {"sha256:ours"}
		some message in messages
		contains(message, "does not show that an allowed key has attested")
	}
}

# A destination has a version, even where overrides must have a digest.
test_digests_alone if {
	messages := images.deny with input as of_plan([override(pinned), copy(pinned, pinned)]) with images.pinned_pattern as `@sha256:[a-f0-9]{64}$`
		with images.source_prefixes as images.image_prefixes
	count(messages) == 2
}

test_many_removals if {
	singles := [object.union(override(null), {"address": field, "change": {"actions": ["delete"], "after": null}}) | some field, _ in six]
	says(singles, "removes 6 overrides at once")
	denied(array.slice(singles, 0, 5)) == set()
	says([change("harnessci_image_overrides", null, {"actions": ["delete"], "after": null, "before": {"images": six}})], "removes 6 overrides")
	says([set_of({}, {"actions": ["update"], "before": {"images": six}})], "removes 6 overrides")
	says([change("harnessci_image_overrides", {"images": {}, "resets": six}, {})], "removes 6 overrides")
	denied([change("harnessci_image_overrides", {"images": {}, "resets": six}, {"actions": ["no-op"]})]) == set()
}

test_an_import_is_judged_although_nothing_changes if {
	says([change("harnessci_image_override", {"value": "evil/a:1.0"}, {"actions": ["no-op"], "importing": {"id": "ci/K8/a"}})], "allowed place")
}

test_what_the_policy_does_not_know if {
	says([change("harnessci_image_everything", {}, {})], "does not know harnessci_image_everything")
	says([object.union(change("renamed", {}, {}), {"provider_name": "registry.example.com/harnessci/harnessci"})], "does not know renamed")
	says([change("harnessci_image_override", {"value": pinned}, {"actions": ["create", "launch"]})], "does not know what the plan does")
	says([change("harnessci_image_override", {"value": pinned}, {"actions": []})], "does not know what the plan does")
	says([{"type": "harnessci_image_override"}], "does not know what the plan does")
}

test_what_is_no_plan if {
	every no_plan in [
		{}, [], "", null, {"plan": {}}, {"plan": "x"}, {"resource_changes": []}, {"format_version": "1.0", "values": {}},
		{"format_version": "2.0", "planned_values": {}}, {"format_version": "1.2", "planned_values": {}, "resource_changes": {}},
	] {
		count(images.deny) > 0 with input as no_plan
		not images.allow with input as no_plan
	}
}

test_a_plan_that_failed_or_is_not_whole if {
	count(images.deny) == 1 with input as object.union(of_plan([]), {"errored": true})
	count(images.deny) == 1 with input as object.union(of_plan([]), {"deferred_changes": [{}]})
}

test_both_shapes_of_input if {
	images.allow with input as {"plan": of_plan([override(pinned)]), "run": {}}
	messages := images.deny with input as {"plan": of_plan([override("evil/a:1.0")]), "run": {}}
	some message in messages
	contains(message, "allowed place")

	hidden := object.union(of_plan([override("evil/a:1.0")]), {"plan": of_plan([])})
	not images.allow with input as hidden
}
