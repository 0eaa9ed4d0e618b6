package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
)

// What make test-registry sets: programs of real registries, as name=path, and nginx.
const (
	registriesEnv = "HARNESSCI_TEST_REGISTRIES"
	nginxEnv      = "HARNESSCI_TEST_NGINX"
)

const realUser, realPassword = "team", "secret-of-a-team"

// realHash is bcrypt of realPassword.
const realHash = "$2y$05$FY1DzS7sRoIXzZ3jL2.uA.sePYJOMF5onsUP7TmPa2aazqwoISbdC"

// remote is the store of a real registry.
type remote struct{ fakeregistry.Remote }

func (r remote) push(t *testing.T, reference string, c fakeregistry.Content) {
	t.Helper()
	_, err := r.Push(t.Context(), reference, c)
	must(t, err)
}

func (r remote) tag(t *testing.T, reference string) string {
	t.Helper()
	return r.Tag(t.Context(), reference)
}

func (r remote) lacks(t *testing.T, repository string, c fakeregistry.Content) []string {
	t.Helper()
	return r.Lacks(t.Context(), repository, c)
}

func (r remote) lose(t *testing.T, repository, digest string) {
	t.Helper()
	must(t, r.Delete(t.Context(), repository, digest))
}

func TestRealRegistriesConform(t *testing.T) {
	t.Parallel()
	programs := strings.Fields(os.Getenv(registriesEnv))
	if len(programs) == 0 {
		t.Skip("make test-registry runs this with real registries")
	}
	for _, program := range programs {
		name, path, _ := strings.Cut(program, "=")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := startReal(t, name, path)
			conform(t, func(*testing.T) product { return direct })
			for proxy, locations := range proxies {
				t.Run(proxy, func(t *testing.T) {
					t.Parallel()
					if os.Getenv(nginxEnv) == "" {
						t.Skip("there is no nginx; make test-registry NGINX=required fails without")
					}
					behind := direct
					behind.variant = proxy + "-"
					behind.host = network.name(t, proxy, forward(startNginx(t, direct.host, locations)))
					if proxy == "prefix" {
						behind.prefix = "mirror/"
					}
					conform(t, func(*testing.T) product { return behind })
				})
			}
		})
	}
}

// proxies are how people configure nginx in front of a registry. Both leave the limit of bodies at 1 MiB.
var proxies = map[string]string{
	// The registry writes http://host:80/ into Location.
	"port": `location / { proxy_set_header Host $host:80; proxy_pass http://registry; }`,
	// The registry is one of several below a path, and does not know of it.
	"prefix": `
		location = /v2/ { proxy_set_header Host $host; proxy_pass http://registry; }
		location /v2/mirror/ {
			proxy_set_header Host $host;
			proxy_pass http://registry/v2/;
			proxy_redirect ~^(?:https?://[^/]+)?/v2/(.*)$ http://$host/v2/mirror/$1;
		}`,
}

// startNginx runs nginx in front of a registry and returns its address.
func startNginx(t *testing.T, upstream, locations string) string {
	t.Helper()
	dir := t.TempDir()
	return serve(t, func(host string) (*exec.Cmd, error) {
		config := fmt.Sprintf(`
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {}
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	upstream registry { server %s; }
	server { listen %s; %s }
}`, upstream, host, locations)
		cmd := exec.Command(os.Getenv(nginxEnv), "-p", dir, "-e", "error.log", "-c", "nginx.conf") //nolint:forbidigo,gosec // until the end of the test
		return cmd, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600)
	})
}

// serve runs a program until the end of the test and returns its address.
func serve(t *testing.T, command func(host string) (*exec.Cmd, error)) string {
	t.Helper()
	r, err := realregistry.Serve(t.Context(), command)
	must(t, err)
	t.Cleanup(r.Stop)
	return r.Host
}

// startGitea runs Gitea with a user and returns its address. The program is in the folder of its sources, which it reads.
func startGitea(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	ini := filepath.Join(dir, "app.ini")
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(program, append(args, "--config", ini, "--work-path", dir)...) //nolint:forbidigo,gosec // until the end of the test
		cmd.Env = append(os.Environ(), "HOME="+dir)
		return cmd
	}
	return serve(t, func(host string) (*exec.Cmd, error) {
		_, port, _ := strings.Cut(host, ":")
		config := fmt.Sprintf(`
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %s
ROOT_URL = http://%s/
STATIC_ROOT_PATH = %s
OFFLINE_MODE = true
[database]
DB_TYPE = sqlite3
PATH = %s
[security]
INSTALL_LOCK = true
PASSWORD_HASH_ALGO = argon2$2$4096$1$32
[log]
LEVEL = Error
[cron]
ENABLED = false
`, port, host, filepath.Dir(program), filepath.Join(dir, "gitea.db"))
		if err := os.WriteFile(ini, []byte(config), 0o600); err != nil {
			return nil, err
		}
		for _, args := range [][]string{
			{"migrate"},
			{"admin", "user", "create", "--admin", "--username", realUser, "--password", realPassword, "--email", "x@example.invalid", "--must-change-password=false"},
		} {
			if out, err := command(args...).CombinedOutput(); err != nil && !strings.Contains(string(out), "already exists") {
				return nil, fmt.Errorf("gitea %s: %w: %s", args[0], err, out)
			}
		}
		return command("web"), nil
	})
}

func startReal(t *testing.T, name, program string) product {
	t.Helper()
	p := product{username: realUser, password: realPassword}
	if name == "gitea" {
		p.host = startGitea(t, program)
	} else {
		p.host = startDistribution(t, program)
	}
	p.store = remote{fakeregistry.Remote{URL: "http://" + p.host, Username: p.username, Password: p.password}}
	return p
}

func startDistribution(t *testing.T, program string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "htpasswd")
	must(t, os.WriteFile(file, []byte(realUser+":"+realHash+"\n"), 0o600))
	r, err := realregistry.Start(t.Context(), program, t.TempDir(), fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", file))
	must(t, err)
	t.Cleanup(r.Stop)
	return r.Host
}
