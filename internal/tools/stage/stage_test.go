//go:build unix

package stage

import (
	"maps"
	"slices"
	"testing"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	line := func(call, status string) string {
		return `12:00:00 POST "/gateway/ci/execution-config/` + call + `" ci/K8 ` + status + " 2 fields\n"
	}
	before := parseLog(line("update-config", "200"))
	after := parseLog(line("update-config", "200") + line("update-config", "429") + "noise\n" +
		line("reset-config", "-") + line("get-customer-config", "200") + line("get-default-config", "200"))
	got := after[len(before):]
	want := Requests{{"update-config", 429}, {"reset-config", 0}, {"get-customer-config", 200}, {"get-default-config", 200}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got.Writes() != 2 || got.Reads() != 2 || got.Count("get-customer-config") != 1 {
		t.Errorf("got %d writes, %d reads and %d reads of overrides, want 2, 2 and 1",
			got.Writes(), got.Reads(), got.Count("get-customer-config"))
	}
	if got.Answered(200) != 2 || got.Answered(429) != 1 {
		t.Errorf("got %d answers 200 and %d 429, want 2 and 1", got.Answered(200), got.Answered(429))
	}
}

func TestParseExports(t *testing.T) {
	t.Parallel()
	got := parseExports("export A='http://127.0.0.1:1/gateway'\nexport B=2\nnoise\n")
	if want := map[string]string{"A": "http://127.0.0.1:1/gateway", "B": "2"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
