package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/realregistry"
)

// registriesEnv is what make test-registry sets: programs of real registries, as name=path.
const registriesEnv = "HARNESSCI_TEST_REGISTRIES"

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
			real := startReal(t, path)
			conform(t, func(*testing.T) product { return real })
		})
	}
}

func startReal(t *testing.T, program string) product {
	t.Helper()
	file := filepath.Join(t.TempDir(), "htpasswd")
	must(t, os.WriteFile(file, []byte(realUser+":"+realHash+"\n"), 0o600))
	r, err := realregistry.Start(t.Context(), program, t.TempDir(), fmt.Sprintf("auth: {htpasswd: {realm: test, path: %q}}\n", file))
	must(t, err)
	t.Cleanup(r.Stop)
	p := product{host: r.Host, username: realUser, password: realPassword}
	p.store = remote{fakeregistry.Remote{URL: "http://" + p.host, Username: p.username, Password: p.password}}
	return p
}
