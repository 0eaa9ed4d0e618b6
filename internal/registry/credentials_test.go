package registry

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const (
	user   = "robot"
	secret = "hunter2-secret"
)

// logins are the kinds of login that a registry may require.
var logins = map[string]fakeregistry.Options{
	"basic":                {Username: user, Password: secret},
	"token":                {Username: user, Password: secret, Token: true},
	"token server apart":   {Username: user, Password: secret, Token: true, TokenElsewhere: true},
	"storage on its own":   {Username: user, Password: secret, Token: true, Redirect: true},
	"basic, storage apart": {Username: user, Password: secret, Redirect: true},
}

func TestALoginOfTheConfigurationIsUsed(t *testing.T) {
	t.Parallel()
	for name, options := range logins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, options)
			server.Push("a/b:1", fakeregistry.Image("linux/amd64", fakeregistry.Layer(1, 10)))
			var log recorder
			c := newClient(t, func(c *Config) {
				c.Hosts, c.Log = map[string]Host{server.Host(): {Username: user, Password: secret}}, log.log
			})
			_, err := c.Inspect(t.Context(), server.Host()+"/a/b:1")
			must(t, err)
			_, err = c.Tags(t.Context(), server.Host()+"/a/b")
			must(t, err)
			_, err = c.Catalog(t.Context(), &url.URL{Scheme: "http", Host: server.Host()})
			must(t, err)
			for _, r := range server.Requests() {
				if elsewhere := strings.HasPrefix(r.Host, "localhost"); elsewhere && r.Kind != "token" && r.Authorization != "" {
					t.Errorf("%s %s at %s got a credential", r.Method, r.Path, r.Host)
				}
			}
			for _, entry := range log.entries {
				if line := fmt.Sprint(entry); strings.Contains(line, "secret") || strings.Contains(line, "?") {
					t.Errorf("logged: %s", line)
				}
			}
			if log.entries == nil {
				t.Error("nothing was logged")
			}
		})
	}
}

func TestAWrongPasswordIsDenied(t *testing.T) {
	t.Parallel()
	for name, options := range logins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, options)
			c := newClient(t, func(c *Config) {
				c.Hosts = map[string]Host{server.Host(): {Username: user, Password: "wrong-secret"}}
			})
			_, err := c.Head(t.Context(), server.Host()+"/a/b:1")
			if e := told(t, err, Denied); strings.Contains(e.Error(), "secret") || e.Status != http.StatusUnauthorized {
				t.Errorf("%v", e)
			}
		})
	}
}

func TestAnExpiredTokenIsRenewed(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, logins["token"])
	server.Push("a/b:1", multi(1))
	c := newClient(t, func(c *Config) { c.Hosts = map[string]Host{server.Host(): {Username: user, Password: secret}} })
	for range 3 {
		_, err := c.Head(t.Context(), server.Host()+"/a/b:1")
		must(t, err)
		server.ExpireTokens()
	}
	if n := server.Count("", "token"); n != 3 {
		t.Errorf("%d tokens", n)
	}
}

// configure writes a file of credentials and points a variable at it.
func configure(t *testing.T, variable, content string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	must(t, os.WriteFile(file, []byte(content), 0o600))
	if variable == "REGISTRY_AUTH_FILE" {
		t.Setenv("DOCKER_CONFIG", t.TempDir())
		dir = file
	}
	t.Setenv(variable, dir)
}

func encoded() string { return base64.StdEncoding.EncodeToString([]byte(user + ":" + secret)) }

func TestFilesOfCredentialsAreRead(t *testing.T) {
	for _, variable := range []string{"DOCKER_CONFIG", "REGISTRY_AUTH_FILE"} {
		for _, key := range []string{"%s", "%s/", "%s/v1/", "%s/v2/", "%s/v2", "http://%s/v2/", "https://%s", "%s/a", "%s/a/b"} {
			t.Run(variable+" "+key, func(t *testing.T) {
				server := fakeregistry.Start(t, logins["basic"])
				server.Push("a/b:1", multi(1))
				configure(t, variable, `{"auths":{"`+fmt.Sprintf(key, server.Host())+`":{"auth":"`+encoded()+`"}}}`)
				_, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1")
				must(t, err)
			})
		}
	}
}

func TestACredentialIsOnlyForItsPath(t *testing.T) {
	server := fakeregistry.Start(t, logins["basic"])
	server.Push("a/b:1", multi(1))
	for variable, want := range map[string]bool{"REGISTRY_AUTH_FILE": false, "DOCKER_CONFIG": true} { // Docker's last resort
		t.Setenv("REGISTRY_AUTH_FILE", "")
		configure(t, variable, `{"auths":{"`+server.Host()+`/other":{"auth":"`+encoded()+`"}}}`)
		_, err := newClient(t, nil).Head(t.Context(), server.Host()+"/a/b:1")
		if want {
			must(t, err)
		} else {
			wantKind(t, err, Denied)
		}
	}
}

// The longest path wins, in a file and in the client's own configuration; what is configured comes first.
func TestTheLoginOfTheLongestPathIsUsed(t *testing.T) {
	robot := func(name string) Host { return Host{Username: name, Password: "password of " + name} }
	hosts := map[string]Host{
		"registry.example": robot("host"), "registry.example/team": robot("team"), "Registry.example/team/app/": robot("app"),
		"docker.io/harness": robot("hub"), "insecure.example": {Insecure: true}, "registry.example/none": {},
	}
	auths := map[string]map[string]string{}
	for key, login := range hosts {
		auths[key] = map[string]string{"username": login.Username, "password": login.Password}
	}
	file, err := json.Marshal(map[string]any{"auths": auths})
	must(t, err)
	for name, c := range map[string]*credentials{"configured": newCredentials(hosts), "file": newCredentials(nil)} {
		if name == "file" {
			configure(t, "REGISTRY_AUTH_FILE", string(file))
		}
		for image, want := range map[string]string{
			"registry.example/team/app":     "app",
			"registry.example/team/app/sub": "app",
			"registry.example/team/apple":   "team",
			"registry.example/team":         "team",
			"registry.example/teams/app":    "host",
			"registry.example/other":        "host",
			"harness/ci-addon":              "hub",
			"library/alpine":                "",
			"insecure.example/a":            "",
			"other.example/team/app":        "",
		} {
			r, err := parse(image)
			must(t, err)
			got, err := c.find(t.Context(), r.host, r.repo)
			if err != nil || got.username != want {
				t.Errorf("%s, %s: %q, want %q (%v)", name, image, got.username, want, err)
			}
		}
	}
}

func TestDockerHubIsOneRegistryByAllItsNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com", "registry.docker.io", "Docker.io"} {
		c := newCredentials(map[string]Host{name: {Username: user, Password: secret}})
		for _, image := range []string{"harness/ci-addon:1", "docker.io/harness/ci-addon:1", "index.docker.io/harness/ci-addon:1", "registry-1.docker.io/harness/ci-addon:1", "registry.hub.docker.com/harness/ci-addon:1"} {
			r, err := parse(image)
			must(t, err)
			auth, err := c.find(t.Context(), r.host, r.repo)
			must(t, err)
			if auth.username != user || r.String() != "docker.io/harness/ci-addon:1" {
				t.Errorf("%s with a login for %s: %+v", r, name, auth)
			}
		}
	}
	for image, want := range map[string]string{
		"alpine":                        "docker.io/library/alpine:latest",
		"registry-1.docker.io/alpine:3": "docker.io/library/alpine:3",
		"ghcr.io/alpine:3":              "ghcr.io/alpine:3",
		"hub.docker.com/a/b:3":          "hub.docker.com/a/b:3", // a website: builds cannot pull from it
	} {
		if r, err := parse(image); err != nil || r.String() != want {
			t.Errorf("%s is %s, want %s (%v)", image, r, want, err)
		}
	}
	if apiHost(dockerHub) != "registry-1.docker.io" {
		t.Error(apiHost(dockerHub))
	}
}

func TestAnUnreadableFileMattersOnlyIfALoginIsRequired(t *testing.T) {
	public, private := fakeregistry.Start(t, fakeregistry.Options{}), fakeregistry.Start(t, logins["basic"])
	public.Push("a/b:1", multi(1))
	configure(t, "DOCKER_CONFIG", `{"auths": secret}`)
	c := newClient(t, nil)
	_, err := c.Head(t.Context(), public.Host()+"/a/b:1")
	must(t, err)
	_, err = c.Head(t.Context(), private.Host()+"/a/b:1")
	if e := told(t, err, Denied); !strings.Contains(e.Error(), "is not valid JSON") || strings.Contains(e.Error(), "secret") {
		t.Error(e)
	}
}
