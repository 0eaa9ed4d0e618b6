//go:build unix

// Copybench compares copies of images with crane, regctl and skopeo on real registries, and prints the
// results as JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

func main() {
	if exit, started := copybench.Child(); started {
		os.Exit(exit)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "copybench:", err)
		os.Exit(1)
	}
}

func run() error {
	runs := flag.Int("runs", 3, "how often each tool copies everything")
	quick := flag.Bool("quick", false, "layers a hundred times smaller, to try out the program")
	program := flag.String("registry", "docker-registry", "the program that runs a registry")
	bin := flag.String("bin", "", "a folder with tools that are not on PATH")
	flag.Parse()

	path, err := exec.LookPath(*program)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "copybench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // below the temporary folder
	o := copybench.Options{
		Registry: path, Dir: dir, Runs: *runs, Quick: *quick, Paths: map[string]string{},
		Log: func(s string) { fmt.Fprintln(os.Stderr, s) },
	}
	for _, tool := range []string{"crane", "regctl", "skopeo"} {
		if file := filepath.Join(*bin, tool); *bin != "" && exists(file) {
			o.Paths[tool] = file
		}
	}
	r, err := copybench.Measure(context.Background(), o)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func exists(file string) bool {
	info, err := os.Stat(file)
	return err == nil && !info.IsDir()
}
