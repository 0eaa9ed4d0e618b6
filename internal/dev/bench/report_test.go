//go:build unix

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/copybench"
)

// runs is a point of which every run came to the same.
func runs(overrides, stored, requests int, wall time.Duration) point {
	one := sample{Wall: wall, Requests: requests, Stored: stored}
	return point{Overrides: overrides, Samples: []sample{one, one, one}}
}

func someResults() results {
	limited := runs(53, 53, 24, 2*time.Second)
	limited.Least = 1600 * time.Millisecond
	return results{
		Taken:   map[string]taken{"limits": {Date: "2020-01-02"}, "scale": {Busy: 44}},
		Machine: machine{CPU: "a processor", Cores: 2, Latency: 100 * time.Millisecond},
		Compared: []compared{
			{Name: "this & `that`", Ours: true, Points: []point{runs(1, 1, 6, time.Second), limited}},
			{Name: "another", Points: []point{runs(1, 1, 1, time.Second), runs(53, 6, 106, 4*time.Second)}},
			{Name: "nothing", Points: []point{runs(1, 0, 0, time.Second), runs(53, 0, 0, time.Second)}},
		},
		Reports: []told{{"a_resource", "destroy", 29, 26, time.Second}},
		Cost: cost{
			Alone:    50 * time.Millisecond,
			Bare:     loaded{Plan: 120 * time.Millisecond, First: 100 * time.Millisecond},
			Provider: loaded{Plan: 140 * time.Millisecond, First: 109 * time.Millisecond, Peak: 20 << 20, Binary: 19_100_000},
		},
		Copies: &copybench.Results{
			Images: 29, Distinct: 1_100_000_000, Missing: []string{"another", "a third"},
			Tools: []copybench.Tool{{
				Name: copybench.Ours, Version: "this", Runs: []copybench.Run{{Wall: 4 * time.Second}}, Idle: []copybench.Run{{Wall: time.Second}},
			}, {
				Name: "one tool", Version: "1.2", Sent: 1_156_000_000, Altered: 3,
				Runs: []copybench.Run{{Wall: 6 * time.Second, CPU: 2 * time.Second, Peak: 20 << 20}}, Idle: []copybench.Run{{Wall: time.Second}},
				Source: copybench.Requests{All: 437}, Destination: copybench.Requests{All: 1286},
				IdleSource: copybench.Requests{All: 29}, IdleDestination: copybench.Requests{All: 30, ManifestHead: 27},
			}},
		},
		Scale:    []bulk{{Way: "a_resource", Overrides: 500, Command: "plan", Reads: 2}},
		Accounts: []bulk{{Way: "some_resource", Overrides: 2000, Accounts: 50, Command: "apply", Writes: 250, Args: "-x"}},
		Verified: []verified{{"a_resource", "-y", "plan", 29, 30, 400 * time.Millisecond, 455 * time.Millisecond}},
		Size:     []module{{"a/module", 2_345_678}, {"a/light/one", 2_000}, {"another", 3_000}},
		Limits:   []limit{{Name: "a limit", PerMinute: 20, Overrides: 100, TurnedAway: 4}},
	}
}

func TestMarkdownHasEveryFigure(t *testing.T) {
	t.Parallel()
	got, err := someResults().markdown()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"src=\"internal/dev/bench/overrides.svg\"",
		"srcset=\"internal/dev/bench/copies-dark.svg\"",
		"| one tool | 1.2 | 6.0 s | 2.0 s | 20.0 MiB | 1156.0 MB | 3 |\n",
		"| one tool | 437, 1,286 | 0 + 0 + 0, 0 + 0 + 0 | 29, 30 | 0 + 0 + 0, 27 + 0 + 0 | 1.0 s |\n",
		"others takes 1.50 times as long",
		"| a/module | 2345 kB |\n| 2 others together | 5 kB |\n",
		"left out: another, a third.",
		"without `Retry-After`. Measured on 2020-01-02.",
		"than without it. **Other work kept the processors busy (44 %) when this was measured**",
		"| | 1 | 53 |\n|---|---|---|\n",
		"| **this & `that`** | 1.00 s<br>6 requests<br>1 stored, 0 lost | 2.00 s, 1.25 × the least<br>24 requests<br>53 stored, 0 lost |\n",
		"| another | 1.00 s<br>1 request<br>1 stored, 0 lost | 4.00 s<br>106 requests<br>6 stored, **47 lost** |\n",
		"| nothing | 1.00 s | 1.00 s |\n",
		"| plan of one resource | 50 ms | 120 ms | 140 ms | |\n",
		"| first request leaves after | | 100 ms | 109 ms, +9 ms | +10 ms |\n",
		"| `a_resource` | destroy | 29 | **26** | 1.0 s |\n",
		"| 20.0 MiB | 40 MiB |\n",
		"| 19.1 MB | 22 MB |\n",
		"| 500 by `a_resource` | plan | 2 | 0 |",
		"| 2,000 by `some_resource` in 50 accounts, `-x` | apply | 0 | 250 |",
		"| `a_resource`, `-y` | plan | 29 | 30 | 400 ms | 455 ms | +55 ms |\n",
		"| 100, a limit | 20 a minute | 0 | 4 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
}

func TestChartsAreXMLOfWhatWasMeasured(t *testing.T) {
	t.Parallel()
	wanted := map[string][]string{
		"internal/dev/bench/overrides.svg":      {"this &amp; that", ">47 lost<", ">2.0 s, 24 requests<", "#ffffff"},
		"internal/dev/bench/overrides-dark.svg": {"this &amp; that", ">47 lost<", "#0d1117"},
		"internal/dev/bench/copies.svg":         {">one tool<", ">6.0 s<", ">1156 MB, 3 digests altered<"},
		"internal/dev/bench/copies-dark.svg":    {">one tool<"},
	}
	charts := someResults().charts()
	if len(charts) != len(wanted) {
		t.Errorf("there are %d charts, want %d", len(charts), len(wanted))
	}
	for name, parts := range wanted {
		got := charts[name]
		decoder := xml.NewDecoder(strings.NewReader(got))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v:\n%s", name, err, got)
			}
		}
		for _, want := range parts {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, got)
			}
		}
		if strings.Contains(got, "nothing") {
			t.Errorf("%s shows what stores nothing", name)
		}
	}
}

func TestSymbolsAreWeighedByModule(t *testing.T) {
	t.Parallel()
	got := weigh(`
  12ab 100 T example.com/a.Do
  12ac  20 D example.com/a/inner.table
  12ad   7 T example.com/ab.(*B).Do[go.shape.int]
  12ae  50 R type:*example.com/a.T
  12af   3 T runtime.main
  12b0 900 B example.com/a.zeroes
       900 U example.com/a.elsewhere
`, []string{"example.com/a", "example.com/ab"})
	want := []module{{"example.com/a", 120}, {sharedTypes, 50}, {"example.com/ab", 7}, {standardLibrary, 3}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMedianIsTheMiddleOrTheLowerOfTwo(t *testing.T) {
	t.Parallel()
	walls := func(walls ...time.Duration) point {
		p := point{Overrides: 10}
		for i, wall := range walls {
			p.Samples = append(p.Samples, sample{Wall: wall, Requests: i, Stored: 7})
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

func TestConfigAsksForTheOverridesInEachWay(t *testing.T) {
	t.Parallel()
	groups := []wanted{
		{infra: "K8", images: map[string]string{"bTag": "b:1", "aTag": "a:1"}},
		{account: "account-2", infra: "K8", images: map[string]string{"cTag": "c:1"}},
	}
	for w, parts := range map[way][]string{
		single: {
			`harnessci = { source = "harnessci/harnessci" }`,
			"resource \"harnessci_image_override\" \"k8\" {\n  for_each = {\n    aTag = \"a:1\"\n    bTag = \"b:1\"\n  }\n  infra = \"K8\"\n",
			"provider \"harnessci\" {\n  alias      = \"account-2\"\n  account_id = \"account-2\"\n}\n",
			"\"account-2\" {\n  provider = harnessci.account-2\n",
		},
		set:     {"\"k8\" {\n  infra  = \"K8\"\n  images = {\n    aTag = \"a:1\"\n    bTag = \"b:1\"\n  }\n}\n"},
		vendor:  {`harness = { source = "harness/harness" }`, "  kind = \"ci\"\n  infra_type = \"K8\"\n  field = each.key\n"},
		idle:    {`bare = { source = "harnessci/bare" }`, "  field = each.key\n"},
		builtIn: {"  required_providers {\n  }\n", "  input = each.value\n"},
	} {
		got := w.config(groups...)
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("the configuration of %s lacks %q:\n%s", w, part, got)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 2000: "2,000", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
