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

# Every override that the plan removes: single ones that are destroyed, and what sets reset.
removed contains change.address if {
	some change in input.resource_changes
	change.type == "harnessci_image_override"
	change.change.actions == ["delete"]
}

removed contains sprintf("%s[%q]", [change.address, field]) if {
	some change in input.resource_changes
	change.type == "harnessci_image_overrides"
	change.change.actions != ["no-op"]
	some field, _ in change.change.after.resets
}

deny contains sprintf("the plan removes %d overrides at once; ask for a second review", [count(removed)]) if {
	count(removed) > 5
}

deny contains sprintf("%s: the plan does not know yet what it resets", [change.address]) if {
	some change in input.resource_changes
	change.type == "harnessci_image_overrides"
	change.change.after_unknown.resets == true
}
