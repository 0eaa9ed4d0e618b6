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
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// maxConfig is how many bytes of a configuration file are read.
const maxConfig = 4 << 20

// credentials finds the credential for a repository.
type credentials struct {
	configured map[area]Host

	once  sync.Once
	files []*dockerConfig
	err   error

	helpers flight.Group[string, found] // one call of a helper for each server
}

// found is a credential, and why there is none although one is configured.
type found struct {
	auth credential
	why  error
}

func newCredentials(hosts map[string]Host) *credentials {
	c := &credentials{configured: make(map[area]Host, len(hosts))}
	for key, h := range hosts {
		c.configured[areaOf(key)] = h
		transport.HideLogin(h.Username, h.Password)
	}
	return c
}

// insecure reports whether a registry may be asked in clear.
func (c *credentials) insecure(host string) bool { return c.configured[area{host: host}].Insecure }

// find returns the credential for a repository, the zero value if there is none. The error says why none
// was found although one is configured: it matters only if the registry asks for one.
func (c *credentials) find(ctx context.Context, host, repo string) (credential, error) {
	withLogin := func(p area) bool { h := c.configured[p]; return h.Username != "" || h.Password != "" }
	if at, ok := longest(maps.Keys(c.configured), host, repo, withLogin); ok {
		h := c.configured[at]
		return credential{username: h.Username, password: h.Password}, nil
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
				return credential{}, err
			}
			if got.auth != (credential{}) {
				return got.auth, nil
			}
			why = cmp.Or(why, got.why)
		}
		if auth := file.auth(host, repo); auth != (credential{}) {
			return auth, nil
		}
	}
	return credential{}, why
}

// area is what a login is for: a registry, or its repositories below a path.
type area struct{ host, path string }

// areaOf reads the key of a login. Docker's tools also write a URL, or the version of the API behind a host
// (GoogleContainerTools/jib#586, kubernetes/kubernetes#3813).
func areaOf(key string) area {
	p := area{host: loginHost(key)}
	if !strings.Contains(key, "://") {
		_, p.path, _ = strings.Cut(key, "/")
	}
	if p.path = strings.Trim(p.path, "/"); p.path == "v1" || p.path == "v2" {
		p.path = ""
	}
	return p
}

// longest returns the area with the longest path that covers a repository.
func longest(areas iter.Seq[area], host, repo string, wanted func(area) bool) (best area, ok bool) {
	for p := range areas {
		covers := p.host == host && (p.path == "" || strings.HasPrefix(repo+"/", p.path+"/")) && wanted(p)
		if covers && (!ok || len(p.path) > len(best.path)) {
			best, ok = p, true
		}
	}
	return best, ok
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

	docker bool // the file is Docker's own
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
	paths, docker := configPaths()
	for _, file := range paths {
		data, err := readConfig(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		cfg := &dockerConfig{docker: file == docker}
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
// purpose, even if Docker has its own file, which is returned, too.
func configPaths() (paths []string, docker string) {
	add := func(dir string, rest ...string) {
		if dir != "" {
			paths = append(paths, filepath.Join(append([]string{dir}, rest...)...))
		}
	}
	home, _ := os.UserHomeDir() // without one there is no file in it
	add(os.Getenv("REGISTRY_AUTH_FILE"))
	before := len(paths)
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	if len(paths) > before {
		docker = paths[before]
	}
	add(os.Getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	add(os.Getenv("XDG_CONFIG_HOME"), "containers", "auth.json")
	add(home, ".config", "containers", "auth.json")
	return paths, docker
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

// auth returns the file's credential for a repository: that of the repository or the longest path above it,
// as Podman stores it, or of the host; as a last resort, in Docker's own file, that of any path of the host.
func (c *dockerConfig) auth(host, repo string) credential {
	keys := map[area]string{}
	for _, key := range slices.Sorted(maps.Keys(c.Auths)) {
		at := areaOf(key)
		if _, twice := keys[at]; !twice || key == serverName(host) {
			keys[at] = key
		}
	}
	if at, ok := longest(maps.Keys(keys), host, repo, func(area) bool { return true }); ok {
		return c.Auths[keys[at]].credential()
	}
	for _, at := range slices.SortedFunc(maps.Keys(keys), func(a, b area) int { return cmp.Compare(a.path, b.path) }) {
		if c.docker && at.host == host {
			return c.Auths[keys[at]].credential()
		}
	}
	return credential{}
}

// credential returns the entry's credential, the zero value if it has none (a helper has it).
func (s storedAuth) credential() credential {
	c := credential{
		username: s.Username, password: s.Password,
		identityToken: s.IdentityToken, registryToken: s.RegistryToken,
	}
	if decoded, err := base64.StdEncoding.DecodeString(s.Auth); err == nil && s.Auth != "" {
		c.username, c.password, _ = strings.Cut(strings.TrimRight(string(decoded), "\x00"), ":")
	}
	c.hide()
	transport.Hide(s.Auth)
	return c
}
