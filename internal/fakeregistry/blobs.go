package fakeregistry

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

func (s *Server) blobs(r *http.Request, rt route, repo *repository) *answer {
	blob, ok := repo.blobs[rt.reference]
	if !ok {
		return s.opts.Absent.or(refuse(http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry"))
	}
	if s.opts.Redirect && r.Method == http.MethodGet {
		return reply(http.StatusTemporaryRedirect, nil,
			"Location", "http://"+s.elsewhere()+"/storage/"+rt.repo+"@"+rt.reference+"?signature=secret-signature")
	}
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		if at, err := strconv.Atoi(strings.TrimSuffix(from, "-")); err == nil && at < len(blob) {
			return reply(http.StatusPartialContent, blob[at:], "Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(blob)-1, len(blob)))
		}
	}
	return reply(http.StatusOK, blob, "Content-Type", "application/octet-stream", "Docker-Content-Digest", s.digestHeader(rt.reference))
}

// storage serves what blobs redirects to.
func (s *Server) storage(rt route) *answer {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	blob, ok := s.store.repo(rt.repo).blobs[rt.reference]
	if !ok {
		return reply(http.StatusNotFound, nil)
	}
	return reply(http.StatusOK, blob, "Content-Type", "application/octet-stream")
}

// upload begins, feeds and ends uploads, and mounts. The store's lock is held.
func (s *Server) upload(r *http.Request, rt route, repo *repository, body []byte) *answer {
	query := r.URL.Query()
	if r.Method == http.MethodPost {
		mount, has := query.Get("mount"), false
		if from := s.store.repos[query.Get("from")]; from != nil && !s.opts.NoMount && !s.opts.LyingMount {
			if _, has = from.blobs[mount]; has {
				repo.blobs[mount] = from.blobs[mount]
			}
		}
		if has || mount != "" && s.opts.LyingMount {
			return reply(http.StatusCreated, nil, "Location", s.location(r, "/v2/"+rt.repo+"/blobs/"+mount))
		}
		s.store.next++
		id := fmt.Sprintf("upload-%d", s.store.next)
		s.store.uploads[id] = &uploading{repo: rt.repo}
		return s.uploadAnswer(r, http.StatusAccepted, rt.repo, id)
	}
	up := s.store.uploads[rt.reference]
	if up == nil || up.repo != rt.repo {
		return refuse(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
	}
	switch {
	case r.Method == http.MethodDelete:
		delete(s.store.uploads, rt.reference)
		return reply(http.StatusNoContent, nil)
	case r.Method == http.MethodPut && s.opts.PatchOnly && len(body) > 0:
		return unsupported.answer()
	case !up.continues(r):
		return s.uploadAnswer(r, http.StatusRequestedRangeNotSatisfiable, rt.repo, rt.reference)
	case r.Method == http.MethodPatch:
		up.data = append(up.data, body...)
		return s.uploadAnswer(r, http.StatusAccepted, rt.repo, rt.reference)
	case r.Method == http.MethodPut:
		return s.commit(r, rt, repo, append(up.data, body...), query.Get("digest"))
	}
	return s.uploadAnswer(r, http.StatusNoContent, rt.repo, rt.reference)
}

// continues reports whether a request's Content-Range, if it has one, begins where the upload ends.
func (up *uploading) continues(r *http.Request) bool {
	from, _, _ := strings.Cut(r.Header.Get("Content-Range"), "-")
	return from == "" || from == strconv.Itoa(len(up.data))
}

// keep adds to an upload what has arrived of a PATCH that was cut off.
func (s *Server) keep(r *http.Request, rt route, part []byte) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	up := s.store.uploads[rt.reference]
	if r.Method == http.MethodPatch && up != nil && up.continues(r) {
		up.data = append(up.data, part...)
	}
}

// uploadAnswer says where to go on with an upload, and from which offset.
func (s *Server) uploadAnswer(r *http.Request, status int, repo, id string) *answer {
	return reply(status, nil,
		"Location", s.location(r, "/v2/"+repo+"/blobs/uploads/"+id+"?_state=secret-state"), "Docker-Upload-UUID", id,
		"Range", fmt.Sprintf("0-%d", max(0, len(s.store.uploads[id].data)-1)))
}

// location is how the registry writes one of its URLs.
func (s *Server) location(r *http.Request, path string) string {
	if !s.opts.LocationPort {
		return path
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = r.Host, "80"
	}
	return "http://" + net.JoinHostPort(strings.ToUpper(host), port) + path
}

func (s *Server) commit(r *http.Request, rt route, repo *repository, data []byte, digest string) *answer {
	delete(s.store.uploads, rt.reference)
	if Digest(data) != digest && !s.opts.Unverified {
		return refuse(http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
	}
	if s.opts.Quota > 0 && s.store.used+int64(len(data)) > s.opts.Quota {
		return refuse(http.StatusForbidden, "DENIED",
			fmt.Sprintf("adding %d bytes of storage resource, which when updated to current usage of %d will exceed the configured upper limit of %d",
				len(data), s.store.used, s.opts.Quota))
	}
	s.store.used += int64(len(data))
	repo.blobs[digest] = data
	return reply(http.StatusCreated, nil, "Location", s.location(r, "/v2/"+rt.repo+"/blobs/"+digest))
}
