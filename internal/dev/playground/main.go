// Playground keeps a fake Harness and a container registry running, and prints what to paste into another
// terminal to try the provider on them. `make playground` sets what it needs.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	opts := fakeharness.Options{Latency: latency, APIKey: "pat.playground"}
	flag.BoolVar(&opts.ForeignFields, "foreign-fields", false, "list fields of IaCM and IDP among the defaults of ci, as Harness does since 2026")
	flag.BoolVar(&opts.ECS, "ecs", false, "serve the infra ECS")
	flag.BoolVar(&opts.DBOpsResetObjects, "dbops-objects", false, "let resets of Database DevOps take objects, not names")
	flag.BoolFunc("aliases", "store IACMTerraformTag and IACMOpentofuTag under the names that the defaults list", func(string) error {
		opts.Aliases = fakeharness.IaCMAliases()
		return nil
	})
	flag.Parse()
	err := run(ctx, opts, os.Getenv("TF_ACC_TERRAFORM_PATH"), os.Getenv("HARNESSCI_TEST_PROVIDER_DIR"), os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "playground:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. The CLI and the folder of the built provider go into what it prints.
func run(ctx context.Context, opts fakeharness.Options, cli, providers string, out io.Writer) error {
	if cli == "" || providers == "" {
		return errors.New("start it with make playground")
	}
	dir, err := os.MkdirTemp("", "harnessci-playground-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // below the temporary folder

	harness := fakeharness.New(opts)
	hub, private := fakeregistry.New(fakeregistry.Options{}), fakeregistry.New(fakeregistry.Options{})
	control := &fakeserver.Server{}
	control.Init(outage(harness))
	servers := []interface {
		Listen(ctx context.Context, addr string) error
		Serve() error
		Close()
	}{harness, hub, private, control}
	var serving errgroup.Group
	for _, s := range servers {
		if err := s.Listen(ctx, "127.0.0.1:0"); err != nil {
			return err
		}
		defer s.Close()
		serving.Go(s.Serve)
	}
	gitClone, digest := harness.Defaults("ci/K8")["gitCloneTag"], ""
	for i, image := range slices.Compact(slices.Sorted(maps.Values(harness.Defaults("ci/K8")))) {
		content := fakeregistry.Multi(uint64(i), "linux/amd64", "linux/arm64")
		hub.Push(image, content)
		if image == gitClone {
			digest = content.Children[1].Digest() // linux/arm64
		}
	}
	values := map[string]string{
		"Dir": dir, "CLI": cli, "Name": strings.TrimSuffix(filepath.Base(cli), ".exe"), "Hub": hub.Host(), "Registry": private.Host(),
		"Control": control.URL(), "Digest": digest, "Repository": gitClone[:strings.LastIndex(gitClone, ":")],
	}
	maps.Copy(values, harness.Env())
	settings := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"harnessci/harnessci\" = %q\n  }\n}\n", providers)
	err = cmp.Or(os.WriteFile(filepath.Join(dir, "main.tf"), []byte(configuration), 0o600),
		os.WriteFile(filepath.Join(dir, "cli.tfrc"), []byte(settings), 0o600),
		template.Must(template.New("guide").Parse(guide)).Execute(out, values))
	if err != nil {
		return err
	}
	<-ctx.Done()
	for _, s := range servers {
		s.Close()
	}
	return serving.Wait()
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
