package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
)

// maxReferrers limits the referrers of an image, referrers of referrers included.
const maxReferrers = 1_000

// referrer is a complete entry of a list of referrers.
type referrer struct {
	digest string
	raw    json.RawMessage
}

// referrers copies the manifests whose subject is the digest, and returns their digests.
func (t *transfer) referrers(ctx context.Context, subject string, known *knownTags, whenSupported bool) ([]string, error) {
	list, err := t.listReferrers(ctx, subject, known)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var copied []referrer
	digests := make([]string, len(list))
	for i, entry := range list {
		digests[i] = entry.digest
		to, refused := t.to.withDigest(entry.digest), len(t.leftOut)
		if err := t.attach(ctx, to, entry.digest, whenSupported); err != nil {
			return nil, err
		}
		if len(t.leftOut) == refused {
			copied = append(copied, entry)
		}
	}
	if len(copied) == 0 {
		return digests, nil
	}
	return digests, t.tellReferrers(ctx, subject, copied)
}

// listReferrers asks the source for the referrers of a digest: through the API, else through the fallback tag.
func (t *transfer) listReferrers(ctx context.Context, subject string, known *knownTags) ([]referrer, error) {
	list, answers, err := t.askReferrers(ctx, t.from, subject)
	if err != nil || answers || !known.may(digestTag(subject)) {
		return list, err
	}
	list, _, err = t.fallback(ctx, t.from, subject)
	if known.err != nil && err != nil { // it was only a guess
		return nil, nil //nolint:nilerr // so a failure of it says nothing
	}
	return list, err
}

// fallback reads the list under the fallback tag, and its digest; an empty one if there is none. GitLab answers the
// subject itself there (oras-go 1396).
func (t *transfer) fallback(ctx context.Context, r ref, subject string) (list []referrer, digest string, err error) {
	at := r.withTag(digestTag(subject))
	err = t.within(ctx, manifestCall(at, nil), func(_ *http.Response, content []byte) error {
		defer t.room.give(len(content))
		if digest = digestOf("", content); digest == subject {
			digest = ""
			return nil
		}
		list, err = readReferrers(content)
		return err
	})
	if status(err) == http.StatusNotFound {
		return nil, "", nil
	}
	return list, digest, err
}

// askReferrers asks the referrers API; false if the registry has none.
func (t *transfer) askReferrers(ctx context.Context, r ref, subject string) (list []referrer, answers bool, err error) {
	err = t.within(ctx, call{
		method: http.MethodGet, ref: r, path: "/v2/" + r.repo + "/referrers/" + subject,
		header: http.Header{"Accept": {typeOCIIndex}}, want: []int{http.StatusOK},
	}, func(resp *http.Response, content []byte) (err error) {
		defer t.room.give(len(content))
		if answers = mediaType(resp.Header) == typeOCIIndex; answers {
			list, err = readReferrers(content)
		}
		return err
	})
	if code := status(err); code >= http.StatusBadRequest && code < http.StatusInternalServerError && code != http.StatusTooManyRequests {
		return nil, false, nil
	}
	return list, answers, err
}

// readReferrers returns the entries of a list, each digest once.
func readReferrers(index []byte) ([]referrer, error) {
	if bytes.Count(index, []byte{','}) > maxCommas { // counted before it takes room
		return nil, problemf(Refused, "more than %d signatures and other referrers", maxReferrers)
	}
	var content struct{ Manifests []json.RawMessage }
	if json.Unmarshal(index, &content) != nil {
		return nil, problemf(Refused, "the list of referrers is not valid JSON")
	}
	var list []referrer
	seen := map[string]bool{}
	for _, raw := range content.Manifests {
		var d descriptor
		if json.Unmarshal(raw, &d) != nil || !wholeDigest().MatchString(d.Digest) {
			return nil, problemf(Refused, "the list of referrers contains an invalid digest")
		}
		if !seen[d.Digest] {
			list = append(list, referrer{d.Digest, raw})
		}
		seen[d.Digest] = true
	}
	if len(list) > maxReferrers {
		return nil, problemf(Refused, "more than %d signatures and other referrers", maxReferrers)
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
	has, digest, err := t.fallback(ctx, t.to, subject)
	if err != nil {
		return err
	}
	all := slices.Clone(has)
	for _, entry := range list {
		if !slices.ContainsFunc(has, func(r referrer) bool { return r.digest == entry.digest }) {
			all = append(all, entry)
		}
	}
	if len(all) > len(has) {
		entries := make([]json.RawMessage, len(all))
		for i, entry := range all {
			entries[i] = entry.raw
		}
		raw, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typeOCIIndex, "manifests": entries})
		if err != nil {
			return err
		}
		index, err := readManifest(to, raw, typeOCIIndex)
		if err != nil {
			return err
		}
		if _, err := t.put(ctx, index, to); err != nil {
			return &SignatureError{to.String(), failure(to, err)}
		}
		digest = index.Digest
	}
	if len(all) == len(list) { // none but ours
		t.attached = append(t.attached, Attached{Ref: to.String(), Digest: digest, List: true})
	}
	return nil
}
