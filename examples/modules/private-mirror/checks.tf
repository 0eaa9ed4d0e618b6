# A pin whose name is not that of a field would do nothing.
check "pins" {
  assert {
    condition     = length(setsubtract(keys(var.pins), keys(local.defaults))) == 0
    error_message = "No field has these names: ${join(", ", setsubtract(keys(var.pins), keys(local.defaults)))}."
  }
}

# The addon and the lite engine are released together.
check "same_version" {
  assert {
    condition = alltrue([
      for scope in var.scopes : length(distinct([
        for pin in local.pins : regex("[0-9.]+$", provider::harnessci::parse_image(pin.image).tag)
        if pin.scope == scope && can(regex("^ci-.*:.*[0-9]$", "${provider::harnessci::parse_image(pin.image).name}:${provider::harnessci::parse_image(pin.image).tag}"))
      ])) <= 1
    ])
    error_message = "The addon and the lite engine would be of different versions."
  }
}
