package harness.images_test

import data.harness.images

plan(image) := {"resource_changes": [{
	"address": "harnessci_image_override.git_clone",
	"type": "harnessci_image_override",
	"change": {"actions": ["create"], "after": {"field": "gitCloneTag", "value": image}},
}]}

test_pinned_from_our_registry_is_allowed if {
	count(images.deny) == 0 with input as plan("registry.example.com/harness/drone-git:1.6.8-rootless")
}

test_another_registry_is_denied if {
	count(images.deny) == 1 with input as plan("docker.io/harness/drone-git:1.6.8-rootless")
}

test_a_moving_tag_is_denied if {
	count(images.deny) == 1 with input as plan("registry.example.com/harness/sto-plugin:latest")
}

test_a_set_is_read_too if {
	changes := {"resource_changes": [{
		"address": "harnessci_image_overrides.k8",
		"type": "harnessci_image_overrides",
		"change": {"actions": ["create"], "after": {"images": {"gitCloneTag": "docker.io/harness/drone-git:latest"}}},
	}]}
	count(images.deny) == 2 with input as changes
}

test_many_removals_are_denied if {
	changes := {"resource_changes": [change |
		some i in numbers.range(1, 6)
		change := {
			"address": sprintf("harnessci_image_override.pinned[%d]", [i]),
			"type": "harnessci_image_override",
			"change": {"actions": ["delete"], "after": null},
		}
	]}
	count(images.deny) == 1 with input as changes
}

set_change(actions, after, unknown) := {"resource_changes": [{
	"address": "harnessci_image_overrides.k8",
	"type": "harnessci_image_overrides",
	"change": {"actions": actions, "after": after, "after_unknown": unknown},
}]}

resets := {sprintf("field%dTag", [i]): "registry.example.com/old:1.0.0" | some i in numbers.range(1, 6)}

test_many_resets_of_a_set_are_denied if {
	count(images.deny) == 1 with input as set_change(["create"], {"images": {}, "resets": resets}, {})
	count(images.deny) == 1 with input as set_change(["update"], {"images": {}, "resets": resets}, {})
}

test_a_destroyed_set_is_counted if {
	count(images.deny) == 1 with input as {"resource_changes": [{
		"address": "harnessci_image_overrides.k8",
		"type": "harnessci_image_overrides",
		"change": {"actions": ["delete"], "before": {"images": resets, "resets": {}}, "after": null},
	}]}
}

connector(url) := {"resource_changes": [{
	"address": "harnessci_image_connector.this",
	"type": "harnessci_image_connector",
	"change": {"actions": ["update"], "after": {"url": url}},
}]}

test_the_connector_names_an_allowed_registry if {
	count(images.deny) == 0 with input as connector("https://registry.example.com/harness-mirror")
	count(images.deny) == 1 with input as connector("https://index.docker.io/v2/")
	count(images.deny) == 1 with input as connector("https://registry.example.com.evil.test")
}

test_resets_of_the_last_apply_do_not_count if {
	count(images.deny) == 0 with input as set_change(["no-op"], {"images": {}, "resets": resets}, {})
}

test_unknown_resets_are_denied if {
	count(images.deny) == 1 with input as set_change(["create"], {"images": {}}, {"resets": true})
}
