package harness.images

registries := {"registry.example.com"}

# Every image that the plan sets: of single overrides, and of exclusive sets.
planned contains {"address": change.address, "image": change.change.after.value} if {
	some change in input.resource_changes
	change.type == "harnessci_image_override"
	change.change.after.value
}

planned contains {"address": sprintf("%s[%q]", [change.address, field]), "image": image} if {
	some change in input.resource_changes
	change.type == "harnessci_image_overrides"
	some field, image in change.change.after.images
}

deny contains sprintf("%s: %s is not from an allowed registry", [p.address, p.image]) if {
	some p in planned
	not split(p.image, "/")[0] in registries
}

deny contains sprintf("%s: %s has no version and no digest, so it moves", [p.address, p.image]) if {
	some p in planned
	not contains(p.image, "@sha256:")
	not regex.match(`:[^:/]*[0-9]+\.[0-9]+[^:/]*$`, p.image)
}

deny contains sprintf("the plan removes %d overrides at once; ask for a second review", [count(removed)]) if {
	removed := [change.address |
		some change in input.resource_changes
		change.type == "harnessci_image_override"
		change.change.actions == ["delete"]
	]
	count(removed) > 5
}
