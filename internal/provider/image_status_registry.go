package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/harnessci/terraform-provider-harnessci/internal/imageref"
	"github.com/harnessci/terraform-provider-harnessci/internal/pulls"
	"github.com/harnessci/terraform-provider-harnessci/internal/registry"
	"github.com/harnessci/terraform-provider-harnessci/internal/signatures"
	"github.com/harnessci/terraform-provider-harnessci/internal/text"
)

// statusPatience is how long a status waits for lists of tags and for dates.
const statusPatience = 30 * time.Second

func checkRegistryAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: "Whether to look up each image in the registry that builds pull it from, and to list the " +
			"versions that Harness has published. This takes one request for each image and one list for each repository, " +
			"which Docker Hub does not count as pulls, and up to three requests for the date of each image outside of Docker " +
			"Hub. What a registry does not answer within 3 s (lists and dates: 30 s) is unknown, and said. Defaults to `false`.",
	}
}

func releasesRegistryAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional:   true,
		Validators: []validator.String{mirrorValidator()},
		MarkdownDescription: "Registry with an optional path, such as `registry.example.com/mirror`, whose tags count as " +
			"published with `check_registry`. Set it where Docker Hub cannot be reached; a private registry may have fewer " +
			"versions. Defaults to where Harness publishes: Docker Hub, or the connector's registry if that is Harness's on " +
			"Google Artifact Registry or ECR public.",
	}
}

func maxAgeAttribute() schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional:   true,
		Validators: []validator.Int64{int64validator.AtLeast(1)},
		MarkdownDescription: "Days after which an image is in `too_old_fields`; needs `check_registry`. It also asks Docker " +
			"Hub for dates, which counts up to two pulls for each image there.",
	}
}

func digestAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Digest of the image in the registry that builds pull it from. Null if the image is missing, if " +
			"the registry did not answer, and without `check_registry`.",
	}
}

func newestAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Image with the newest published version of the default's variant, such as " +
			"`harness/ci-addon:1.18.34`; it may be newer than the default. Null without `check_registry`, if the versions " +
			"could not be listed, and if the default has no version.",
	}
}

func publishedAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Time at which the image that builds pull was created, such as `2025-08-04T10:00:00Z`, according to " +
			"its configuration or its label `" + registry.CreatedLabel + "`. Null without `check_registry`, for reproducible " +
			"builds, which say 1970, and for images on Docker Hub unless `max_age_days` is set.",
	}
}

func missingFieldsAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		Computed:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Fields whose image is known to be missing from the registry that builds pull it " +
			"from, so builds fail. Null without `check_registry`.",
	}
}

func unknownFieldsAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		Computed:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Fields of which it could not be found out whether builds can pull their image, with the reason: the " +
			"registry did not answer or refused the login, or the connector cannot be read. Null without `check_registry`. " +
			"An alert should treat them like `missing_fields`.",
	}
}

func tooOldFieldsAttribute() schema.SetAttribute {
	return schema.SetAttribute{
		Computed:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Fields whose image was published more than `max_age_days` ago. Images without a date are not " +
			"included: their `age_days` is null. Null without `max_age_days` or `check_registry`.",
	}
}

func unsignedFieldsAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		Computed:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Fields whose image is not signed as `signatures` of the provider block requires, or of which that could not " +
			"be found out, with the reason. Null without `check_registry` and where nothing is required.",
	}
}

// statusLookup asks registries about the images of a status, all at once. Its mutex guards what it collects.
type statusLookup struct {
	client   *registry.Client
	run      *pulls.Run
	policy   signatures.Policy
	mu       sync.Mutex
	unlisted map[string][]string // host and reason: repositories whose versions could not be listed
	undated  map[string][]string // likewise, of dates
}

// askRegistries adds what registries say: which images they have, how old those are, and which versions are
// published. The URL is the connector's; the error is why there is none.
func (s *imagesStatus) askRegistries(ctx context.Context, data *providerData, model imageStatusModel, url string, connectorErr error) diag.Diagnostics {
	l := &statusLookup{client: data.registry, run: data.pulls, policy: data.policy, unlisted: map[string][]string{}, undated: map[string][]string{}}
	s.MissingFields, s.UnknownFields = []string{}, map[string]string{}
	if len(data.policy.Types) > 0 {
		s.UnsignedFields = map[string]string{}
	}
	dated := !model.MaxAgeDays.IsNull()
	if dated {
		s.TooOldFields = []string{}
	}
	slow, cancel := context.WithTimeout(registry.Once(ctx), statusPatience)
	defer cancel()
	repositories := s.repositories(url, model.ReleasesRegistry)
	listed := async(func() map[string][]string { return l.list(slow, repositories) })
	var all sync.WaitGroup
	for field, image := range maps.Clone(s.Images) {
		all.Go(func() { l.look(ctx, slow, s, field, image, dated, connectorErr) })
	}
	all.Wait()
	slices.Sort(s.MissingFields)
	s.countReleases(url, model.ReleasesRegistry, listed())
	if dated {
		for field, image := range s.Images {
			if image.AgeDays != nil && *image.AgeDays > model.MaxAgeDays.ValueInt64() {
				s.TooOldFields = append(s.TooOldFields, field)
			}
		}
		slices.Sort(s.TooOldFields)
	}
	return l.warnings()
}

// look looks up one image, and its date if that is wanted from its registry.
func (l *statusLookup) look(ctx, slow context.Context, s *imagesStatus, field string, image imageStatus, dated bool, connectorErr error) {
	var held registry.Descriptor
	var err error
	switch {
	case connectorErr != nil:
		err = fmt.Errorf("the image connector cannot be read: %w", connectorErr)
	case image.Pulled == nil:
		err = errors.New("the URL of the image connector cannot be parsed, so every build fails")
	default:
		// Harness Cloud falls back to the name as it is, which VMs of a company's own pull.
		if held, err = l.run.Look(ctx, image.asked()); err != nil && image.asked() != *image.Pulled {
			image.PulledOnHarnessCloud = image.Pulled
			held, err = l.run.Look(ctx, *image.Pulled)
		}
	}
	var published time.Time
	if err == nil && (dated || registryOf(image.asked()) != imageref.DockerHub) {
		var dateErr error
		if published, dateErr = l.client.Published(slow, imageref.Pin(image.asked(), held.Digest)); dateErr != nil {
			l.failed(l.undated, image.asked(), dateErr)
		}
	}
	var unsigned error
	if err == nil && s.UnsignedFields != nil {
		unsigned = l.run.CheckDigest(slow, l.policy, false, image.asked(), held.Digest, image.asked())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if refused, ok := errors.AsType[*pulls.UnsignedError](unsigned); ok {
		s.UnsignedFields[field] = refused.Refusal.Error() + ": " + strings.Join(refused.Refusal.Found, "; ")
	} else if unsigned != nil {
		s.UnsignedFields[field] = "not checked: " + unsigned.Error()
	}
	switch {
	case err == nil:
		image.Digest, image.Published = &held.Digest, timeText(published)
		if !published.IsZero() {
			image.AgeDays = new(int64(time.Since(published) / (24 * time.Hour)))
		}
		s.Images[field] = image
	case pulls.IsMissing(err):
		s.MissingFields = append(s.MissingFields, field)
	default:
		s.UnknownFields[field] = err.Error()
	}
}

// repositories returns the repositories, as images, whose tags are the published versions of the defaults.
func (s *imagesStatus) repositories(url string, elsewhere types.String) []string {
	var repositories []string
	for _, image := range s.Images {
		if image.Default != nil {
			repositories = append(repositories, publishedAt(*image.Default, url, elsewhere))
		}
	}
	slices.Sort(repositories)
	return slices.DeleteFunc(slices.Compact(repositories), func(r string) bool { return r == "" })
}

// publishedAt returns the repository, as an image, where the versions of a default are published; "" if it has
// no version.
func publishedAt(preset, url string, elsewhere types.String) string {
	image, err := imageref.Parse(preset)
	if err != nil || !imageref.Versioned(image.Tag) {
		return ""
	}
	at := preset
	if pull := imageref.Resolve(url, preset); imageref.InOpenRegistry(pull.Image) {
		at = pull.Image
	}
	if !elsewhere.IsNull() {
		if at, err = imageref.Mirror(preset, elsewhere.ValueString()); err != nil {
			return ""
		}
	}
	return imageref.WithTag(at, "latest")
}

// list returns the tags of repositories; those that could not be listed are left out.
func (l *statusLookup) list(ctx context.Context, repositories []string) map[string][]string {
	tags := map[string][]string{}
	var all sync.WaitGroup
	for _, repository := range repositories {
		all.Go(func() {
			found, err := l.client.Tags(ctx, repository)
			if err != nil {
				l.failed(l.unlisted, repository, err)
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			tags[repository] = found
		})
	}
	all.Wait()
	return tags
}

// countReleases adds the newest published version of each default's variant, and how many the image is behind.
func (s *imagesStatus) countReleases(url string, elsewhere types.String, tags map[string][]string) {
	for field, image := range s.Images {
		if image.Default == nil {
			continue
		}
		image.ReleasesBehind = nil
		published, listed := tags[publishedAt(*image.Default, url, elsewhere)]
		c, ok := compareImages(image.Effective, *image.Default)
		if listed && ok {
			if n, comparable := imageref.PublishedBehind(c.image, c.preset, published); comparable {
				image.ReleasesBehind = &n
			}
			newest, err := imageref.Releases(c.preset, append(published, c.preset.Tag), imageref.ReleaseOptions{Limit: 1, IncludeNewer: true})
			if err == nil && len(newest) > 0 {
				image.Newest = new(imageref.WithTag(*image.Default, newest[0].Tag))
			}
		}
		s.Images[field] = image
	}
}

// failed records why a registry did not say something of an image.
func (l *statusLookup) failed(causes map[string][]string, ref string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	reason := err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		reason = fmt.Sprintf("no answer within %.0f s", statusPatience.Seconds())
	}
	cause := registryOf(ref) + ": " + reason
	if failed, ok := errors.AsType[*registry.Error](err); ok && !errors.Is(err, context.DeadlineExceeded) {
		cause = fmt.Sprintf("%s: %s", registryOf(ref), failed.Kind)
	}
	causes[cause] = append(causes[cause], imageref.WithoutHost(ref))
}

// warnings says once for each cause what is not known.
func (l *statusLookup) warnings() (diags diag.Diagnostics) {
	for _, cause := range slices.Sorted(maps.Keys(l.unlisted)) {
		diags.AddWarning("Could not list the published versions of some images",
			text.Sentence(cause)+"\n\n"+lines(l.unlisted[cause])+"\n\nTheir releases_behind and newest are null. Check the network "+
				"and the login, or set releases_registry to a registry that has Harness's images.")
	}
	for _, cause := range slices.Sorted(maps.Keys(l.undated)) {
		diags.AddWarning("Could not find out when some images were published",
			text.Sentence(cause)+"\n\n"+lines(l.undated[cause])+"\n\nTheir published and age_days are null, so they are not in too_old_fields.")
	}
	return diags
}

// maxNamed is how many names a warning lists.
const maxNamed = 12

// lines returns sorted names as indented lines, and how many more there are.
func lines(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	var out strings.Builder
	for _, name := range names[:min(len(names), maxNamed)] {
		out.WriteString("  " + name + "\n")
	}
	if more := len(names) - maxNamed; more > 0 {
		fmt.Fprintf(&out, "  and %d more\n", more)
	}
	return out.String()[:len(out.String())-1]
}
