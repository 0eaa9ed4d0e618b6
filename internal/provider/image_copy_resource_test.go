package provider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

const copied = "harnessci_image_copy.test"

// copyConfig is a copy of src/harness/ci-addon:1.16.92 to dst/mirror/harness/ci-addon:1.16.92.
func copyConfig(src, dst *fakeregistry.Server, attributes ...string) string {
	return copyOf("src/harness/ci-addon:1.16.92", src, dst, attributes...)
}

func copyOf(source string, src, dst *fakeregistry.Server, attributes ...string) string {
	return config(fmt.Sprintf("provider \"harnessci\" {\n  max_retries = 0\n}\nresource \"harnessci_image_copy\" \"test\" {\n  source = %q\n"+
		"  destination = \"dst/mirror/harness/ci-addon:1.16.92\"\n  %s\n}\n", source, strings.Join(attributes, "\n  ")), src, dst)
}

const (
	sourceRef      = "harness/ci-addon:1.16.92"
	destinationRef = "mirror/harness/ci-addon:1.16.92"
)

// uploads is how many requests have changed a registry.
func uploads(registry *fakeregistry.Server) (count int) {
	for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		count += registry.Count(method)
	}
	return count
}

// holdsImage checks, within a step, what a registry has under a name; "" for nothing.
func holdsImage(registry *fakeregistry.Server, ref, digest string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := registry.Tag(ref); got != digest {
			return fmt.Errorf("%s has %q, want %q", ref, got, digest)
		}
		return nil
	}
}

func copies(t *testing.T) (w *world, src, dst *fakeregistry.Server) {
	t.Helper()
	w = newWorld(t, fakeharness.Options{})
	w.requireFake("it needs no account")
	return w, fakeregistry.Start(t, fakeregistry.Options{}), fakeregistry.Start(t, fakeregistry.Options{})
}

func shows(attribute, want string) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(copied, tfjsonpath.New(attribute), knownvalue.StringExact(want))
}

func planAction(action plancheck.ResourceActionType) plancheck.PlanCheck {
	return plancheck.ExpectResourceAction(copied, action)
}

func TestAccACopyHasTheDigestThatThePlanShows(t *testing.T) {
	t.Parallel()
	w, src, dst := copies(t)
	image := fakeregistry.Multi(1, "linux/arm64", "linux/amd64")
	digest := src.Push(sourceRef, image)
	destination := dst.Host() + "/" + destinationRef
	w.run(resource.TestCase{
		CheckDestroy: holdsImage(dst, destinationRef, digest), // on_destroy keeps
		Steps: []resource.TestStep{
			{
				Config: copyConfig(src, dst),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					shows("id", destination), shows("digest", digest), shows("reference", destination+"@"+digest),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					has(copied, "id", knownvalue.StringExact(destination)),
					has(copied, "digest", knownvalue.StringExact(digest)),
					has(copied, "reference", knownvalue.StringExact(destination+"@"+digest)),
					has(copied, "platforms", inOrder("linux/amd64", "linux/arm64")),
					has(copied, "on_destroy", knownvalue.StringExact("keep")),
				},
				Check: func(*terraform.State) error {
					if lacks := dst.Lacks("mirror/harness/ci-addon", image); len(lacks) != 0 {
						return fmt.Errorf("the copy lacks %v", lacks)
					}
					src.ResetLog()
					dst.ResetLog()
					return nil
				},
			},
			{
				// Nothing to do: one HEAD a side and one for each platform at the destination, and no manifest is
				// fetched. The refresh and the plan of this step are two runs.
				Config:             copyConfig(src, dst),
				PlanOnly:           true,
				ExpectNonEmptyPlan: false,
			},
			{
				Config: copyConfig(src, dst),
				PreConfig: func() {
					for side, registry := range map[string]*fakeregistry.Server{"source": src, "destination": dst} {
						if gets := registry.Count(http.MethodGet, "manifests"); gets != 0 {
							t.Errorf("a plan with nothing to do fetched %d manifests of the %s", gets, side)
						}
						runs := registry.Count("", "base")
						if registry == dst {
							runs *= 3
						}
						if heads := registry.Count(http.MethodHead, "manifests"); heads == 0 || heads > runs {
							t.Errorf("%d HEADs in %d runs at the %s", heads, runs, side)
						}
					}
				},
			},
		},
	})
}

func TestAccACopyThatIsOverwrittenOrGoneIsCopiedAgain(t *testing.T) {
	t.Parallel()
	w, src, dst := copies(t)
	digest := src.Push(sourceRef, fakeregistry.Multi(1, "linux/amd64"))
	var foreign string
	w.run(resource.TestCase{CheckDestroy: overridesStay, Steps: []resource.TestStep{
		{Config: copyConfig(src, dst)},
		{
			PreConfig: func() { foreign = dst.Push(destinationRef, fakeregistry.Multi(2, "linux/s390x")) },
			Config:    copyConfig(src, dst),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				planAction(plancheck.ResourceActionUpdate), shows("digest", digest),
			}},
			ConfigStateChecks: []statecheck.StateCheck{has(copied, "platforms", inOrder("linux/amd64"))},
			Check:             holdsImage(dst, destinationRef, digest),
		},
		{
			PreConfig: func() {
				if foreign == digest {
					t.Fatal("the two images are one")
				}
				dst.Untag(destinationRef)
			},
			Config: copyConfig(src, dst),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				planAction(plancheck.ResourceActionCreate), shows("digest", digest),
			}},
			Check: holdsImage(dst, destinationRef, digest),
		},
	}})
}

func TestAccATagThatMovesIsCopiedAgain(t *testing.T) {
	t.Parallel()
	w, src, dst := copies(t)
	first := src.Push(sourceRef, fakeregistry.Multi(1, "linux/amd64"))
	second := fakeregistry.Multi(2, "linux/amd64").Digest()
	w.run(resource.TestCase{CheckDestroy: overridesStay, Steps: []resource.TestStep{
		{Config: copyConfig(src, dst), Check: holdsImage(dst, destinationRef, first)},
		{
			PreConfig: func() { src.Push(sourceRef, fakeregistry.Multi(2, "linux/amd64")) },
			Config:    copyConfig(src, dst),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				planAction(plancheck.ResourceActionUpdate), shows("digest", second),
			}},
			Check: holdsImage(dst, destinationRef, second),
		},
		{
			// By its digest the source never moves.
			Config: copyOf("src/harness/ci-addon:1.16.92@"+first, src, dst),
			Check:  holdsImage(dst, destinationRef, first),
		},
		{
			PreConfig: func() { src.Push(sourceRef, fakeregistry.Multi(3, "linux/amd64")) },
			Config:    copyOf("src/harness/ci-addon:1.16.92@"+first, src, dst),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				planAction(plancheck.ResourceActionNoop),
			}},
		},
	}})
}

// The copy exists, whatever happened to its source.
func TestAccASourceThatIsDownOrGoneChangesNothing(t *testing.T) {
	t.Parallel()
	w, src, dst := copies(t)
	src.Push(sourceRef, fakeregistry.Multi(1, "linux/amd64"))
	unchanged := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{planAction(plancheck.ResourceActionNoop)}}
	w.run(resource.TestCase{CheckDestroy: overridesStay, Steps: []resource.TestStep{
		{Config: copyConfig(src, dst)},
		{
			PreConfig:        func() { src.Inject(fakeregistry.Fault{Status: 503, Times: -1}) },
			Config:           copyConfig(src, dst),
			ConfigPlanChecks: unchanged,
		},
		{
			PreConfig:        func() { src.ClearFaults(); src.Inject(fakeregistry.Fault{Drop: true, Times: -1}) },
			Config:           copyConfig(src, dst),
			ConfigPlanChecks: unchanged,
		},
		{
			PreConfig:        func() { src.ClearFaults(); src.Untag(sourceRef) },
			Config:           copyConfig(src, dst),
			ConfigPlanChecks: unchanged,
		},
		{
			PreConfig:        func() { dst.Inject(fakeregistry.Fault{Status: 503, Times: -1}) },
			Config:           copyConfig(src, dst),
			ConfigPlanChecks: unchanged,
		},
		{
			PreConfig:        dst.ClearFaults,
			Config:           copyConfig(src, dst),
			ConfigPlanChecks: unchanged,
		},
	}})
}

func TestAccImportACopy(t *testing.T) {
	t.Parallel()
	w, src, dst := copies(t)
	image := fakeregistry.Multi(1, "linux/amd64")
	src.Push(sourceRef, image)
	digest := dst.Push(destinationRef, image)
	id := dst.Host() + "/" + destinationRef
	w.run(resource.TestCase{CheckDestroy: overridesStay, Steps: []resource.TestStep{
		{
			Config: copyConfig(src, dst), ResourceName: copied, ImportState: true, ImportStateId: id + ".9",
			ExpectError: says("Could not import the image copy"),
		},
		{
			Config: copyConfig(src, dst), ResourceName: copied, ImportState: true, ImportStateId: id, ImportStatePersist: true,
			ImportStateCheck: func(states []*terraform.InstanceState) error {
				if len(states) != 1 || states[0].Attributes["digest"] != digest || states[0].Attributes["platforms.0"] != "linux/amd64" {
					return fmt.Errorf("imported %v", states)
				}
				return nil
			},
		},
		{
			Config: copyConfig(src, dst),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				planAction(plancheck.ResourceActionUpdate), shows("digest", digest),
			}},
			Check: func(*terraform.State) error {
				if n := uploads(dst); n != 0 {
					return fmt.Errorf("the import wrote %d times", n)
				}
				return nil
			},
		},
	}})
}
