//go:build unix

package main

import (
	"cmp"
	"debug/buildinfo"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What symbols are counted under that belong to no module.
const (
	standardLibrary = "the Go runtime and standard library"
	sharedTypes     = "types and strings, which the linker merges"
)

// size returns the size of the modules that the provider is linked from, by the linker's symbols, the
// largest first: machine code and data, without the tables of function addresses.
func (l *lab) size() []module {
	l.say("what the provider is linked from")
	binary := filepath.Join(l.TempDir(), "provider")
	// As `make build` builds it, except for the symbols, which that strips.
	build := exec.CommandContext(l.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", binary, ".") //nolint:gosec // into a temporary folder
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	l.Check(build.Run())
	info, err := buildinfo.ReadFile(binary)
	l.Check(err)
	symbols, err := exec.CommandContext(l.Context(), "go", "tool", "nm", "-size", binary).Output() //nolint:gosec // just built
	l.Check(err)
	paths := []string{info.Main.Path}
	for _, dependency := range info.Deps {
		paths = append(paths, dependency.Path)
	}
	return weigh(string(symbols), paths)
}

// weigh adds up the sizes of symbols, as `go tool nm -size` lists them, by module.
func weigh(symbols string, paths []string) (out []module) {
	sizes := map[string]int64{}
	for line := range strings.Lines(symbols) {
		fields := strings.Fields(line) // address, size, kind, name
		if len(fields) < 4 || strings.ContainsAny(fields[2], "bBU") {
			continue // takes no room in the file
		}
		size, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil || fields[3] == zeroed {
			continue
		}
		sizes[owner(fields[3], paths)] += size
	}
	for name, size := range sizes {
		out = append(out, module{name, size})
	}
	slices.SortFunc(out, func(a, b module) int { return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Name, b.Name)) })
	return out
}

// zeroed is listed as data but is not in the file.
const zeroed = "crypto/internal/fips140/drbg.memory"

// owner returns the module that a symbol belongs to.
func owner(symbol string, paths []string) string {
	if strings.HasPrefix(symbol, "type:") || strings.HasPrefix(symbol, "go:") {
		return sharedTypes
	}
	found := standardLibrary
	longest := 0
	for _, path := range paths {
		rest, ok := strings.CutPrefix(symbol, path)
		if ok && strings.IndexAny(rest, "./") == 0 && len(path) > longest {
			found, longest = path, len(path)
		}
	}
	return found
}
