package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// scopeKind is a scope that represents its kind: with an infra, or without.
type scopeKind string

// scopeKinds are a scope of each kind. Both have the field gitCloneTag.
var scopeKinds = []scopeKind{"ci/K8", "dbops"}

// name is the scope as the name of a subtest.
func (s scopeKind) name() string { return strings.ReplaceAll(string(s), "/", " ") }

func (s scopeKind) id(field string) string { return string(s) + "/" + field }

// gitCloneID is the id of the override that gitClone configures.
func (s scopeKind) gitCloneID() string { return s.id("gitCloneTag") }

// attributes are module and infra in a configuration: omitted for ci/K8, the default.
func (s scopeKind) attributes(more ...string) []string {
	if s == "dbops" {
		return append([]string{`module = "dbops"`}, more...)
	}
	return more
}

// forms returns the ways to write an id: that of ci/K8 may leave out the module.
func (s scopeKind) forms(id string) []string {
	if s == "dbops" {
		return []string{id}
	}
	return []string{id, strings.TrimPrefix(id, "ci/")}
}

// gitClone returns the configuration of an override of gitCloneTag.
func (s scopeKind) gitClone(image string) string {
	return overrideConfig(image, s.attributes(`field = "gitCloneTag"`)...)
}

// set returns the configuration of an exclusive set.
func (s scopeKind) set(images map[string]string, more ...string) string {
	return setConfig(s.images(images), s.attributes(more...)...)
}

// images returns images of ci/K8 under fields that the scope has.
func (s scopeKind) images(images map[string]string) map[string]string {
	out := map[string]string{}
	for field, image := range images {
		out[s.field(field)] = image
	}
	return out
}

// field returns a field of the scope for one of ci/K8.
func (s scopeKind) field(field string) string {
	if other := map[string]string{
		"gcsUploadTag": "mongoTag", "s3UploadTag": "spannerTag", "securityTag": "artifactoryTag",
	}[field]; other != "" && s == "dbops" {
		return other
	}
	return field
}

// module and infra check those attributes; infra is null if the module has none.
func (s scopeKind) module() knownvalue.Check {
	module, _, _ := strings.Cut(string(s), "/")
	return knownvalue.StringExact(module)
}

func (s scopeKind) infra() knownvalue.Check {
	if _, infra, ok := strings.Cut(string(s), "/"); ok {
		return knownvalue.StringExact(infra)
	}
	return knownvalue.Null()
}

// isIn checks the attributes that name the scope in the state of a resource.
func (s scopeKind) isIn(address string) statecheck.StateCheck {
	return all{
		statecheck.ExpectKnownValue(address, tfjsonpath.New("module"), s.module()),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("infra"), s.infra()),
	}
}

// identity returns the identity of an override of the field, or of the set where that is empty, as a check
// and as an import block has it.
func (s scopeKind) identity(account, field string) (check map[string]knownvalue.Check, hcl string) {
	check = map[string]knownvalue.Check{"account_id": knownvalue.StringExact(account), "module": s.module(), "infra": s.infra()}
	hcl = `module = "dbops"`
	if s != "dbops" {
		hcl = `module = "ci", infra = "K8"`
	}
	if field != "" {
		check["field"] = knownvalue.StringExact(field)
		hcl += `, field = "` + field + `"`
	}
	return check, hcl
}

// all combines several state checks.
type all []statecheck.StateCheck

// CheckState implements statecheck.StateCheck.
func (a all) CheckState(ctx context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	for _, check := range a {
		if check.CheckState(ctx, req, resp); resp.Error != nil {
			return
		}
	}
}
