package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// requirement says what must be signed before an image is stored or copied.
type requirement string

// The values of require in signatures.
const (
	requireNone        requirement = "none"
	requireSignature   requirement = "signature"
	requireAttestation requirement = "attestation"
)

// signaturesModel is signatures in the provider block.
type signaturesModel struct {
	PublicKeys       []types.String `tfsdk:"public_keys"`
	Require          types.String   `tfsdk:"require"`
	AttestationTypes []types.String `tfsdk:"attestation_types"`
	MaxAge           types.String   `tfsdk:"max_age"`
	Images           []types.String `tfsdk:"images"`
}

// signaturesAttribute is signatures in the provider block.
func signaturesAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "What your company must have signed, with cosign or a tool that writes the same, before an image is " +
			"stored in an override or copied. What is checked is the digest that builds pull. An image without a valid signature " +
			"is a warning in the plan and an error in the apply, before anything is written. Checks use the public keys alone and " +
			"ask the image's registry alone: no transparency log, no certificates, no network to Sigstore.",
		Attributes: map[string]schema.Attribute{
			"public_keys": schema.ListAttribute{
				Required:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Public keys in PEM form, such as `file(\"cosign.pub\")`: ECDSA P-256, P-384 or P-521, Ed25519 " +
					"(also Ed25519ph), or RSA of at least 2048 bits. One of them must have signed. To rotate a key, list the old and the new one " +
					"for a while.",
			},
			"require": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "`\"signature\"`: a signature of the image (`cosign sign`). `\"attestation\"`: an attestation of each of " +
					"`attestation_types` (`cosign attest`). `\"none\"`: nothing is checked, and the keys only serve " +
					"`harnessci_registry_image`. Of an image with several platforms, the signature of its index counts. Defaults to `\"none\"`.",
			},
			"attestation_types": schema.ListAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Predicate types of which there must be an attestation each, such as " +
					"`https://cosign.sigstore.dev/attestation/vuln/v1`, `https://cyclonedx.org/bom` or `https://spdx.dev/Document`. Required " +
					"with `\"attestation\"`.",
			},
			"max_age": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How old each attestation may be, such as `24h`, by the time in what is signed: for a vulnerability scan " +
					"`metadata.scanFinishedOn`, for CycloneDX `metadata.timestamp`, for SPDX `creationInfo.created`. One without a " +
					"time is too old. Needs `\"attestation\"`. Defaults to any age.",
			},
			"images": schema.ListAttribute{
				Optional:    true,
				ElementType: types.StringType,
				MarkdownDescription: "Images to check, by their full name without a digest, such as `registry.example.com/approved/*`; `*` stands for " +
					"any text, also with slashes. The name is the one that builds pull, or a copy's destination; on Docker Hub it begins with " +
					"`docker.io/`. Defaults to all images. Leave out a quarantine here, which takes images before they are scanned and signed.",
			},
		},
	}
}

// signatures returns the policy of the block; known is false while any part of it is not.
func (r *resolver) signatures(value types.Object) (policy signatures.Policy, known bool) {
	if value.IsNull() {
		return policy, true
	}
	if raw, err := value.ToTerraformValue(context.Background()); err != nil || !raw.IsFullyKnown() {
		return policy, false
	}
	var model signaturesModel
	r.diags.Append(value.As(context.Background(), &model, basetypes.ObjectAsOptions{})...)
	policy.Keys = r.publicKeys(model.PublicKeys)
	require, wanted := r.requirement(model.Require), stringsOf(model.AttestationTypes)
	for _, given := range append(wanted, stringsOf(model.Images)...) {
		if given == "" {
			r.fail("signatures", "attestation_types or images contains an empty string or null. Remove it.")
		}
	}
	switch {
	case require == requireAttestation && len(wanted) == 0:
		r.fail("signatures", "require is \"attestation\" but attestation_types is not set. List at least one predicate type, such as "+
			"https://cosign.sigstore.dev/attestation/vuln/v1.")
	case require != requireAttestation && len(wanted) > 0:
		r.fail("signatures", "attestation_types is set but require is not \"attestation\", so none would be checked.")
	case require != requireAttestation && !model.MaxAge.IsNull():
		r.fail("signatures", "max_age is set but require is not \"attestation\". A signature has no time that its key has signed.")
	}
	switch require {
	case requireNone:
	case requireSignature:
		policy.Types = []string{signatures.SignatureType}
	case requireAttestation:
		policy.Types = wanted
	}
	if set := model.MaxAge.ValueString(); !model.MaxAge.IsNull() {
		age, err := time.ParseDuration(set)
		if err != nil || age <= 0 {
			r.fail("signatures", "max_age: "+text.Quote(set)+" is not a positive duration, such as 24h. A week is 168h.")
		}
		policy.MaxAge = age
	}
	for _, pattern := range stringsOf(model.Images) {
		policy.Images = append(policy.Images, signatures.Glob(pattern))
	}
	return policy, true
}

func (r *resolver) requirement(value types.String) requirement {
	if value.IsNull() {
		return requireNone
	}
	require, err := spelled("value", []requirement{requireNone, requireSignature, requireAttestation}, value.ValueString())
	if err != nil {
		r.fail("signatures", "require: "+err.Error()+".")
	}
	return require
}

// publicKeys reads the keys. Messages never show one, which may be a private key by mistake.
func (r *resolver) publicKeys(values []types.String) (keys []signatures.Key) {
	if len(values) == 0 {
		r.fail("signatures", "public_keys is empty. List at least one public key in PEM form.")
	}
	for i, value := range values {
		key, err := signatures.ParseKey(value.ValueString())
		if err != nil {
			r.fail("signatures", fmt.Sprintf("public_keys[%d] cannot be used: %s", i, text.Sentence(err.Error())))
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// stringsOf returns known values; null is "".
func stringsOf(values []types.String) (known []string) {
	for _, value := range values {
		known = append(known, value.ValueString())
	}
	return known
}
