package fakeregistry

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeserver"
)

// handle acts on a request as a registry does.
func (s *Server) handle(r *http.Request, rt route, body []byte) *answer {
	if s.opts.Upstream != "" {
		return s.forward(r, body)
	}
	switch rt.kind {
	case "token":
		return s.giveToken(r, body)
	case "storage":
		return s.storage(rt)
	case "":
		return refuse(http.StatusNotFound, "UNSUPPORTED", "no such path in the API")
	}
	if a := s.authorize(r, rt); a != nil {
		return a
	}
	switch {
	case s.opts.NoHead != 0 && r.Method == http.MethodHead:
		return reply(s.opts.NoHead, nil)
	case s.opts.BodyLimit > 0 && int64(len(body)) > s.opts.BodyLimit:
		return reply(http.StatusRequestEntityTooLarge, []byte("<html><h1>413 Request Entity Too Large</h1><hr>nginx</html>\n"),
			"Content-Type", "text/html")
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if rt.kind == "base" {
		return reply(http.StatusOK, []byte("{}"))
	}
	if rt.kind == "catalog" {
		return s.catalog(r)
	}
	write := r.Method != http.MethodGet && r.Method != http.MethodHead
	repo := s.store.repos[rt.repo]
	for _, quirk := range []struct {
		meets   bool
		refusal Refusal
	}{
		{repo == nil && !write, s.opts.AbsentRepository},
		{repo != nil && rt.kind == "tags", s.opts.NoTags},
		{rt.kind == "referrers", s.opts.NoReferrers},
		{rt.kind == "manifests" && r.Method == http.MethodDelete, s.opts.NoDelete},
	} {
		if quirk.meets && quirk.refusal != (Refusal{}) {
			return quirk.refusal.answer()
		}
	}
	if repo == nil {
		if s.opts.MissingStatus != 0 || !write && rt.kind == "tags" {
			return s.missingRepository(rt)
		}
		repo = s.store.repo(rt.repo)
		if !write {
			delete(s.store.repos, rt.repo) // asking makes none
		}
	}
	switch rt.kind {
	case "tags":
		return s.tags(r, rt, repo)
	case "manifests":
		return s.manifests(r, rt, repo, body)
	case "blobs":
		return s.blobs(r, rt, repo)
	case "uploads":
		return s.upload(r, rt, repo, body)
	default:
		return s.referrers(r, rt, repo)
	}
}

func (s *Server) missingRepository(rt route) *answer {
	switch s.opts.MissingStatus {
	case http.StatusUnauthorized:
		return refuse(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
	case http.StatusForbidden:
		return refuse(http.StatusForbidden, "DENIED", "requested access to the resource is denied")
	}
	return refuse(http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry: "+rt.repo)
}

func (s *Server) catalog(r *http.Request) *answer {
	var names []string
	for name := range s.store.repos {
		names = append(names, name)
	}
	slices.Sort(names)
	return s.page(r, names, "/v2/_catalog", func(page []string) any { return map[string]any{"repositories": page} })
}

func (s *Server) tags(r *http.Request, rt route, repo *repository) *answer {
	tags := slices.Clone(repo.order)
	if !s.opts.Unsorted {
		slices.Sort(tags)
	}
	return s.page(r, tags, "/v2/"+rt.repo+"/tags/list", func(page []string) any {
		return map[string]any{"name": rt.repo, "tags": page}
	})
}

// page answers with a part of a list and a Link to the next.
func (s *Server) page(r *http.Request, all []string, path string, wrap func([]string) any) *answer {
	size := s.opts.PageSize
	if size == 0 {
		return fakeserver.JSON(http.StatusOK, wrap(all))
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil {
		size = min(size, n)
	}
	page, more := fakeserver.Page(all, r.URL.Query().Get("last"), size)
	out := fakeserver.JSON(http.StatusOK, wrap(page))
	if more {
		out.Header.Set("Link", fmt.Sprintf(`<%s?last=%s&n=%d>; rel="next"`, path, page[len(page)-1], size))
	}
	return out
}

func (s *Server) manifests(r *http.Request, rt route, repo *repository, body []byte) *answer {
	switch r.Method {
	case http.MethodPut:
		return s.putManifest(r, rt, repo, body)
	case http.MethodDelete:
		return s.deleteManifest(rt, repo)
	case http.MethodGet:
		if limit := s.opts.PullLimit; limit != 0 && s.pulls.Add(1) > int64(limit) {
			return refuse(http.StatusTooManyRequests, "TOOMANYREQUESTS", "You have reached your pull rate limit.")
		}
	}
	digest := repo.resolve(rt.reference)
	if s.opts.DashIsDigest && fallbackTag.MatchString(rt.reference) {
		digest = strings.Replace(rt.reference, "-", ":", 1)
	}
	if late := repo.late[rt.reference]; late != nil && late.reads > 0 {
		late.reads--
		digest = late.before
	}
	m, ok := repo.manifests[digest]
	if !ok {
		return s.opts.Absent.or(refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown"))
	}
	if s.opts.PlainTypes && readReferences(m.content).MediaType == "" {
		m.mediaType = "application/json"
	}
	return reply(http.StatusOK, m.content, "Content-Type", m.mediaType, "Docker-Content-Digest", s.digestHeader(digest))
}

var fallbackTag = regexp.MustCompile("^sha256-[0-9a-f]{64}$")

func (s *Server) digestHeader(digest string) string {
	if s.opts.NoDigest {
		return ""
	}
	return digest
}

func (s *Server) putManifest(r *http.Request, rt route, repo *repository, body []byte) *answer {
	digest := Digest(body)
	byDigest := strings.Contains(rt.reference, ":")
	switch {
	case byDigest && rt.reference != digest:
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
	case !byDigest && s.opts.ImmutableTags && repo.tags[rt.reference] != "":
		return s.opts.Immutable.or(refuse(http.StatusBadRequest, "TAG_INVALID",
			"the tag "+rt.reference+" exists already and cannot be overwritten because the repository is immutable"))
	}
	mediaType, refs := r.Header.Get("Content-Type"), readReferences(body)
	if mediaType == "" || mediaType == "application/json" || strings.HasPrefix(mediaType, "text/") {
		return s.invalid("MANIFEST_INVALID", "a manifest is not "+mediaType)
	}
	if missing := repo.missing(body, s.opts.NeedsForeign); missing != "" {
		return s.invalid("MANIFEST_BLOB_UNKNOWN", "unknown to the repository: "+missing)
	}
	subject := ""
	if refs.Subject != nil {
		_, there := repo.manifests[refs.Subject.Digest]
		switch {
		case s.opts.Subject != (Refusal{}):
			return s.opts.Subject.answer()
		case s.opts.SubjectAbsent != (Refusal{}) && !there:
			return s.opts.SubjectAbsent.answer()
		case s.opts.Referrers || s.opts.ClaimsReferrers:
			subject = refs.Subject.Digest
		}
	}
	if s.opts.Late > 0 {
		repo.delay(rt.reference, s.opts.Late)
	}
	repo.manifests[digest] = stored{mediaType, body}
	if !byDigest {
		repo.setTag(rt.reference, digest)
	}
	return reply(http.StatusCreated, nil, "Docker-Content-Digest", s.digestHeader(digest), "OCI-Subject", subject)
}

// invalid refuses a manifest.
func (s *Server) invalid(code, reason string) *answer {
	if s.opts.DetailKey == "" {
		return refuse(http.StatusBadRequest, code, reason)
	}
	detail := string(fakeserver.MustJSON(map[string]string{s.opts.DetailKey: reason}))
	return Refusal{http.StatusBadRequest, "MANIFEST_INVALID", "manifest invalid", detail}.answer()
}

func (s *Server) deleteManifest(rt route, repo *repository) *answer {
	if !strings.Contains(rt.reference, ":") {
		if s.opts.NoTagDelete {
			return s.opts.TagDelete.or(unsupported.answer())
		}
		if repo.tags[rt.reference] == "" {
			return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		}
		repo.dropTag(rt.reference)
		return reply(http.StatusAccepted, nil)
	}
	if _, ok := repo.manifests[rt.reference]; !ok {
		return refuse(http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
	}
	for tag, digest := range repo.tags {
		if digest == rt.reference && s.opts.DanglingTag {
			return refuse(http.StatusBadRequest, "GOOGLE_MANIFEST_DANGLING_TAG", "Manifest is still referenced by tag: "+tag)
		}
	}
	delete(repo.manifests, rt.reference)
	for tag, digest := range repo.tags {
		if digest == rt.reference {
			repo.dropTag(tag)
		}
	}
	return reply(http.StatusAccepted, nil)
}

// referrers lists the manifests that name the digest as their subject.
func (s *Server) referrers(r *http.Request, rt route, repo *repository) *answer {
	switch {
	case s.opts.ReferrersElsewhere:
		return reply(http.StatusSeeOther, nil, "Location", "http://"+s.elsewhere()+"/-"+r.URL.Path)
	case !s.opts.Referrers:
		return reply(http.StatusNotFound, []byte("404 page not found\n"))
	}
	list := []Descriptor{}
	for _, m := range repo.manifests {
		if refs := readReferences(m.content); refs.Subject != nil && refs.Subject.Digest == rt.reference {
			list = append(list, Describe(m.mediaType, m.content))
		}
	}
	return reply(http.StatusOK, Manifest(IndexType, map[string]any{"manifests": list}).Manifest, "Content-Type", IndexType)
}
