package fakeregistry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Remote is another registry, such as a real one, to store content in and compare it with. It uses plain
// requests, and no code of the client's.
type Remote struct {
	URL                string // such as http://127.0.0.1:5000
	Username, Password string
}

// anyType accepts every kind of manifest; with only */*, some registries convert, or find nothing.
const anyType = IndexType + ", " + ManifestType +
	", application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, */*"

// plain keeps no connection: nothing is left to close.
var plain = &http.Transport{DisableKeepAlives: true}

// Push stores content under name:tag and returns its digest.
func (r Remote) Push(ctx context.Context, reference string, c Content) (string, error) {
	name, tag, _ := strings.Cut(reference, ":")
	parts := c.parts()
	for i, p := range parts {
		var err error
		at := Digest(p.content)
		if i == len(parts)-1 {
			at = tag
		}
		if p.kind == "blobs" {
			err = r.putBlob(ctx, name, p.content)
		} else {
			_, _, err = r.do(ctx, http.MethodPut, "/v2/"+name+"/manifests/"+at, p.mediaType, p.content)
		}
		if err != nil {
			return "", err
		}
	}
	return c.Digest(), nil
}

func (r Remote) putBlob(ctx context.Context, name string, blob []byte) error {
	header, _, err := r.do(ctx, http.MethodPost, "/v2/"+name+"/blobs/uploads/", "", nil)
	if err != nil {
		return err
	}
	location, err := url.Parse(header.Get("Location"))
	if err != nil {
		return err
	}
	query := location.Query()
	query.Set("digest", Digest(blob))
	_, _, err = r.do(ctx, http.MethodPut, location.Path+"?"+query.Encode(), "application/octet-stream", blob)
	return err
}

// Tag returns the digest of the manifest under name:tag, "" for none.
func (r Remote) Tag(ctx context.Context, reference string) string {
	name, tag, _ := strings.Cut(reference, ":")
	_, manifest, err := r.do(ctx, http.MethodGet, "/v2/"+name+"/manifests/"+tag, anyType, nil)
	if err != nil {
		return ""
	}
	return Digest(manifest)
}

// Delete removes a manifest by its digest.
func (r Remote) Delete(ctx context.Context, name, digest string) error {
	_, _, err := r.do(ctx, http.MethodDelete, "/v2/"+name+"/manifests/"+digest, "", nil)
	return err
}

// Lacks returns what a repository lacks of the content, or has with other bytes.
func (r Remote) Lacks(ctx context.Context, name string, c Content) []string {
	return c.lacks(func(p part, digest string) []byte {
		_, got, _ := r.do(ctx, http.MethodGet, "/v2/"+name+"/"+p.kind+"/"+digest, p.mediaType, nil) // none, if it fails
		return got
	})
}

// do sends a request; mediaType is that of the body, or the accepted one if there is none.
func (r Remote) do(ctx context.Context, method, path, mediaType string, body []byte) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
		req.Header.Set("Accept", mediaType)
	}
	if r.Username != "" {
		req.SetBasicAuth(r.Username, r.Password)
	}
	resp, err := plain.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, nil, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return resp.Header, answer, nil
}

// forward lets another registry act on a request.
func (s *Server) forward(r *http.Request, body []byte) *answer {
	req := r.Clone(r.Context())
	req.RequestURI = ""
	req.URL.Scheme, req.URL.Host, _ = strings.Cut(s.opts.Upstream, "://")
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.ContentLength = int64(len(body))
	resp, err := plain.RoundTrip(req)
	if err != nil {
		return refuse(http.StatusBadGateway, "UNAVAILABLE", err.Error())
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		return refuse(http.StatusBadGateway, "UNAVAILABLE", err.Error())
	}
	return &answer{Status: resp.StatusCode, Header: resp.Header, Body: content}
}
