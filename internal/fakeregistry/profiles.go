package fakeregistry

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// Refusal is an answer in the registries' own form; the zero value is none.
type Refusal struct {
	Status        int
	Code, Message string
	Detail        string // JSON; "" for none
}

func (r Refusal) answer() *answer {
	entry := map[string]any{"code": r.Code, "message": r.Message}
	if r.Detail != "" {
		entry["detail"] = json.RawMessage(r.Detail)
	}
	return fakeserver.JSON(r.Status, map[string]any{"errors": []any{entry}})
}

// or returns the answer, or another if there is none.
func (r Refusal) or(other *answer) *answer {
	if r == (Refusal{}) {
		return other
	}
	return r.answer()
}

// Quirks are where registries differ from the textbook. Each was reported in public or seen in a run.
type Quirks struct {
	// LocationPort writes Location as a URL with the host in upper case and always with its port.
	LocationPort bool // moby/moby 18469, distribution 2266: https://host:443/ for host
	// Absent answers any read of a manifest or blob that is not there.
	Absent Refusal // sigstore/cosign 2973, google/go-containerregistry 1691
	// AbsentRepository answers any read of a repository that is not there. A push creates it.
	AbsentRepository Refusal // containers/image 1265
	// NoHead is the status of any HEAD, which the registry does not know; 0: it does.
	NoHead int
	// Late is how many reads of a tag or digest show what was there before the last PUT.
	Late int // helm/helm 31348, docker/buildx 1660
	// DetailKey moves the reason why a manifest is refused into this key of the error's detail.
	DetailKey string // google/go-containerregistry 2078, sigstore/cosign 3758
	// BodyLimit answers longer bodies with 413 and a page, as nginx (1 MiB unless configured) and Cloudflare do.
	BodyLimit int64
	// PatchOnly refuses an upload's PUT with a body.
	PatchOnly bool
	// Subject refuses every manifest with a subject.
	Subject Refusal // aws/containers-roadmap 2783
	// SubjectAbsent refuses one whose subject is not there yet.
	SubjectAbsent Refusal // project-zot/zot 1424, docker/hub-feedback 2307
	// ClaimsReferrers confirms a subject (OCI-Subject) without answering the referrers API.
	ClaimsReferrers bool // docker/hub-feedback 2372
	// ReferrersElsewhere redirects the referrers API to a page on another host, which is 404.
	ReferrersElsewhere bool // project-zot/zot 4060
	// NoReferrers answers the referrers API.
	NoReferrers Refusal
	// NoTags answers tags/list.
	NoTags Refusal
	// DashIsDigest reads the tag sha256-<hex> as the digest sha256:<hex>.
	DashIsDigest bool // oras-project/oras-go 1396, oras-project/oras 2148
	// NeedsForeign refuses manifests whose foreign layers are not there.
	NeedsForeign bool // google/go-containerregistry 741, 1418, 2016
	// PlainTypes serves a manifest without a mediaType as application/json.
	PlainTypes bool // GoogleContainerTools/jib 2819
	// LyingMount answers every mount with 201 and mounts nothing.
	LyingMount bool
	// Immutable is the answer to a push of an immutable tag.
	Immutable Refusal
	// NoDelete refuses every delete of a manifest.
	NoDelete Refusal
	// TagDelete is the answer to a delete by tag, if NoTagDelete.
	TagDelete Refusal
	// DanglingTag refuses to delete a digest that has a tag.
	DanglingTag bool // genuinetools/reg 136, enix/kube-image-keeper 636
	// AccessToken names the token access_token, and nothing else.
	AccessToken bool // Azure/acr 32
	// PullLimit is how many GETs of manifests are answered before 429; 0 is no limit, -1 none of them.
	PullLimit int // Docker's documentation: a HEAD is no pull
}

// profiles are registries as people have them. What is not said is as the specification has it.
var profiles = map[string]Options{
	"artifactory-nginx": {
		Username: "ci", Password: "secret-artifactory", Referrers: true, // oras-project/oras 2047
		Quirks: Quirks{
			LocationPort: true, // also jfrog/charts 455 and 1860
			Absent: Refusal{
				http.StatusForbidden, "UNAUTHORIZED", "The client does not have permission for manifest",
				`{"manifest":"list.manifest.json"}`,
			},
			DetailKey: "description",
			BodyLimit: 1 << 20,
		},
	},
	"quay": {
		Username: "org+robot", Password: "secret-quay", Token: true, Referrers: true,
		Quirks: Quirks{Late: 1, DetailKey: "message"}, // detail: podman-container-tools/container-libs 248
	},
	"ecr": {
		Username: "AWS", Password: "secret-ecr", ImmutableTags: true, MissingStatus: http.StatusNotFound,
		NoMount:  true, // unless the account's BLOB_MOUNTING is on: aws/containers-roadmap 2860
		PageSize: 1000,
		Quirks: Quirks{
			Subject: Refusal{http.StatusMethodNotAllowed, "UNSUPPORTED", "Invalid parameter at 'ImageManifest' failed to satisfy constraint", ""},
		},
	},
	"gar": {
		Username: "oauth2accesstoken", Password: "secret-gar", Token: true, Referrers: true,
		Quirks: Quirks{DanglingTag: true},
	},
	"acr": {
		Username: "00000000-0000-0000-0000-000000000000", Password: "secret-acr", Token: true, Referrers: true,
		Quirks: Quirks{
			Late: 1, AccessToken: true,
			Immutable: Refusal{ // a locked image: Azure/azure-sdk-for-net 22827
				http.StatusMethodNotAllowed, "REGISTRY_DISALLOWED_OPERATION",
				"The operation is disallowed on this registry, repository or image.", "{}",
			},
		},
	},
	"ghcr": {
		Username: "octocat", Password: "secret-ghcr", Token: true,
		Quirks: Quirks{
			AbsentRepository:   Refusal{http.StatusForbidden, "DENIED", "requested access to the resource is denied", ""},
			ReferrersElsewhere: true,
			NoTags:             Refusal{http.StatusForbidden, "DENIED", "requested access to the resource is denied", ""},
			NoDelete:           unsupported,
		},
	},
	"gitlab": {
		Username: "deploy-token-1", Password: "secret-gitlab", Token: true, TokenElsewhere: true,
		Quirks: Quirks{DashIsDigest: true},
	},
	"harbor": {
		Username: "robot$team+ci", Password: "secret-harbor", Token: true, Referrers: true,
		Quirks: Quirks{
			NoTags:    Refusal{http.StatusForbidden, "FORBIDDEN", "forbidden", ""}, // a robot without "list"
			Immutable: Refusal{http.StatusPreconditionFailed, "PRECONDITION", "Failed to process request due to 'a:1' configured as immutable.", ""},
		},
	},
	"nexus": {
		Username: "ci", Password: "secret-nexus",
		NoTagDelete: true,
		Quirks: Quirks{
			PlainTypes: true,
			TagDelete:  Refusal{http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown", ""}, // regclient/regclient 258
			Immutable: Refusal{ // redeploy disabled: GoogleContainerTools/jib 3057
				http.StatusBadRequest, "BLOB_UPLOAD_INVALID", "blob upload invalid",
				`"Repository does not allow updating assets: docker"`,
			},
		},
	},
	"docker-hub": {
		Username: "user", Password: "secret-hub", Token: true, TokenElsewhere: true,
		Quirks: Quirks{
			PullLimit:       100,
			SubjectAbsent:   Refusal{http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown", ""},
			ClaimsReferrers: true,
			NoDelete:        unsupported, // docker/hub-feedback 2360
		},
	},
	"zot-1": {
		Username: "ci", Password: "secret-zot", Referrers: true,
		Quirks: Quirks{SubjectAbsent: Refusal{http.StatusInternalServerError, "", "", ""}},
	},
}

var unsupported = Refusal{http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported.", ""}

// Profile returns a registry as people have it, by name. Options are the caller's to change.
func Profile(name string) Options {
	options, ok := profiles[name]
	if !ok {
		panic("no profile " + name)
	}
	return options
}

// Profiles returns the names of all profiles, sorted.
func Profiles() []string { return slices.Sorted(maps.Keys(profiles)) }
