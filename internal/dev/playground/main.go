// Playground keeps a fake Harness and a container registry running, and prints what to paste into another
// terminal to try the provider on them. `make playground` sets what it needs.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// latency is what makes parallel writes overlap, as they do on the real server.
const latency = 300 * time.Millisecond

//go:embed main.tf
var configuration string

//go:embed guide.txt.tmpl
var guide string

func main() {
	opts := fakeharness.Options{Latency: latency, APIKey: "pat.playground"}
	flag.BoolVar(&opts.ForeignFields, "foreign-fields", false, "list fields of IaCM and IDP among the defaults of ci, as Harness does since 2026")
	flag.BoolVar(&opts.ECS, "ecs", false, "serve the infra ECS")
	flag.BoolVar(&opts.DBOpsResetObjects, "dbops-objects", false, "let resets of Database DevOps take objects, not names")
	flag.BoolFunc("aliases", "store IACMTerraformTag and IACMOpentofuTag under the names that the defaults list", func(string) error {
		opts.Aliases = fakeharness.IaCMAliases()
		return nil
	})
	flag.Parse()
	os.Exit(script.Run("playground", func(t *script.T) {
		t.Check(open(t, opts, os.Stdout))
		<-t.Over()
	}))
}

// open starts the servers, which run until t ends, and prints what to try.
func open(t clitest.TB, opts fakeharness.Options, out io.Writer) error {
	harness := fakeharness.Start(t, opts)
	hub, private := fakeregistry.Start(t, fakeregistry.Options{}), fakeregistry.Start(t, fakeregistry.Options{})
	control := &fakeserver.Server{}
	control.Init(outage(harness))
	control.Start(t)
	gitClone, digest := harness.Defaults("ci/K8")["gitCloneTag"], ""
	for i, image := range slices.Compact(slices.Sorted(maps.Values(harness.Defaults("ci/K8")))) {
		content := fakeregistry.Multi(uint64(i), "linux/amd64", "linux/arm64")
		hub.Push(image, content)
		if image == gitClone {
			digest = content.Children[1].Digest() // linux/arm64
		}
	}
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	values := map[string]string{
		"Dir": clitest.New(t, configuration, nil).Path(""), "CLI": cli, "Name": strings.TrimSuffix(filepath.Base(cli), ".exe"), "Hub": hub.Host(),
		"Registry": private.Host(), "Control": control.URL(), "Digest": digest, "Repository": gitClone[:strings.LastIndex(gitClone, ":")],
	}
	maps.Copy(values, harness.Env())
	return template.Must(template.New("guide").Parse(guide)).Execute(out, values)
}

// outage makes Harness answer 503 for so many seconds: POST /outage?seconds=20.
func outage(harness *fakeharness.Server) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		length, err := time.ParseDuration(r.URL.Query().Get("seconds") + "s")
		if r.Method != http.MethodPost || r.URL.Path != "/outage" || err != nil {
			http.Error(w, "only POST /outage?seconds=20", http.StatusBadRequest)
			return
		}
		harness.Inject(fakeharness.Fault{Times: -1, Status: http.StatusServiceUnavailable, Body: "<html>Service Unavailable</html>"})
		time.AfterFunc(length, harness.ClearFaults)
		fmt.Fprintf(w, "Harness answers 503 for %s\n", length) //nolint:gosec // a duration, not what was sent
	}
}
