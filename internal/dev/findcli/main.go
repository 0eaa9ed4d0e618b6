// Findcli finds the Terraform or OpenTofu that the tests, the demo and the benchmarks run, and prints the
// variables for it as shell `export` lines. If there is none, it builds OpenTofu. Run it in the
// repository's root.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// overrideVar is the test library's own variable; it takes precedence over PATH.
const overrideVar = "TF_ACC_TERRAFORM_PATH"

func main() {
	oldest := flag.Bool("supported", false,
		"accept any version that the provider supports, instead of one that runs every test")
	openTofu := flag.String("opentofu", "", "build this version of OpenTofu, such as 1.10.10, and use it")
	flag.Parse()

	minimum := complete
	if *oldest {
		minimum = supported
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := finder{root: ".", log: os.Stderr}
	var found cli
	var err error
	if *openTofu != "" {
		found, err = f.build(ctx, *openTofu)
	} else {
		found, err = f.find(ctx, minimum)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "findcli:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "using", found)
	found.export(os.Stdout)
}

// export prints what terraform-plugin-testing and clitest need to run the CLI, apart from what the
// user's own CLI configuration says, and without the update check, which waits for a network.
func (c cli) export(w io.Writer) {
	for _, v := range [][2]string{
		{overrideVar, c.path},
		{"TF_ACC_PROVIDER_HOST", hosts[c.product]},
		{"TF_CLI_CONFIG_FILE", os.DevNull},
		{"CHECKPOINT_DISABLE", "1"},
	} {
		fmt.Fprintf(w, "export %s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`))
	}
}
