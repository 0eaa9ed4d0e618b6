variable "mirror" {
  description = "Registry, with an optional path, that gets a copy of each image, such as registry.example.com/harness."
  type        = string
}

variable "connector" {
  description = "How builds log in to the mirror. password_ref is the id of a secret in Harness, such as account.registry_password."
  type = object({
    username            = optional(string)
    password_ref        = optional(string)
    execute_on_delegate = optional(bool)
    delegate_selectors  = optional(set(string))
  })
  default = {} # anonymous
}

variable "scopes" {
  description = "Modules and infras that the account uses: all of them pull through the connector. dbops is Database DevOps."
  type        = set(string)
  default     = ["ci/K8", "ci/VM"]
}

variable "pins" {
  description = "Images to run instead of the default, by scope and field, such as \"ci/K8/gitCloneTag\"."
  type        = map(string)
  default     = {}
}

variable "releases_behind" {
  description = "How many published releases the addon and the lite engine stay behind the default."
  type        = number
  default     = 0
}

variable "exclusive" {
  description = "Whether to own every override of the scopes, so that others show as drift and are reset; else only those of the listed fields."
  type        = bool
  default     = true
}

variable "copy" {
  description = "Whether to copy the images. With false, another tool copies what the output copies lists, before the apply."
  type        = bool
  default     = true
}
