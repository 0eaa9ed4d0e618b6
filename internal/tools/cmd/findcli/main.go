// Findcli finds the CLI that the acceptance tests run and prints, as shell `export` lines, the
// variables that terraform-plugin-testing needs for it. It builds OpenTofu where there is none.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/harnessci/terraform-provider-harnessci/internal/tools/cli"
)

func main() {
	root := flag.String("root", ".", "the repository's root")
	oldest := flag.Bool("supported", false,
		"be content with any version that the provider supports, instead of one that runs every test")
	flag.Parse()

	minimum := cli.Complete
	if *oldest {
		minimum = cli.Supported
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	found, err := cli.Finder{Root: *root, Log: os.Stderr}.Find(ctx, minimum)
	if err != nil {
		fmt.Fprintln(os.Stderr, "findcli:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "using", found)
	for _, v := range found.TestEnv() {
		name, value, _ := strings.Cut(v, "=")
		fmt.Printf("export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
}
