package fakeregistry

import (
	"fmt"
	"net/http"
)

func (s *Server) blobs(r *http.Request, rt route, repo *repository) answer {
	blob, ok := repo.blobs[rt.reference]
	if !ok {
		return refuse(http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
	}
	if s.opts.Redirect && r.Method == http.MethodGet {
		return reply(http.StatusTemporaryRedirect, nil,
			"Location", "http://"+s.elsewhere()+"/storage/"+rt.repo+"@"+rt.reference+"?signature=secret-signature")
	}
	return reply(http.StatusOK, blob, "Content-Type", "application/octet-stream", "Docker-Content-Digest", s.digestHeader(rt.reference))
}

// storage serves what blobs redirects to.
func (s *Server) storage(rt route) answer {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	blob, ok := s.store.repo(rt.repo).blobs[rt.reference]
	if !ok {
		return reply(http.StatusNotFound, nil)
	}
	return reply(http.StatusOK, blob, "Content-Type", "application/octet-stream")
}

// upload begins, feeds and ends uploads, and mounts. The store's lock is held.
func (s *Server) upload(r *http.Request, rt route, repo *repository, body []byte) answer {
	query := r.URL.Query()
	if r.Method == http.MethodPost {
		if from := s.store.repos[query.Get("from")]; from != nil && !s.opts.NoMount {
			if blob, ok := from.blobs[query.Get("mount")]; ok {
				repo.blobs[query.Get("mount")] = blob
				return reply(http.StatusCreated, nil, "Location", "/v2/"+rt.repo+"/blobs/"+query.Get("mount"))
			}
		}
		s.store.next++
		id := fmt.Sprintf("upload-%d", s.store.next)
		s.store.uploads[id] = &uploading{repo: rt.repo}
		return s.uploadAnswer(http.StatusAccepted, rt.repo, id)
	}
	up := s.store.uploads[rt.reference]
	if up == nil || up.repo != rt.repo {
		return refuse(http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
	}
	switch r.Method {
	case http.MethodDelete:
		delete(s.store.uploads, rt.reference)
		return reply(http.StatusNoContent, nil)
	case http.MethodPatch:
		up.data = append(up.data, body...)
		return s.uploadAnswer(http.StatusAccepted, rt.repo, rt.reference)
	case http.MethodPut:
		return s.commit(rt, repo, append(up.data, body...), query.Get("digest"))
	}
	return s.uploadAnswer(http.StatusNoContent, rt.repo, rt.reference)
}

func (s *Server) uploadAnswer(status int, repo, id string) answer {
	return reply(status, nil, "Location", "/v2/"+repo+"/blobs/uploads/"+id+"?_state=secret-state", "Docker-Upload-UUID", id)
}

func (s *Server) commit(rt route, repo *repository, data []byte, digest string) answer {
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
	return reply(http.StatusCreated, nil, "Location", "/v2/"+rt.repo+"/blobs/"+digest)
}
