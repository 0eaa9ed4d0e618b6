package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
)

// registries is what the provider knows of container registries in one run.
type registries struct {
	// client is nil while registries in the provider block are not known.
	client *registry.Client
	// probe never retries: it is for what is not worth a wait.
	probe *registry.Client
	mode  verification
	// patience is how long the probe may wait for a host in a run.
	patience time.Duration

	// heads and probes also keep failures: each image is looked up once a run.
	heads   flight.Group[string, registry.Descriptor]
	probes  flight.Group[string, registry.Descriptor]
	budgets budgets
	// greetings are those that were sent ahead of lookups, by host, once a run.
	greetings flight.Group[string, struct{}]

	mu sync.Mutex
	// made are the images that copies of this run create, as imageref writes them in full.
	made map[string]bool
}

// newRegistries builds the clients from checked settings. It sends nothing.
func newRegistries(s settings, config registry.Config) *registries {
	if !s.registriesKnown {
		return &registries{mode: s.verifyImages}
	}
	config.Hosts = map[string]registry.Host{}
	for host, login := range s.registries {
		config.Hosts[host] = registry.Host{Username: login.username, Password: login.password, Insecure: login.insecure}
	}
	probe := config
	probe.MaxRetries = 0
	return &registries{
		client: registry.New(config), probe: registry.New(probe),
		mode: s.verifyImages, patience: probePatience,
		heads:  flight.Group[string, registry.Descriptor]{KeepErrors: true},
		probes: flight.Group[string, registry.Descriptor]{KeepErrors: true},

		greetings: flight.Group[string, struct{}]{KeepErrors: true},
	}
}

// known reports whether registries can be asked.
func (r *registries) known() bool { return r != nil && r.client != nil }

// requireRegistries adds an error if an operation needs a registry before the configuration is known.
func (d *providerData) requireRegistries(operation string, diags *diag.Diagnostics) bool {
	known := d != nil && d.registry.known()
	if !known {
		diags.AddError("Could not "+operation+": the provider's configuration is not known yet",
			"A value in the provider block, such as a password in registries, comes from a resource that has not been "+
				"applied. Apply that resource first (-target), or take the value from a variable.")
	}
	return known
}

// head returns the descriptor of a reference. It is requested once a run.
func (r *registries) head(ctx context.Context, ref string) (registry.Descriptor, error) {
	return r.heads.Do(ctx, fullName(ref), func(ctx context.Context) (registry.Descriptor, error) {
		return r.client.Head(ctx, ref)
	})
}

// willMake records that a copy of this run creates an image, under all its names.
func (r *registries) willMake(destination, digest string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.made == nil {
		r.made = map[string]bool{}
	}
	image, err := imageref.Parse(destination)
	if err != nil {
		return
	}
	r.made[image.String()] = true
	image.Digest = digest
	r.made[image.String()] = true
	image.Tag = ""
	r.made[image.String()] = true
}

// makes reports whether a copy of this run creates an image.
func (r *registries) makes(ref string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.made[fullName(ref)]
}

// changed forgets a reference that was written.
func (r *registries) changed(ref string) {
	r.heads.Forget(fullName(ref))
	r.probes.Forget(fullName(ref))
}

// fullName returns a reference with its registry, so that two spellings of one image are equal.
func fullName(ref string) string {
	image, err := imageref.Parse(ref)
	if err != nil {
		return ref
	}
	return image.String()
}

// isAbsent reports whether a registry definitely does not have an image.
func isAbsent(err error) bool {
	kind, ok := registry.KindOf(err)
	return ok && (kind == registry.NotFound || kind == registry.NoRepository)
}

// registryAdvice is for a request that a registry refused or did not answer.
func registryAdvice(err error) string {
	failed, ok := errors.AsType[*registry.Error](err)
	if !ok || errors.Is(err, context.Canceled) {
		return ""
	}
	switch failed.Kind {
	case registry.NotFound:
		return "Check the tag or the digest. The data source harnessci_image_releases lists the releases that a repository has."
	case registry.NoRepository:
		return "Check the repository's name. Some registries, such as Amazon ECR, do not create repositories on " +
			"push: create it first, in ECR with aws_ecr_repository."
	case registry.Denied:
		return "The login is not allowed to do this, or there is no such repository: many registries do not say " +
			"which. Check the name, and the login for " + failed.Host + " in registries of the provider block or " +
			"in Docker's config file (docker login). Tokens of cloud registries expire within hours. A quota or a " +
			"policy may also be the cause: read the registry's message."
	case registry.RateLimited:
		return "The registry limits the number of requests from a login or an address. Wait and run again; for " +
			"Docker Hub, add a login for docker.io to registries in the provider block."
	case registry.Immutable:
		return "The registry does not allow this tag to be overwritten. Choose a tag that does not exist yet, or " +
			"allow the change in the repository's settings."
	case registry.Mismatch:
		return "The content from the registry, or from a proxy in front of it, does not match its digest, so nothing was " +
			"stored under the tag. Run again; if the error persists, the image is damaged there."
	case registry.Untrusted:
		return "The certificate of " + failed.Host + " is not trusted here. If a private CA signed it, set the " +
			"provider's ca_certificate_file to the CA's certificate in PEM format."
	case registry.Unreachable:
		return "Check the registry's name, the network and, if there is one, the proxy (HTTPS_PROXY). A registry " +
			"without https needs insecure = true in registries of the provider block."
	default: // Refused
		return "Read the registry's message: the usual reason is a quota, a policy or a read-only repository."
	}
}
