//go:build unix

// Demo walks through the life of image overrides with a real CLI, the built provider and the fake
// API, and checks at each step that what it says is so. It expects .bin/terraform-provider-harnessci
// and .bin/fakeharness.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
	"github.com/harnessci/terraform-provider-harnessci/internal/tools/stage"
)

// latency is what makes parallel writes overlap, as they do on the real server.
const latency = "100ms"

func main() {
	root := flag.String("root", ".", "the repository's root")
	color := flag.String("color", "auto", "auto (on a terminal, unless NO_COLOR is set), always or never")
	flag.Parse()

	// SIGHUP and SIGPIPE too: a closed terminal or pager must not leave the fake running.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	out := newScreen(os.Stdout, *color)
	err := run(ctx, *root, out)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case interrupted:
		fmt.Fprintln(os.Stderr, "demo: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	default:
		out.title("Nothing is left running.")
	}
}

// run sets the stage, walks, and leaves nothing behind whatever happens.
func run(ctx context.Context, root string, out *screen) (err error) {
	bin, err := filepath.Abs(filepath.Join(root, ".bin"))
	if err != nil {
		return fmt.Errorf("finding the binaries: %w", err)
	}
	found, err := cli.Finder{Root: root, Log: os.Stderr}.Find(ctx, cli.Supported)
	if err != nil {
		return err
	}
	began := time.Now()
	dir, err := os.MkdirTemp("", "harnessci-demo-")
	if err != nil {
		return fmt.Errorf("making a folder to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	fake, err := stage.StartFake(ctx, filepath.Join(bin, "fakeharness"), filepath.Join(dir, "requests.log"), "-latency", latency)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fake.Stop()) }()

	out.title("%s, and a fake Harness API at %s", found.Name(), fake.Env["HARNESS_ENDPOINT"])
	w, err := newWorkspace(found, bin, dir, fake, out)
	if err != nil {
		return err
	}
	if err := walk(ctx, w); err != nil {
		return err
	}
	out.title("\nDone in %.0f s.", time.Since(began).Seconds())
	return nil
}
