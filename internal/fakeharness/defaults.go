package fakeharness

import (
	_ "embed"
	"encoding/json"
)

// foreign is where defaultsFile has the fields that the defaults of ci also list since 2026: those of IaCM and
// IDP, and newer ones of CI.
const foreign = "foreign"

// defaultsFile has the default images of every scope, as served in 2026.
//
//go:embed defaults.json
var defaultsFile []byte

// builtinDefaults returns the default images of every scope, and the foreign fields.
func builtinDefaults() (defaults map[string]images, foreignFields images) {
	if err := json.Unmarshal(defaultsFile, &defaults); err != nil {
		panic(err)
	}
	foreignFields = defaults[foreign]
	delete(defaults, foreign)
	return defaults, foreignFields
}

// IaCMAliases are the names under which IaCM's page sets fields that answers list under others.
func IaCMAliases() map[string]string {
	return map[string]string{"IACMTerraformTag": "iacmTerraform", "IACMOpentofuTag": "iacmOpenTofu"}
}
