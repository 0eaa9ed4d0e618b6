// Demo walks through the life of the images that builds run, with a real CLI, the built provider and
// in-process fakes, and verifies what it says at each step. `make demo` sets what it needs.
package main

import (
	"flag"
	"os"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
)

func main() {
	color := flag.String("color", "auto", "auto (on a terminal, unless NO_COLOR is set), always or never")
	record := flag.String("record", "", "write what is shown to this file, as an SVG that plays it")
	flag.Parse()
	os.Exit(script.Run("demo", func(t *script.T) {
		out := newScreen(os.Stdout, *color)
		tell(t, out)
		if *record != "" {
			picture, err := render(out.lines)
			t.Check(err)
			t.Check(os.WriteFile(*record, []byte(picture), 0o644)) //nolint:gosec // to be read by all
		}
	}))
}
