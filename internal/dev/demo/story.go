package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/dev/byhand"
	"github.com/harnessci/terraform-provider-harnessci/internal/dev/script"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

// tell shows every step, and ends at the first that fails.
func tell(t *script.T, out *screen) {
	began := time.Now()
	s, version := newStage(t, out)
	out.title("The daily job, with " + version)
	out.all([]string{"The fake Harness and both registries run in this process: it needs no", "account, and nothing leaves this machine. A ✓ was checked in this run."})
	for _, step := range []struct {
		shows string
		run   func(*stage)
	}{
		{"The usual way: one request per override, ten at a time", today},
		{"What Harness runs", defaults},
		{"Copies in a private registry, overrides, and last the connector: the plan", plan},
		{"One apply: copy first, then switch", apply},
		{"A second plan is empty", again},
		{"A missing image is refused before anything is written", typo},
		{"Someone overwrites a copy, and changes an override in Harness", outside},
		{"Destroy puts back what was there before", destroy},
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
	if stored == len(images) {
		s.Fatal("nothing was lost")
	}
	s.out.all([]string{fmt.Sprintf("%d sent, each answered with success", len(images))})
	s.out.harms("%d stored, %d lost, and no error", stored, len(images)-stored)
	s.out.all([]string{"why: Harness keeps all overrides of an account in one document, and each", "write saves the whole of it. Of two that overlap, the later one undoes", "the earlier one."})
	for field := range images {
		s.fake.RemoveOverride("ci/K8", field)
	}
}

func defaults(s *stage) {
	s.add("main.tf")
	s.apply("apply")
	images := s.output("defaults")
	if !maps.Equal(images, s.fake.Defaults("ci/K8")) {
		s.Fatalf("the data source has %v", images)
	}
	s.out.holds("%d images on Kubernetes, such as gitCloneTag = %s", len(images), images["gitCloneTag"])
}

func plan(s *stage) {
	s.add("private.tf")
	r := s.plan(changes{add: len(s.images()) + 1 + len(s.fake.Defaults("ci/K8"))})
	for _, image := range s.images() {
		if !strings.Contains(r.Output, s.hub.Tag(image)) {
			s.Fatalf("the plan does not show the digest of %s:\n%s", image, r.Output)
		}
	}
	s.out.holds("each copy with the digest that the apply will write")
}

func apply(s *stage) {
	r := s.apply("apply")
	for _, image := range s.images() {
		if copied := s.private.Tag(image); copied != s.hub.Tag(image) {
			s.Fatalf("%s: %q was copied", image, copied)
		}
	}
	s.out.holds("%d images copied, each with its digest and all platforms", len(s.images()))
	pulled := s.output("pulled")
	for field, image := range pulled {
		name := strings.TrimPrefix(image, s.private.Host()+"/")
		if held := s.fake.Overrides("ci/K8")[field]; held != name || s.private.Tag(name) == "" {
			s.Fatalf("%s: builds pull %s, the server has %s", field, image, held)
		}
	}
	s.out.holds("%d overrides stored with %d writes, each read back", len(pulled), s.fake.Count("update-config"))
	s.out.holds("gitCloneTag: builds pull %s", pulled["gitCloneTag"])
	if !strings.Contains(s.fake.Connector(), s.private.Host()) || r.writes == 0 {
		s.Fatalf("the connector is %s", s.fake.Connector())
	}
}

func again(s *stage) {
	s.plan(changes{})
	reads := s.fake.Count("get-customer-config")
	if reads != 1 {
		s.Fatalf("%d reads of the overrides, want one", reads)
	}
	s.out.holds("one read of the overrides, however many there are")
}

// facts are the lines of an error about an image.
var facts = regexp.MustCompile(`(?m)(pulled|nearest tags): .*$`)

func typo(s *stage) {
	s.add("typo.tf")
	r := s.run("apply -auto-approve")
	if r.Code == 0 || len(s.fake.Overrides("ci/VM")) > 0 || s.fake.Count("update-config") > 0 {
		s.Fatalf("exit code %d, the server has %v:\n%s", r.Code, s.fake.Overrides("ci/VM"), r.Output)
	}
	_, failure, _ := strings.Cut(r.Output, "\nError: ")
	s.out.all(facts.FindAllString(failure, -1))
	s.out.holds("nothing was written: no build will try to pull it")
	s.dir.Write("typo.tf", "")
}

func outside(s *stage) {
	image := s.fake.Defaults("ci/K8")["gitCloneTag"]
	const changed = "harness/ci-addon:1.16.1"
	s.out.all([]string{"the registry: another " + image + " is pushed", "Harness: addonTag = " + changed})
	s.private.Push(image, fakeregistry.Multi(1000, "linux/amd64"))
	s.fake.SetOverride("ci/K8", "addonTag", changed)
	r := s.plan(changes{change: 2})
	for _, want := range []string{s.private.Tag(image), s.hub.Tag(image), changed} {
		if !strings.Contains(r.Output, want) {
			s.Fatalf("the plan does not show %s:\n%s", want, r.Output)
		}
	}
	s.out.holds("exit code 2, so a pipeline can raise an alarm")
	s.apply("apply")
	if s.private.Tag(image) != s.hub.Tag(image) || s.fake.Overrides("ci/K8")["addonTag"] == changed {
		s.Fatal("it was not repaired")
	}
	s.out.holds("both are as configured again")
}

func destroy(s *stage) {
	r := s.apply("destroy")
	if held := s.fake.Overrides("ci/K8"); len(held) > 0 {
		s.Fatalf("left on the server: %v", slices.Sorted(maps.Keys(held)))
	}
	if state := s.dir.State(); strings.Contains(state, "harnessci_image_override") {
		s.Fatalf("left in the state: %s", state)
	}
	if connector := s.fake.Connector(); strings.Contains(connector, s.private.Host()) {
		s.Fatalf("the connector is still %s", connector)
	}
	s.out.holds("%d writes: no override is left, and the connector is as before", r.writes)
	s.out.holds("the copies stay, for builds that still run")
}
