package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
)

// namedImage is an image and where it is stored or planned.
type namedImage struct {
	target execconfig.Target
	image  string
	at     path.Path // where warnings go
}

// checkPulls warns of planned images that builds will not pull under the written name. It reads the
// connector only if a changed image names a registry: other names get the connector's, as intended.
func (d *providerData) checkPulls(ctx context.Context, scope harness.Scope, images []plannedImage) diag.Diagnostics {
	if !scope.Module.UsesImageConnector() {
		return nil
	}
	var changing []namedImage
	for _, planned := range images {
		if planned.changes && imageref.WithoutHost(planned.image) != planned.image {
			changing = append(changing, namedImage{execconfig.Target{Scope: scope, Field: planned.field}, planned.image, planned.imagePath})
		}
	}
	if len(changing) == 0 {
		return nil
	}
	url, planned, known := d.connector.Effective(ctx)
	if !known {
		return nil
	}
	notice := "\n\nThis is based on the current connector. If this configuration also changes the connector, add " +
		"depends_on = [harnessci_image_connector.<name>] to this resource, so that the connector is planned and " +
		"applied first."
	if planned {
		notice = ""
	}
	return pullWarnings(url, "planned", changing, notice)
}

// checkExistingPulls warns of the existing overrides that a planned URL breaks. Overrides that cannot be
// read are left out: the plan of the connector does not depend on them.
func (d *providerData) checkExistingPulls(ctx context.Context, url types.String) diag.Diagnostics {
	if url.IsUnknown() {
		return nil
	}
	var mu sync.Mutex
	var existing []namedImage
	var reads sync.WaitGroup
	for _, module := range harness.Modules() {
		if !module.UsesImageConnector() {
			continue
		}
		for _, infra := range module.Infras() {
			scope := harness.Scope{Module: module, Infra: infra}
			reads.Go(func() {
				overrides, _ := d.account.Overrides(ctx, scope)
				mu.Lock()
				defer mu.Unlock()
				for field, image := range overrides {
					existing = append(existing, namedImage{execconfig.Target{Scope: scope, Field: field}, image, path.Root("url")})
				}
			})
		}
	}
	reads.Wait()
	slices.SortFunc(existing, func(a, b namedImage) int { return strings.Compare(a.target.String(), b.target.String()) })
	return pullWarnings(url.ValueString(), "stored", existing,
		"\n\nThese overrides are set now. Change them first, or in this run with depends_on, so that no build "+
			"breaks in the meantime.")
}

// pullWarnings returns one warning for each registry and each problem of images under a connector's URL.
// The label says what the images are: "planned" or "stored".
func pullWarnings(url, label string, images []namedImage, notice string) (diags diag.Diagnostics) {
	type cause struct {
		problem imageref.Problem
		host    string
	}
	var causes []cause
	found := map[cause][]namedImage{}
	for _, named := range images {
		pull := imageref.Resolve(url, named.image)
		c := cause{pull.Problem, registryOf(named.image)}
		if pull.Problem != imageref.Doubled && pull.Problem != imageref.NoCredentials {
			continue
		}
		if found[c] == nil {
			causes = append(causes, c)
		}
		found[c] = append(found[c], named)
	}
	for _, c := range causes {
		at := found[c][0].at
		if len(found[c]) > 1 {
			at = at.ParentPath()
		}
		if len(at.Steps()) == 0 {
			at = found[c][0].at
		}
		summary, detail := noCredentials(url, c.host, label, found[c])
		if c.problem == imageref.Doubled {
			summary, detail = doubled(url, c.host, label, found[c])
		}
		diags.AddAttributeWarning(at, summary, detail+notice)
	}
	return diags
}

func doubled(url, host, label string, images []namedImage) (summary, detail string) {
	connectorHost, _, _ := imageref.SplitConnectorURL(url)
	var list strings.Builder
	for _, named := range images {
		fmt.Fprintf(&list, "\n  %s\n    %-8s %s\n    pulled:  %s\n    instead: %s\n", named.target, label+":", named.image,
			imageref.Resolve(url, named.image).Image, imageref.WithoutHost(named.image))
	}
	return fmt.Sprintf("Builds would look for %s inside %s", host, connectorHost),
		fmt.Sprintf("Harness puts the registry of the image connector, %s, before a name that does not contain its host. No "+
			"registry has the resulting name, so builds fail to pull it:\n%s\nWrite the names without a registry.", showURL(url), list.String())
}

func noCredentials(url, host, label string, images []namedImage) (summary, detail string) {
	var list strings.Builder
	for _, named := range images {
		fmt.Fprintf(&list, "\n  %s\n    %-8s %s\n    instead: %s\n", named.target, label+":", named.image, imageref.WithoutHost(named.image))
	}
	through := "The account has no image connector"
	if url != "" {
		through = "The image connector's registry is " + showURL(url)
	}
	return fmt.Sprintf("Builds would pull from %s without credentials", host),
		fmt.Sprintf("%s, so no login is used for %s:\n%s\nIf that registry allows anonymous pulls, or the nodes "+
			"have their own credentials, nothing needs to change. Otherwise make it the registry of "+
			"harnessci_image_connector, with its login, and write the names without a "+
			"registry.", through, host, list.String())
}

// registryOf returns the registry of an image; "" if it is not a reference.
func registryOf(image string) string {
	parsed, _ := imageref.Parse(image)
	return parsed.Registry
}
