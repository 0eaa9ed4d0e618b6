package provider_test

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// distEnv names the folder with a built release; `make test-release` sets it.
const distEnv = "HARNESSCI_TEST_DIST"

// TestAccVersionReachesTheAPI builds with the flag that a release sets the version with.
func TestAccVersionReachesTheAPI(t *testing.T) {
	t.Parallel()
	if config := readFile(t, "../../.goreleaser.yml"); !strings.Contains(config, " -X main.version={{ .Version }}\n") {
		t.Fatal("the release sets the version in another way than this test")
	}
	fake := startFake(t, fakeharness.Options{})
	dir := clitest.New(t, `data "harnessci_default_images" "k8" {}`, fake.Env())
	bin := t.TempDir()
	args := []string{"build", "-buildvcs=false", "-ldflags", "-X main.version=9.8.7-test", "-o", bin + "/", "../.."}
	build := exec.CommandContext(t.Context(), "go", args...) //nolint:gosec // into the test's own folder
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	dir.Write("cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"harnessci/harnessci\" = %q\n  }\n}\n", bin))
	dir.Must("plan")
	requireVersion(t, fake, "9.8.7-test")
}

// requireVersion fails unless every request came from that version of the provider.
func requireVersion(t *testing.T, fake *fakeharness.Server, version string) {
	t.Helper()
	requests := fake.Requests()
	for _, request := range requests {
		if !strings.HasPrefix(request.UserAgent, "terraform-provider-harnessci/"+version+" ") {
			t.Errorf("the user agent is %q, want version %s", request.UserAgent, version)
		}
	}
	if len(requests) == 0 {
		t.Error("nothing was sent")
	}
}

// TestAccReleaseInstallsAndApplies takes the zip of this system from a mirror, as a user without the
// registry does, for the hosts of both CLIs.
func TestAccReleaseInstallsAndApplies(t *testing.T) {
	t.Parallel()
	dist := os.Getenv(distEnv)
	if dist == "" {
		t.Skipf("%s is not set: make snapshot test-release builds a release and tests it", distEnv)
	}
	archive, version := releaseZip(t, dist)
	mirror := t.TempDir()
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		copyFile(t, archive, filepath.Join(mirror, host, "harnessci", "harnessci", filepath.Base(archive)))
	}
	fake := startExampleFake(t)
	dir := example{name: "provider", files: []string{"provider.tf"}}.workspace(t, fake)
	dir.Write("provider.tf", strings.Replace(readExample(t, "provider", "provider.tf"), `"~> 0.1"`, `"`+version+`"`, 1))
	dir.Write("cli.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	if output := dir.Must("init"); !strings.Contains(output, version) {
		t.Errorf("init does not install version %s:\n%s", version, output)
	}
	dir.Must("apply", "-auto-approve")
	if len(fake.Overrides("ci/K8")) == 0 {
		t.Error("the apply stored none of it")
	}
	dir.Must("destroy", "-auto-approve")
	requireNoOverride(t, fake)
	requireVersion(t, fake, version)
}

// releaseZip returns the zip for this system, and its version, once its name and content are what
// the registry asks for.
func releaseZip(t *testing.T, dist string) (archive, version string) {
	t.Helper()
	const name = "terraform-provider-harnessci_"
	system := "_" + runtime.GOOS + "_" + runtime.GOARCH + ".zip"
	found, err := filepath.Glob(filepath.Join(dist, name+"*"+system))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s has %q for this system (%v), want one zip", dist, found, err)
	}
	version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), name), system)

	sums := readFile(t, filepath.Join(dist, name+version+"_SHA256SUMS"))
	for _, file := range []string{name + version + "_manifest.json", filepath.Base(found[0])} {
		if !strings.Contains(sums, "  "+file+"\n") {
			t.Errorf("the sums lack %s:\n%s", file, sums)
		}
	}

	files := unzip(t, found[0])
	binary := files["terraform-provider-harnessci_v"+version]
	if len(files) != 3 || binary == nil || files["LICENSE"] == nil {
		t.Fatalf("the zip contains %q", slices.Sorted(maps.Keys(files)))
	}
	requireNotices(t, binary, string(files["THIRD-PARTY-NOTICES.txt"]))
	requireMaterials(t, readFile(t, filepath.Join(dist, "terraform-provider-harnessci.cdx.json")))
	return found[0], version
}

// requireMaterials fails unless the bill of materials depends on the commit alone.
func requireMaterials(t *testing.T, content string) {
	t.Helper()
	var bill struct {
		SerialNumber string
		Metadata     struct{ Timestamp time.Time }
	}
	if err := json.Unmarshal([]byte(content), &bill); err != nil {
		t.Fatal(err)
	}
	commit, err := exec.CommandContext(t.Context(), "git", "log", "-1", "--format=%ct").Output()
	if err != nil {
		t.Fatal(err)
	}
	if made := strconv.FormatInt(bill.Metadata.Timestamp.Unix(), 10); made != strings.TrimSpace(string(commit)) || bill.SerialNumber != "" {
		t.Errorf("the bill of materials is of %s, with the number %q, and the commit of %s", made, bill.SerialNumber, commit)
	}
	if !strings.Contains(content, "terraform-plugin-framework") {
		t.Error("the bill of materials lacks the plugin framework")
	}
}

// unzip returns the files of an archive by name, a program's without .exe.
func unzip(t *testing.T, archive string) map[string][]byte {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() //nolint:errcheck // it was only read
	files := map[string][]byte{}
	for _, file := range reader.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(file.Name, ".exe")] = data
	}
	return files
}

// requireNotices fails unless the notices name every module that the program links.
func requireNotices(t *testing.T, program []byte, notices string) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) == 0 {
		t.Error("the program names no modules")
	}
	for _, module := range info.Deps {
		if !strings.Contains(notices, "\n"+module.Path+" "+module.Version+"\n") {
			t.Errorf("the notices lack %s %s", module.Path, module.Version)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(to), 0o700)
	if err == nil {
		err = os.WriteFile(to, []byte(readFile(t, from)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
