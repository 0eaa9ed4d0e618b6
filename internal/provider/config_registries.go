package provider

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// envVerifyImages is used in place of the attribute verify_images.
const envVerifyImages = "HARNESSCI_VERIFY_IMAGES"

// verification says which overrides are looked up in their registry before they are stored.
type verification string

// The values of verify_images.
const (
	verifyWhenReachable verification = "when_reachable"
	verifyRequired      verification = "required"
	verifyOff           verification = "off"
)

// registryModel is one element of registries in the provider block.
type registryModel struct {
	Username types.String `tfsdk:"username"`
	Password types.String `tfsdk:"password"`
	Insecure types.Bool   `tfsdk:"insecure"`
}

// registryLogin is how to reach one registry; without a username, the block sets no login.
type registryLogin struct {
	username, password string
	insecure           bool
}

// registriesAttribute is registries in the provider block.
func registriesAttribute() schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Optional: true,
		MarkdownDescription: "Container registries to log in to, by host with an optional port, such as " +
			"`registry.example.com:5000`; `docker.io` is Docker Hub. A key may continue with a path, such as " +
			"`registry.example.com/team-a`: its login is for the repositories below that path (a robot of a Harbor project, a " +
			"GitLab deploy token), and the longest key that matches wins. Each login is sent only to that registry and " +
			"its token server. For a registry that is not listed, the provider uses the login in Docker's config " +
			"file (`$DOCKER_CONFIG`, `~/.docker/config.json`), its credential helpers or `REGISTRY_AUTH_FILE`, or " +
			"none.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"username": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "User name, such as `AWS` for Amazon ECR or `oauth2accesstoken` for Google Artifact Registry.",
			},
			"password": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Password or token of the user, such as the one from the data source " +
					"`aws_ecr_authorization_token`.",
			},
			"insecure": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to use plain http for the registry. Loopback addresses do not need it. " +
					"Not for keys with a path. Defaults to `false`.",
			},
		}},
	}
}

// verifyImagesAttribute is verify_images in the provider block.
func verifyImagesAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "How strictly to check that each image is in its registry before the override is " +
			"stored. A missing image is a warning in the plan and an error in the apply, before anything is " +
			"written. With `\"when_reachable\"`, an image that cannot be looked up is a warning in plan and apply, one " +
			"for each cause: the image connector cannot be read (it needs `core_connector_view`), or a registry refuses " +
			"the login, limits requests or does not answer within 3 s. So is an image that its registry has and builds " +
			"may not be able to run: a platform of the index is gone, `" + pulls.Platform + "` is not among its platforms, " +
			"or it is an artifact. Docker Hub and Amazon ECR Public would count that look as a pull: there, only the tag is looked " +
			"up. With `\"required\"`, all that is an error; with `\"off\"`, no image is looked up. Defaults to the environment variable `" + envVerifyImages + "`, " +
			"then to `\"" + string(verifyWhenReachable) + "\"`.",
	}
}

// verification returns how images are verified.
func (r *resolver) verification(value types.String) verification {
	setting, source := r.setting("verify_images", value, envVerifyImages)
	if setting == "" {
		return verifyWhenReachable
	}
	mode, err := spelled("value", []verification{verifyWhenReachable, verifyRequired, verifyOff}, setting)
	if err != nil {
		r.fail("verify_images", "As set by "+source+", "+err.Error()+".")
	}
	return mode
}

// registries returns the logins by host, or host and path. known is false while any part of them is not;
// whatever needs no registry still works.
func (r *resolver) registries(value types.Map) (logins map[string]registryLogin, known bool) {
	if value.IsUnknown() {
		return nil, false
	}
	logins, known = map[string]registryLogin{}, true
	named := map[string]string{}
	elements := value.Elements()
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		element, ok := elements[key].(types.Object)
		if !ok || element.IsUnknown() {
			known = false
			continue
		}
		canonical, problem := registryKey(key)
		if problem != "" {
			r.fail("registries", "A key of registries "+problem+". A key is a host with an optional port, such as "+
				"registry.example.com:5000, or docker.io for Docker Hub, and may continue with a path, such as "+
				"registry.example.com/team-a.")
			continue
		}
		if other, twice := named[canonical]; twice {
			r.fail("registries", fmt.Sprintf("%s and %s are the same registry. Keep one of them.", other, key))
			continue
		}
		named[canonical] = key
		login, whole := r.registry(key, element)
		logins[canonical], known = login, known && whole
	}
	return logins, known
}

// registry returns one login, and whether all of it is known.
func (r *resolver) registry(key string, element types.Object) (login registryLogin, known bool) {
	var model registryModel
	attributes := element.Attributes()
	model.Username, _ = attributes["username"].(types.String)
	model.Password, _ = attributes["password"].(types.String)
	model.Insecure, _ = attributes["insecure"].(types.Bool)
	if model.Username.IsUnknown() || model.Password.IsUnknown() || model.Insecure.IsUnknown() {
		return registryLogin{}, false
	}
	login = registryLogin{model.Username.ValueString(), model.Password.ValueString(), model.Insecure.ValueBool()}
	host, path, _ := strings.Cut(key, "/")
	if problem := login.problem(model, path); problem != "" {
		r.fail("registries", "The entry "+key+": "+problem)
	} else if login.insecure && login.password != "" && !isLoopback(hostname(host)) {
		r.diags.AddWarning("A registry of the provider's registries is not encrypted",
			"Anyone on the network path to "+host+" can read the password. Use https.")
	}
	return login, true
}

// problem says why a login cannot be used.
func (l registryLogin) problem(model registryModel, path string) string {
	switch {
	case path != "" && l.insecure:
		return "insecure is for a whole registry. Set it at the key that is the host alone."
	case model.Username.IsNull() && !model.Password.IsNull():
		return "password is set but username is not. A token needs a user name, too; see the registry's documentation."
	case model.Password.IsNull() && !model.Username.IsNull():
		return "username is set but password is not."
	case !model.Username.IsNull() && l.username == "":
		return "username is an empty string. Without a username and a password, Docker's own login is used."
	case !model.Password.IsNull() && (l.password == "" || strings.TrimSpace(l.password) != l.password):
		return "password is empty, or begins or ends with white space. The usual cause is a file's trailing newline, which " +
			"trimspace(file(...)) removes."
	}
	return ""
}

// registryKey returns a key as imageref writes it, or why it cannot be one. Messages never show a key that
// may contain a password.
func registryKey(key string) (canonical, problem string) {
	host, path, below := strings.Cut(key, "/")
	canonical = imageref.CanonicalHost(host)
	switch {
	case strings.Contains(key, "://"):
		return "", "has a scheme (https://); leave it out"
	case strings.Contains(key, "@"):
		return "", "contains a user name or password; use username and password"
	case canonical == "" && strings.Contains(host, ":"):
		return "", "does not begin with a host and a port" // it may be a login
	case canonical == "":
		return "", "does not begin with a host: " + text.Quote(key)
	case below && !isRepository(path):
		return "", "has a path that no repository begins with: " + text.Quote(key)
	case below:
		canonical += "/" + path
	}
	return canonical, ""
}

// isRepository reports whether a path may be that of a repository.
func isRepository(path string) bool {
	image, err := imageref.Parse("registry.example/" + path)
	return err == nil && image.Repository == path && image.Tag+image.Digest == ""
}

// hostname returns a host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
