// Command notices writes the licences and notices of every module that the provider links, on any system
// that a release is built for, as one text. It fails if a module has no licence.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// systems are what a release is built for; imports differ by them.
var systems = []string{"darwin", "freebsd", "linux", "windows"}

var legal = regexp.MustCompile(`(?i)^(licen[cs]e|notice|copying|copyright|patents)([.-].*)?$`)

func main() {
	out := flag.String("o", "", "file to write; default: standard output")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) error {
	modules, err := linked(ctx, flag.Args())
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := write(&text, modules); err != nil {
		return err
	}
	if out == "" {
		_, err = text.WriteTo(os.Stdout)
		return err
	}
	return os.WriteFile(out, text.Bytes(), 0o644) //nolint:gosec // it goes into a release, for everyone to read
}

// module is what `go list -json` says about one.
type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module
}

func (m module) String() string { return strings.TrimSpace(m.Path + " " + m.Version) }

// linked returns the modules of the packages' imports but the main one, sorted; the Go standard
// library, which is linked too, comes first.
func linked(ctx context.Context, packages []string) ([]module, error) {
	goroot, err := goCommand(ctx, "", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(goroot), "\n")
	found := map[string]module{}
	for _, system := range systems {
		list, err := goCommand(ctx, system, append([]string{"list", "-deps", "-json=Module"}, packages...)...)
		if err != nil {
			return nil, err
		}
		for decoder := json.NewDecoder(strings.NewReader(list)); ; {
			var item struct{ Module *module }
			if err := decoder.Decode(&item); err == io.EOF {
				break
			} else if err != nil {
				return nil, err
			}
			if m := item.Module; m != nil && !m.Main {
				found[m.Path] = *cmp.Or(m.Replace, m)
			}
		}
	}
	modules := slices.SortedFunc(maps.Values(found), func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return append([]module{{Path: "Go standard library", Version: version, Dir: root}}, modules...), nil
}

func goCommand(ctx context.Context, system string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are the Makefile's
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if system != "" {
		cmd.Env = append(cmd.Env, "GOOS="+system)
	}
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	return string(output), err
}

// write groups modules whose texts are the same, so that each text appears once.
func write(w io.Writer, modules []module) error {
	users := map[string][]module{}
	var texts []string
	for _, m := range modules {
		text, err := legalText(m)
		if err != nil {
			return err
		}
		if users[text] == nil {
			texts = append(texts, text)
		}
		users[text] = append(users[text], m)
	}
	fmt.Fprintf(w, "terraform-provider-harnessci contains the following third-party software, under the licences "+
		"that follow.\n")
	for _, text := range texts {
		fmt.Fprintf(w, "\n%s\n", strings.Repeat("=", 80))
		for _, m := range users[text] {
			fmt.Fprintln(w, m)
		}
		fmt.Fprintf(w, "%s\n\n%s\n", strings.Repeat("=", 80), text)
	}
	return nil
}

// legalText returns the licences and notices at the root of a module.
func legalText(m module) (string, error) {
	entries, err := os.ReadDir(m.Dir)
	if err != nil {
		return "", fmt.Errorf("%s: %w", m, err)
	}
	var texts []string
	for _, entry := range entries {
		if entry.IsDir() || !legal.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.Dir, entry.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("%s has no licence at its root", m)
	}
	return strings.Join(texts, "\n\n"), nil
}
