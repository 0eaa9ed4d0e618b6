// Recording turns what a command prints in a terminal into an SVG that plays it: the demo's output
// on standard input, the picture on standard output.
package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	var lines []line
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		lines = append(lines, parse(in.Text()))
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
	if len(lines) == 0 {
		fmt.Fprintln(os.Stderr, "recording: standard input is empty")
		os.Exit(1)
	}
	fmt.Print(render(lines))
}
