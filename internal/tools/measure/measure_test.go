//go:build unix

package measure

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	wanted := overrides{
		{infra: "K8", images: map[string]string{"bTag": "b:1", "aTag": "a:1"}},
		{account: 2, infra: "VM", images: map[string]string{"cTag": "c:1"}},
	}
	if got := wanted.count(); got != 3 {
		t.Errorf("counts %d overrides, want 3", got)
	}
	config := func(w way) string {
		return w.config(wanted, func(n int) string { return fmt.Sprintf("account-%d", n) })
	}
	for w, parts := range map[way][]string{
		single: {
			`harnessci = { source = "harnessci/harnessci" }`,
			"resource \"harnessci_image_override\" \"a0_k8\" {\n  for_each = {\n    aTag = \"a:1\"\n    bTag = \"b:1\"\n  }\n  infra = \"K8\"\n",
			"provider \"harnessci\" {\n  alias      = \"a2_vm\"\n  account_id = \"account-2\"\n}\n",
			"\"a2_vm\" {\n  provider = harnessci.a2_vm\n",
		},
		set:     {"\"a0_k8\" {\n  infra  = \"K8\"\n  images = {\n    aTag = \"a:1\"\n    bTag = \"b:1\"\n  }\n}\n"},
		idle:    {`bare = { source = "harnessci/bare" }`, "  field = each.key\n"},
		builtIn: {"  input = each.value\n"},
	} {
		got := config(w)
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("the configuration of %s lacks %q:\n%s", w, part, got)
			}
		}
	}
	if got := builtIn.config(wanted[:1], nil); strings.Contains(got, "required_providers") {
		t.Errorf("the CLI's own resource needs no provider:\n%s", got)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	walls := func(walls ...time.Duration) Point {
		p := Point{Overrides: 10}
		for i, wall := range walls {
			p.Samples = append(p.Samples, Sample{Wall: wall, Requests: i, Stored: 7})
		}
		return p
	}
	if got := walls(9, 1, 5).Wall(); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
	if got := walls(9, 1, 5, 6).Wall(); got != 5 {
		t.Errorf("of an even number: got %d, want 5", got)
	}
	if got := walls(1).Lost(); got != 3 {
		t.Errorf("got %d lost, want 3", got)
	}
}

func TestProcesses(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	p := processes{
		{Start: at(0), End: at(10), CPU: 1, Peak: 5},
		{Start: at(1), End: at(2), CPU: 2, Peak: 9},
		{Start: at(3), End: at(11), CPU: 4, Peak: 7},
		{Start: at(9), End: at(12), CPU: 8, Peak: 1},
	}
	if p.cpu() != 15 || p.peak() != 9 || p.atOnce() != 3 {
		t.Errorf("got %d of processor time, a peak of %d and %d at once, want 15, 9 and 3", p.cpu(), p.peak(), p.atOnce())
	}
}
