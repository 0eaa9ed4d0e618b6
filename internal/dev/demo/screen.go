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

// screen prints the demo, and keeps what it printed.
type screen struct {
	w     io.Writer
	color bool
	steps int
	lines []line
}

// line is one line of the screen, and the style of the whole of it.
type line struct {
	Text  string
	Style style
}

// style is the SGR parameter of a terminal.
type style string

const (
	plain style = ""
	bold  style = "1"
	dim   style = "2"
	red   style = "31"
	green style = "32"
)

// newScreen prints to w; color is auto, always or never.
func newScreen(w *os.File, color string) *screen {
	info, err := w.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{w: w, color: color == "always" || color == "auto" && terminal && os.Getenv("NO_COLOR") == ""}
}

func (s *screen) title(text string) { s.put("", bold, text) }

// step begins a step with one line about what it shows.
func (s *screen) step(what string) {
	s.steps++
	s.write(line{})
	s.put("", bold, fmt.Sprintf("%d. %s", s.steps, what))
}

// command shows what is run.
func (s *screen) command(args ...string) { s.put("   ", dim, "$ "+strings.Join(args, " ")) }

// excerpt shows all lines, or the first few and the last.
func (s *screen) excerpt(lines []string) {
	const most, head = 8, 5
	if len(lines) > most {
		rest := fmt.Sprintf("… and %d more", len(lines)-head-1)
		lines = append(append(lines[:head:head], rest), lines[len(lines)-1])
	}
	s.all(lines)
}

// all shows every line.
func (s *screen) all(lines []string) {
	for _, line := range lines {
		s.put("     ", plain, line)
	}
}

// file shows what is added to the configuration.
func (s *screen) file(content string) {
	for text := range strings.Lines(content) {
		s.put("   │ ", dim, strings.TrimRight(text, "\n"))
	}
}

// holds shows a claim that was verified.
func (s *screen) holds(format string, args ...any) {
	s.put("   ", green, "✓ "+fmt.Sprintf(format, args...))
}

// harms shows what went wrong, as it was meant to.
func (s *screen) harms(format string, args ...any) {
	s.put("   ", red, "✗ "+fmt.Sprintf(format, args...))
}

func (s *screen) put(indent string, style style, text string) {
	for _, text := range wrap(text, width-utf8.RuneCountInString(indent)) {
		s.write(line{strings.TrimRight(indent+text, " "), style})
	}
}

func (s *screen) write(l line) {
	s.lines = append(s.lines, l)
	if s.color && l.Style != plain {
		l.Text = "\x1b[" + string(l.Style) + "m" + l.Text + "\x1b[0m"
	}
	fmt.Fprintln(s.w, l.Text)
}

// wrap breaks text into lines of at most limit columns: before an arrow, else at a space, else anywhere.
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
