data "harnessci_default_images" "k8" {}

# The version that Harness runs and the two published before it: latest, latest-1 and latest-2.
data "harnessci_image_releases" "addon" {
  image = data.harnessci_default_images.k8.images["addonTag"]
}

output "releases" {
  value = data.harnessci_image_releases.addon.releases[*].image
}

# The same repository in a mirror: what is there already.
data "harnessci_image_releases" "mirrored" {
  image    = data.harnessci_default_images.k8.images["addonTag"]
  registry = "registry.example.com/mirror"
  limit    = 10
}

# One release for each minor, as Harness's own check of old images counts.
data "harnessci_image_releases" "minors" {
  image = data.harnessci_default_images.k8.images["addonTag"]
  by    = "minor"
}

# When each was published; Docker Hub counts this as a pull of each.
data "harnessci_image_releases" "dated" {
  image = data.harnessci_default_images.k8.images["addonTag"]
  dates = true
}

output "published" {
  value = { for release in data.harnessci_image_releases.dated.releases : release.version => release.published }
}
