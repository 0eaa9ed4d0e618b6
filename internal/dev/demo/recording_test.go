package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestRenderIsXMLThatShowsEveryLineAndEndsAtTheLast(t *testing.T) {
	var lines []line
	for range 40 {
		lines = append(lines, line{"a < b & c", green}, line{})
	}
	svg := render(lines)
	decoder := xml.NewDecoder(strings.NewReader(svg))
	shown := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && string(text) == "a < b & c" {
			shown++
		}
	}
	if shown != 40 {
		t.Errorf("%d of 40 lines with text are shown", shown)
	}
	if got := strings.Count(svg, "translateY"); got != 80 {
		t.Errorf("%d steps for 80 lines", got)
	}
	if !strings.Contains(svg, "translate(0 -1026)") { // (26-80) rows of 19 pixels
		t.Error("without motion it does not show the last lines")
	}
}
