package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// maxConfig is how many bytes of a configuration file are read.
const maxConfig = 4 << 20

// credentials finds the credential for a registry.
type credentials struct {
	hosts map[string]Host // by canonical host

	once  sync.Once
	files []*dockerConfig
	err   error

	helpers flight.Group[string, found] // one call of a helper for each server
}

// found is a credential, or nil, and why there is none although one is configured.
type found struct {
	auth *authn.AuthConfig
	why  error
}

func newCredentials(hosts map[string]Host) *credentials {
	c := &credentials{hosts: make(map[string]Host, len(hosts))}
	for host, h := range hosts {
		c.hosts[loginHost(host)] = h
	}
	return c
}

// find returns the credential for a repository; anonymous if there is none. The error says why none was
// found although one is configured: it matters only if the registry asks for one.
func (c *credentials) find(ctx context.Context, host, repo string) (authn.Authenticator, error) {
	if h := c.hosts[host]; h.Username != "" || h.Password != "" {
		return authn.FromConfig(authn.AuthConfig{Username: h.Username, Password: h.Password}), nil
	}
	c.once.Do(func() { c.files, c.err = readDockerConfigs() })
	why := c.err
	for _, file := range c.files {
		if helper := file.helper(host); helper != "" {
			got, err := c.helpers.Do(ctx, helper+" "+host, func(ctx context.Context) (found, error) {
				auth, err := askHelper(ctx, helper, serverName(host))
				return found{auth, err}, ctx.Err()
			})
			if err != nil {
				return nil, err
			}
			if got.auth != nil {
				return authn.FromConfig(*got.auth), nil
			}
			why = cmp.Or(why, got.why)
		}
		if auth := file.auth(host, repo); auth != nil {
			return authn.FromConfig(*auth), nil
		}
	}
	return authn.Anonymous, why
}

// serverName is how Docker's tools name a registry in files and for helpers.
func serverName(host string) string {
	if host == dockerHub {
		return "https://index.docker.io/v1/"
	}
	return host
}

// dockerConfig is the relevant part of Docker's config.json and Podman's auth.json.
type dockerConfig struct {
	Auths       map[string]storedAuth `json:"auths"`
	CredHelpers map[string]string     `json:"credHelpers"`
	CredsStore  string                `json:"credsStore"`
}

// storedAuth is an entry of auths. It is decoded here because a library's error would quote it.
type storedAuth struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// readDockerConfigs reads the existing files; having none is not an error.
func readDockerConfigs() ([]*dockerConfig, error) {
	var (
		files   []*dockerConfig
		problem error
	)
	for _, file := range configPaths() {
		data, err := readConfig(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		cfg := new(dockerConfig)
		if err == nil && len(data) > 0 && json.Unmarshal(data, cfg) != nil {
			err = fmt.Errorf("%s is not valid JSON", file) // the decoder's own words may quote a secret
		}
		if err != nil {
			problem = cmp.Or(problem, fmt.Errorf("cannot read the registries' credentials: %w", err))
			continue
		}
		files = append(files, cfg)
	}
	return files, problem
}

func readConfig(file string) ([]byte, error) {
	f, err := os.Open(file) //nolint:gosec // where Docker and Podman keep it, or where the user says
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfig))
	_ = f.Close() // of what was only read
	return data, err
}

// configPaths are the files in the order of the search. REGISTRY_AUTH_FILE comes first: it is set on
// purpose, even if Docker has its own file.
func configPaths() []string {
	var paths []string
	add := func(dir string, rest ...string) {
		if dir != "" {
			paths = append(paths, filepath.Join(append([]string{dir}, rest...)...))
		}
	}
	home, _ := os.UserHomeDir() // without one there is no file in it
	add(os.Getenv("REGISTRY_AUTH_FILE"))
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	add(os.Getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	add(os.Getenv("XDG_CONFIG_HOME"), "containers", "auth.json")
	add(home, ".config", "containers", "auth.json")
	return paths
}

// helper returns the credential helper of a host: its own, or that of all hosts.
func (c *dockerConfig) helper(host string) string {
	for key, helper := range c.CredHelpers {
		if loginHost(key) == host {
			return helper
		}
	}
	return c.CredsStore
}

// auth returns the file's credential for a repository, or nil: that of the repository or a path above it,
// as Podman stores it, then of the host, then of an old-style URL.
func (c *dockerConfig) auth(host, repo string) *authn.AuthConfig {
	for key := host + "/" + repo; key != "."; key = path.Dir(key) {
		if stored, ok := c.Auths[key]; ok {
			return stored.config()
		}
	}
	if stored, ok := c.Auths[serverName(host)]; ok {
		return stored.config()
	}
	for _, key := range slices.Sorted(maps.Keys(c.Auths)) {
		if strings.Contains(key, "://") || !strings.Contains(key, "/") {
			if loginHost(key) == host {
				return c.Auths[key].config()
			}
		}
	}
	return nil
}

// config returns the credential, nil for an entry without one (a helper has it).
func (s storedAuth) config() *authn.AuthConfig {
	cfg := authn.AuthConfig{
		Username: s.Username, Password: s.Password,
		IdentityToken: s.IdentityToken, RegistryToken: s.RegistryToken,
	}
	if decoded, err := base64.StdEncoding.DecodeString(s.Auth); err == nil && s.Auth != "" {
		cfg.Username, cfg.Password, _ = strings.Cut(strings.TrimRight(string(decoded), "\x00"), ":")
	}
	if cfg == (authn.AuthConfig{}) {
		return nil
	}
	transport.HideLogin(cfg.Username, cfg.Password)
	transport.Hide(cfg.IdentityToken, cfg.RegistryToken)
	return &cfg
}
