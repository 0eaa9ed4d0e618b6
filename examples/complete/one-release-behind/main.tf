terraform {
  required_providers {
    harnessci = {
      source  = "harnessci/harnessci"
      version = "~> 0.1"
    }
  }
}

provider "harnessci" {}

data "harnessci_default_images" "k8" {}

# The release that Harness runs and the two before it, each with its newest hotfix. They are the ones that
# the vendor supports.
data "harnessci_image_releases" "ci" {
  for_each = toset(["addonTag", "liteEngineTag"])
  image    = data.harnessci_default_images.k8.images[each.key]
}

# The release before the one that Harness runs; that one itself where there is no other.
resource "harnessci_image_override" "behind" {
  for_each = data.harnessci_image_releases.ci
  field    = each.key
  value    = try(each.value.releases[1].image, each.value.image)
}

# The two are made for each other.
check "same_release" {
  assert {
    condition     = length(distinct([for image in data.harnessci_image_releases.ci : try(image.releases[1].release, "")])) == 1
    error_message = "The addon and the lite engine would be of different releases."
  }
}

output "runs" {
  value = { for field, override in harnessci_image_override.behind : field => override.value }
}
