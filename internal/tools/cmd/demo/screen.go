//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// width is that of the narrowest terminal the demo is made for, in columns.
const width = 80

// screen prints the demo.
type screen struct {
	w     io.Writer
	color bool
	steps int
}

// newScreen prints to w; color is auto, always or never.
func newScreen(w *os.File, color string) *screen {
	info, err := w.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{w: w, color: color == "always" || color == "auto" && terminal && os.Getenv("NO_COLOR") == ""}
}

// SGR parameters.
const (
	bold  = "1"
	dim   = "2"
	green = "32"
)

func (s *screen) title(format string, args ...any) {
	s.print("", bold, fmt.Sprintf(format, args...))
}

// step begins a step, and says in one line what it shows.
func (s *screen) step(what string) {
	s.steps++
	fmt.Fprintln(s.w)
	s.print("", bold, fmt.Sprintf("%d. %s", s.steps, what))
}

// command shows what is run.
func (s *screen) command(args ...string) { s.print("   ", dim, "$ "+strings.Join(args, " ")) }

// lines shows an excerpt: all, or the first few and the last.
func (s *screen) lines(lines []string) {
	const most, head = 8, 4
	if len(lines) > most {
		rest := fmt.Sprintf("… and %d more", len(lines)-head-1)
		lines = append(append(lines[:head:head], rest), lines[len(lines)-1])
	}
	s.table(lines)
}

// table shows all lines.
func (s *screen) table(lines []string) {
	for _, line := range lines {
		s.print("     ", "", line)
	}
}

// holds shows a claim that was found to hold.
func (s *screen) holds(format string, args ...any) {
	s.print("   ", green, "✓ "+fmt.Sprintf(format, args...))
}

func (s *screen) print(indent, style, text string) {
	for _, line := range wrap(text, width-len(indent)) {
		if s.color && style != "" {
			line = "\x1b[" + style + "m" + line + "\x1b[0m"
		}
		fmt.Fprintln(s.w, indent+line)
	}
}

// wrap breaks text into lines of at most limit columns: before an arrow, else at a space; what has
// neither is cut.
func wrap(text string, limit int) []string {
	const hanging = "  "
	var lines []string
	for utf8.RuneCountInString(text) > limit {
		runes := []rune(text)
		head := string(runes[:limit+1])
		at := strings.LastIndex(head, " -> ")
		if at <= len(hanging) {
			at = strings.LastIndex(head, " ")
		}
		if at <= len(hanging) {
			return append(lines, string(runes[:limit-1])+"…")
		}
		lines = append(lines, text[:at])
		text = hanging + strings.TrimLeft(text[at:], " ")
	}
	return append(lines, text)
}
