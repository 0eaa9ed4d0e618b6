package execconfig

import "github.com/harnessci/terraform-provider-harnessci/internal/owners"

// Target names one override: a field of a module and infra.
type Target = owners.Target
