// Terraform-provider-harnessci manages the images that Harness CI, IaCM, IDP and Database DevOps run builds
// with.
package main

import (
	_ "embed"
	"flag"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/harnessci/terraform-provider-harnessci/internal/provider"
)

// address is where the provider is published; configurations name it as "harnessci/harnessci".
const address = "registry.terraform.io/harnessci/harnessci"

// errorsPage explains each error and warning, which end with the address of their heading there.
//
//go:embed templates/guides/errors.md.tmpl
var errorsPage string

// version is set by the linker (-X main.version=1.2.3), so it must stay a variable.
var version = "dev"

const (
	// heapGrowth, in percent, is how much the heap grows before a collection. With Go's 100 the first
	// one comes while the CLI waits for the schema, in each of the processes of a plan.
	heapGrowth = 200

	// memoryGoal is where the garbage collector begins to work harder: more than is ever needed at a time,
	// even if a server sends as much as is read.
	memoryGoal = 80 << 20
)

func main() {
	attach := flag.Bool("debug", false, "run as a server that a debugger can attach to")
	flag.Parse()
	if !*attach {
		outlive(os.Getppid())
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}

	var options []tf6server.ServeOpt
	if *attach {
		options = append(options, tf6server.WithManagedDebug())
	}
	err := tf6server.Serve(address, provider.Server(version, errorsPage), options...)
	if err != nil {
		log.Fatal(err)
	}
}

// outlive lets the CLI, this process's parent, decide when to end: a CI system that cancels a job sends SIGTERM to
// all of its processes at once, and the CLI waits for what is under way, to put it into the state. Only after
// a CLI that has died does SIGTERM end the provider, too.
func outlive(parent int) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		for os.Getppid() == parent {
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // nothing cancels a wait for another process
		}
		os.Exit(1)
	}()
}
