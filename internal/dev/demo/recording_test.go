package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestRenderShowsEachStepOnAPageAndSumsUpOnTheLast(t *testing.T) {
	lines := []line{{"The daily job", bold}, {}, {"1. First", bold}, {"   │ terraform {", dim}, {`   │ data "harnessci_x" "y" {`, dim}}
	for range 10 {
		lines = append(lines, line{"   │   more", dim})
	}
	lines = append(lines, line{"   ✓ a < b & c", green}, line{"2. Second", bold}, line{"   ✗ lost", red}, line{"Done. Nothing is left running.", bold})
	picture, err := render(lines)
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(strings.NewReader(picture))
	var shown []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			shown = append(shown, string(text))
		}
	}
	code := slices.Repeat([]string{"   │   more"}, mostCode-1)
	want := slices.Concat([]string{"make demo", "The daily job", "1. First", `   │ data "harnessci_x" "y" {`}, code,
		[]string{"   ✓ a < b & c", "2. Second", "   ✗ lost", "Done. Nothing is left running.", "1. First", "   ✓ a < b & c", "2. Second", "   ✗ lost"})
	if got := shown[1:]; !slices.Equal(got, want) { // after the style sheet
		t.Errorf("%q\nwant %q", got, want)
	}
}
