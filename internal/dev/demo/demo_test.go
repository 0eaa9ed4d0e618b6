package main

import (
	"slices"
	"strings"
	"testing"
)

// planOutput is what Terraform and OpenTofu print alike.
const planOutput = `
Note: Objects have changed outside of Terraform

Terraform will perform the following actions:

  # harnessci_image_override.k8["gitCloneTag"] will be updated in-place
  ~ resource "harnessci_image_override" "k8" {
        id     = "ci/K8/gitCloneTag"
      ~ value  = "harness/drone-git:1" -> "harness/drone-git:2"
        # (3 unchanged attributes hidden)
    }

  # harnessci_image_copy.private["a/b:1"] will be created
  + resource "harnessci_image_copy" "private" {
      + digest      = "sha256:8baf91d8fa8cf9d5166fc1aaa8add59a55da9a34d9d7cbb4b5d7e3a1ed1cc0bc"
      + id          = "127.0.0.1:5000/a/b:1"
    }

Plan: 1 to add, 2 to change, 3 to destroy.

─────
Note: You didn't use the -out option to save this plan.
`

func TestCondenseKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	want := []string{
		`~ harnessci_image_override.k8["gitCloneTag"]`,
		`    ~ value  = "harness/drone-git:1" -> "harness/drone-git:2"`,
		`+ harnessci_image_copy.private["a/b:1"]`,
		`    + digest      = "sha256:8baf91d8fa8c…"`,
		`Plan: 1 to add, 2 to change, 3 to destroy.`,
	}
	if got := condense(planOutput); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, line := range []string{
		"No changes. Your infrastructure matches the configuration.",
		"Apply complete! Resources: 0 added, 0 changed, 0 destroyed.",
		"Destroy complete! Resources: 10 destroyed.",
	} {
		if got := condense("\n" + line + "\n"); !slices.Equal(got, []string{line}) {
			t.Errorf("got %q, want %q", got, line)
		}
	}
}

func TestPlanned(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]changes{
		planOutput: {1, 2, 3},
		"Plan: 7 to import, 4 to add, 5 to change, 6 to destroy.\n":    {4, 5, 6},
		"No changes. Your infrastructure matches the configuration.\n": {},
	} {
		if got := planned(output); got != want {
			t.Errorf("%q: got %v, want %v", output, got, want)
		}
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := &screen{w: &out}
	s.step("One")
	s.put("   ", dim, "$ tofu plan")
	s.file("a {\n}\n")
	s.excerpt([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"})
	s.holds("%d found", 9)

	want := "\n1. One\n   $ tofu plan\n   │ a {\n   │ }\n     1\n     2\n     3\n     4\n     5\n     … and 3 more\n     9\n   ✓ 9 found\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestScreenColorsWholeLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	(&screen{w: &out, color: true}).holds("found")
	if want := "\x1b[32m   ✓ found\x1b[0m\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"short":             {"short"},
		"0123456789":        {"0123456789"},
		"0123456 89 bcd":    {"0123456 89", "  bcd"},
		"012345 7 -> 9 bcd": {"012345 7", "  -> 9 bcd"},
		"0123456789abcdef":  {"012345678…"},
		"ééééééé éé éé":     {"ééééééé éé", "  éé"},
	} {
		if got := wrap(text, 10); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
