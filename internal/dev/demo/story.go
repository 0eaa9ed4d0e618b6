package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/byhand"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
)

// tell shows every step, and ends at the first that is not as it should be.
func tell(t *script.T, out *screen) {
	began := time.Now()
	s, version := newStage(t, out)
	out.title(version + ", and a fake Harness API at " + s.fake.Endpoint())
	for _, step := range []struct {
		shows string
		run   func(*stage)
	}{
		{"What everybody does: one request per override, ten at a time", today},
		{"The data source reads the images that Harness runs by default", defaults},
		{"A plan lists the overrides it would make, on K8 and on VM", plan},
		{"The apply stores them all, gathered into few writes", apply},
		{"A second plan is empty", again},
		{"Someone changes two images outside Terraform", outside},
		{"An exclusive set shows and resets an override that it does not list", exclusive},
		{"Destroy puts every image back to its default", destroy},
		{"What it cost, in requests to the API", cost},
	} {
		out.step(step.shows)
		step.run(s)
	}
	out.write(line{})
	out.title("Done in " + time.Since(began).Round(time.Second).String() + ". Nothing is left running.")
}

// today loses most overrides, and so would any client that believes the answers. It leaves no trace.
func today(s *stage) {
	images := s.fake.Defaults("ci/K8")
	for field, image := range images {
		images[field] = "registry.example.com/" + image
	}
	wanted := byhand.Images{"ci/K8": images}
	s.Check(byhand.EachAlone(s.Context(), s.fake, wanted, 10))
	stored := wanted.Stored(s.fake)
	if stored == wanted.Count() {
		s.Fatal("nothing was lost")
	}
	s.out.harms("%d sent, %d answered with success, %d stored: %d are lost, and nobody is told",
		len(images), len(images), stored, len(images)-stored)
	for field := range images {
		s.fake.RemoveOverride("ci/K8", field)
	}
}

func defaults(s *stage) {
	s.add("main.tf")
	s.apply("apply")
	for _, scope := range []string{"ci/K8", "ci/VM"} {
		images := s.fake.Defaults(scope)
		s.out.holds("%s: %d images, such as gitCloneTag = %s", scope, len(images), images["gitCloneTag"])
	}
}

func plan(s *stage) {
	s.add("overrides.tf")
	s.plan(changes{add: 10})
}

func apply(s *stage) {
	r := s.apply("apply")
	stored := s.holdsAsInState()
	if r.writes == 0 || r.writes >= stored {
		s.Fatalf("%d overrides took %d writes", stored, r.writes)
	}
	s.out.holds("the server holds all %d, made with %d writes, each read back", stored, r.writes)
}

func again(s *stage) {
	s.plan(changes{})
	reads := s.fake.Count("get-customer-config")
	if reads > 2 {
		s.Fatalf("%d reads of the overrides, want one for each infra", reads)
	}
	s.out.holds("%d reads of overrides, however many there are", reads)
}

func outside(s *stage) {
	const image = "harness/drone-git:1.6.5-rootless"
	s.out.all([]string{"ci/K8: gitCloneTag = " + image, "ci/VM: s3UploadTag is reset"})
	s.fake.SetOverride("ci/K8", "gitCloneTag", image)
	s.fake.RemoveOverride("ci/VM", "s3UploadTag")
	if r := s.plan(changes{add: 1, change: 1}); !strings.Contains(r.Output, image) {
		s.Fatalf("the plan does not show %s:\n%s", image, r.Output)
	}
	s.out.holds("exit code 2, so a pipeline can raise an alarm")
	s.apply("apply")
	s.out.holds("the server holds all %d again, as configured", s.holdsAsInState())
}

func exclusive(s *stage) {
	const scope, image = "iacm/K8", "registry.example.com/unreviewed:1.0.0"
	s.add("exclusive.tf")
	s.apply("apply")
	allowed := s.fake.Overrides(scope)
	s.out.all([]string{"Someone sets " + scope + ": iacmTerraform = " + image})
	s.fake.SetOverride(scope, "iacmTerraform", image)
	if r := s.plan(changes{change: 1}); !strings.Contains(r.Output, image) {
		s.Fatalf("the plan does not show %s:\n%s", image, r.Output)
	}
	s.apply("apply")
	if held := s.fake.Overrides(scope); len(held) != 1 || !maps.Equal(held, allowed) {
		s.Fatalf("%s: the set allows %v, the server holds %v", scope, allowed, held)
	}
	s.out.holds("%s holds what the set lists, and nothing else", scope)
}

func destroy(s *stage) {
	r := s.apply("destroy")
	for _, scope := range []string{"ci/K8", "ci/VM", "iacm/K8"} {
		if held := s.fake.Overrides(scope); len(held) > 0 {
			s.Fatalf("%s: left on the server: %v", scope, slices.Sorted(maps.Keys(held)))
		}
	}
	if state := s.dir.Read("terraform.tfstate"); strings.Contains(state, "harnessci_image_override") {
		s.Fatalf("left in the state: %s", state)
	}
	s.out.holds("done with %d writes; no override on the server, none in the state", r.writes)
}

func cost(s *stage) {
	s.out.all(append([]string{"command      reads  writes"}, s.cost...))
}
