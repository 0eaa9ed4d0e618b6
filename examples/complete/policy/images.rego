package harness.images

# Where the connector names the mirror, images have no registry in their names: add "harness" and "plugins".
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

# The connector's registry comes before the names of images that have none.
deny contains sprintf("%s: %s is not an allowed registry", [change.address, url]) if {
	some change in input.resource_changes
	change.type == "harnessci_image_connector"
	url := change.change.after.url
	not split(url, "/")[2] in registries
}

# Every override that the plan removes: single ones, what sets reset, and the images of sets that are destroyed.
removed contains change.address if {
	some change in input.resource_changes
	change.type == "harnessci_image_override"
	"delete" in change.change.actions
}

removed contains sprintf("%s[%q]", [change.address, field]) if {
	some change in input.resource_changes
	change.type == "harnessci_image_overrides"
	"delete" in change.change.actions
	some field, _ in change.change.before.images
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
