package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxReferrers limits the referrers of an image, referrers of referrers included.
const maxReferrers = 1_000

// cosignSuffixes end the tags under which cosign stores what it knows about a digest.
var cosignSuffixes = []string{".sig", ".att", ".sbom"}

// digestTag is the tag that cosign and the OCI referrers tag schema use for a digest.
func digestTag(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// signatures copies what others have said about the image and its platforms: cosign's tags, and the
// manifests that name one of them as their subject.
func (t *transfer) signatures(ctx context.Context, root *manifest) error {
	if root == nil {
		var err error
		if root, err = t.c.get(ctx, t.from); err != nil {
			return err
		}
	}
	tags, err := t.c.tags(ctx, t.from)
	if err != nil {
		return err
	}
	subjects := []string{root.Digest}
	for _, child := range root.Manifests {
		subjects = append(subjects, child.Digest)
	}
	for i := 0; i < len(subjects); i++ {
		if i > maxReferrers {
			return problemf(Refused, "more than %d signatures and other referrers", maxReferrers)
		}
		for _, suffix := range cosignSuffixes {
			if _, there := slices.BinarySearch(tags, digestTag(subjects[i])+suffix); there {
				if err := t.attach(ctx, t.to.withTag(digestTag(subjects[i])+suffix)); err != nil {
					return err
				}
			}
		}
		more, err := t.referrers(ctx, subjects[i], tags)
		if err != nil {
			return err
		}
		for _, digest := range more {
			if !slices.Contains(subjects, digest) {
				subjects = append(subjects, digest)
			}
		}
	}
	return nil
}

// attach copies what the source has under the same tag or digest.
func (t *transfer) attach(ctx context.Context, to ref) error {
	digest := to.digest
	if digest == "" {
		d, err := t.c.head(ctx, t.from.withTag(to.tag))
		if err != nil {
			return err
		}
		digest = d.Digest
	}
	part := &transfer{c: t.c, from: t.from.withDigest(digest), to: to, count: t.count}
	if _, err := part.image(ctx, false); err != nil {
		return err
	}
	t.attached = append(t.attached, to.String())
	return nil
}

// referrers copies the manifests whose subject is the digest, and returns their digests.
func (t *transfer) referrers(ctx context.Context, subject string, tags []string) ([]string, error) {
	list, err := t.listReferrers(ctx, t.from, subject, tags)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	digests := make([]string, len(list))
	for i, entry := range list {
		digests[i] = entry.digest
		if err := t.attach(ctx, t.to.withDigest(entry.digest)); err != nil {
			return nil, err
		}
	}
	return digests, t.tellReferrers(ctx, subject, list)
}

// referrer is a complete entry of a list of referrers.
type referrer struct {
	digest string
	raw    json.RawMessage
}

// listReferrers asks a repository for the referrers of a digest: through the API, else through the fallback
// tag, if it is among the tags.
func (t *transfer) listReferrers(ctx context.Context, r ref, subject string, tags []string) ([]referrer, error) {
	list, answers, err := t.askReferrers(ctx, r, subject)
	if err != nil || answers {
		return list, err
	}
	if _, there := slices.BinarySearch(tags, digestTag(subject)); !there {
		return nil, nil
	}
	m, err := t.c.get(ctx, r.withTag(digestTag(subject)))
	if err != nil {
		return nil, err
	}
	return readReferrers(m.raw)
}

// askReferrers asks the referrers API; false if the registry has none.
func (t *transfer) askReferrers(ctx context.Context, r ref, subject string) (list []referrer, answers bool, err error) {
	err = t.c.fetch(ctx, call{
		method: http.MethodGet, ref: r, path: "/v2/" + r.repo + "/referrers/" + subject,
		header: http.Header{"Accept": {string(types.OCIImageIndex)}}, want: []int{http.StatusOK},
	}, func(resp *http.Response, content []byte) (err error) {
		if answers = mediaType(resp.Header) == string(types.OCIImageIndex); answers {
			list, err = readReferrers(content)
		}
		return err
	})
	if code := status(err); code >= http.StatusBadRequest && code < http.StatusInternalServerError && code != http.StatusTooManyRequests {
		return nil, false, nil
	}
	return list, answers, err
}

func readReferrers(index []byte) ([]referrer, error) {
	var content struct{ Manifests []json.RawMessage }
	if json.Unmarshal(index, &content) != nil {
		return nil, problemf(Refused, "the list of referrers is not valid JSON")
	}
	var list []referrer
	for _, raw := range content.Manifests {
		var d descriptor
		if json.Unmarshal(raw, &d) != nil || !wholeDigest().MatchString(d.Digest) {
			return nil, problemf(Refused, "the list of referrers contains an invalid digest")
		}
		list = append(list, referrer{d.Digest, raw})
	}
	return list, nil
}

// tellReferrers adds to the fallback tag if the destination has no referrers API.
func (t *transfer) tellReferrers(ctx context.Context, subject string, list []referrer) error {
	_, answers, err := t.askReferrers(ctx, t.to, subject)
	if err != nil || answers {
		return err
	}
	to := t.to.withTag(digestTag(subject))
	m, err := t.c.get(ctx, to)
	var has []referrer
	switch {
	case status(err) == http.StatusNotFound:
	case err != nil:
		return err
	default:
		if has, err = readReferrers(m.raw); err != nil {
			return err
		}
	}
	all := slices.Clone(has)
	for _, entry := range list {
		if !slices.ContainsFunc(has, func(r referrer) bool { return r.digest == entry.digest }) {
			all = append(all, entry)
		}
	}
	if len(all) == len(has) {
		return nil
	}
	entries := make([]json.RawMessage, len(all))
	for i, entry := range all {
		entries[i] = entry.raw
	}
	raw, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": types.OCIImageIndex, "manifests": entries})
	if err != nil {
		return err
	}
	index, err := readManifest(to, raw, string(types.OCIImageIndex))
	if err != nil {
		return err
	}
	return t.put(ctx, index, to)
}
