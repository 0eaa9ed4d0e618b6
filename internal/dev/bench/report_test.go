package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// runs is a point of which every run came to the same.
func runs(overrides, stored, requests int, wall time.Duration) point {
	one := sample{Wall: wall, Requests: requests, Stored: stored}
	return point{Overrides: overrides, Samples: []sample{one, one, one}}
}

func someResults() results {
	limited := runs(53, 53, 24, 2*time.Second)
	limited.Least = 1600 * time.Millisecond
	const ms = time.Millisecond
	r := results{
		Machine: machine{CPU: "a processor", Cores: 2, Latency: 100 * ms},
		Compared: []compared{
			{Name: "this & `that`", Ours: true, Points: []point{runs(1, 1, 6, time.Second), limited}},
			{Name: "one request", Points: []point{runs(1, 1, 1, time.Second), runs(53, 6, 106, 4*time.Second)}},
			{Name: "nothing", Points: []point{runs(1, 0, 0, time.Second), runs(53, 0, 0, time.Second)}},
		},
		Copies: &copies{
			Images: 29, Distinct: 1_100_000_000, Missing: []string{"another", "a third"},
			Tools: []copied{
				{Name: ours, Version: "this", Walls: times{4 * time.Second}, CPUs: times{1}, Idles: times{1}},
				{
					Name: "one tool", Version: "1.2", Altered: 3,
					Walls: times{6 * time.Second}, CPUs: times{2 * time.Second}, Idles: times{time.Second},
					Counts:     [2]counts{{All: 437}, {All: 1286, Sent: 1_156_000_000}},
					IdleCounts: [2]counts{{All: 29}, {All: 30, Manifests: map[string]int{"HEAD": 27}}},
				},
			},
		},
		Scale: []bulk{
			{Way: "a_resource", Overrides: 500, Command: "plan", Requests: 2},
			{Way: "some_resource", Overrides: 2000, Accounts: 50, Command: "apply", Requests: 251, Writes: 250, Args: "-x"},
		},
		Verified: []verified{{"a_resource", "-y", "plan", 29, 30, times{400 * ms}, times{455 * ms}}},
	}
	r.Cost.Bare = cost{Plans: times{120 * ms}, Firsts: times{100 * ms}, CPUs: times{ms}}
	r.Cost.Ours = cost{Plans: times{150 * ms, 140 * ms, 130 * ms}, Firsts: times{109 * ms}, CPUs: times{ms}, Binary: 19_100_000}
	return r
}

func TestReportHasEveryFigure(t *testing.T) {
	t.Parallel()
	files, err := someResults().files()
	if err != nil {
		t.Fatal(err)
	}
	for name, parts := range map[string][]string{
		"BENCHMARKS.md": {
			"| one tool | 1.2 | 6.0 s | 2.0 s | 1156.0 MB | 3 |\n",
			"| one tool | 437, 1286 | 0 + 0 + 0, 0 + 0 + 0 | 29, 30 | 0 + 0 + 0, 27 + 0 + 0 | 1.0 s |\n",
			"others takes 1.50 times as long",
			"left out: another, a third.",
			"| | 1 | 53 |\n|---|---|---|\n",
			"| **this & `that`** | 1.00 s<br>6 requests<br>1 stored, 0 lost | 2.00 s, 1.25 × the least<br>24 requests<br>53 stored, 0 lost |\n",
			"| one request (a loop in Go) | 1.00 s<br>1 request<br>1 stored, 0 lost | 4.00 s<br>106 requests<br>6 stored, **47 lost** |\n",
			"| nothing | 1.00 s | 1.00 s |\n",
			"`make bench` repeats it only with a binary",
			"| plan of one resource | 120 ms | 140 ms | |\n",
			"| first request leaves after | 100 ms | 109 ms, +9 ms | +10 ms |\n",
			"| 19.1 MB | 22 MB |\n",
			"| 500 by `a_resource` | plan | 2 | 0 |",
			"| 2000 by `some_resource` in 50 accounts, `-x` | apply | 1 | 250 |",
			"| `a_resource`, `-y` | plan | 29 | 30 | 400 ms | 455 ms | +55 ms |\n",
		},
		"internal/dev/bench/overrides.svg":      {"this &amp; that", ">47 lost<", ">2.0 s, 24 requests<", ">53 overrides: parallel writes lose 47 of them, this provider loses 0<", "#ffffff", `height="202"`},
		"internal/dev/bench/overrides-dark.svg": {"this &amp; that", ">47 lost<", "#0d1117"},
	} {
		got := files[name]
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s lacks %q:\n%s", name, part, got)
			}
		}
		if !strings.HasSuffix(name, ".svg") {
			continue
		}
		for decoder := xml.NewDecoder(strings.NewReader(got)); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func TestMediansAndLosses(t *testing.T) {
	t.Parallel()
	if got := (times{9, 1, 5}).Median(); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
	if got := (times{9, 1, 5, 6}).Median(); got != 5 {
		t.Errorf("of an even number: got %d, want 5", got)
	}
	if got := runs(10, 7, 1, 1).Lost(); got != 3 {
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
		set:      {"\"k8\" {\n  infra  = \"K8\"\n  images = {\n    aTag = \"a:1\"\n    bTag = \"b:1\"\n  }\n}\n"},
		official: {`harness = { source = "harness/harness" }`, "  kind = \"ci\"\n  infra_type = \"K8\"\n  field = each.key\n"},
		idle:     {`bare = { source = "harnessci/bare" }`, "  field = each.key\n"},
	} {
		got := w.config(groups...)
		for _, part := range parts {
			if !strings.Contains(got, part) || strings.Contains(got, "%!") {
				t.Errorf("the configuration of %s lacks %q:\n%s", w, part, got)
			}
		}
	}
}
