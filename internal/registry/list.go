package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	// pageSize is the largest that all registries accept.
	pageSize = "1000"

	// maxNames and maxPages bound a list, far above any real one.
	maxNames = 200_000
	maxPages = 2_000

	// maxListBytes limits the names of a list together, and maxLists the lists that are read at a time.
	maxListBytes = 12 << 20
	maxLists     = 2
)

// Tags returns all tags of a repository, sorted as strings; a tag or digest in the name is ignored. Invalid
// tags are dropped.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	r, err := parse(repository)
	if err != nil {
		return nil, err
	}
	tags, err := c.tags(ctx, r)
	return tags, failure(ref{host: r.host, repo: r.repo}, err)
}

func (c *Client) tags(ctx context.Context, r ref) ([]string, error) {
	return c.list(ctx, call{ref: r, path: "/v2/" + r.repo + "/tags/list"}, "tags", wholeTag())
}

// Catalog returns the repositories in the catalog at a URL, with or without its /_catalog, sorted. Without a
// path it is /v2. The login of its host is for the catalog of the registry itself, over the scheme that its
// other calls use; any other catalog is read without one. Docker Hub and some others have none.
func (c *Client) Catalog(ctx context.Context, at *url.URL) ([]string, error) {
	r := ref{host: canonicalHost(at.Host)}
	path := strings.TrimSuffix(strings.TrimSuffix(at.Path, "/"), "/_catalog")
	call := call{ref: r, path: cmp.Or(path, "/v2") + "/_catalog", scopes: []string{"registry:catalog:*"}}
	if call.path != "/v2/_catalog" || at.Scheme == "http" && !isLoopback(at.Host) && !c.credentials.insecure(r.host) {
		call.at = at
	}
	names, err := c.list(ctx, call, "repositories", wholeName())
	return names, failure(r, err)
}

// list fetches all pages of the list at a call's path, and returns the names that match the form, sorted.
func (c *Client) list(ctx context.Context, first call, key string, form *regexp.Regexp) (names []string, err error) {
	err = inSlot(ctx, c.lists, func() error {
		names, err = c.pages(ctx, first, key, form)
		return err
	})
	return names, err
}

func (c *Client) pages(ctx context.Context, page call, key string, form *regexp.Regexp) ([]string, error) {
	var names []string
	bytesHeld := 0
	page.method, page.want = http.MethodGet, []int{http.StatusOK}
	page.path += "?n=" + pageSize
	for range maxPages {
		err := c.fetch(ctx, page, func(resp *http.Response, content []byte) (err error) {
			if len(names)+bytes.Count(content, []byte{','}) > maxNames { // counted before it takes room
				return problemf(Refused, "the list has more than %d names", maxNames)
			}
			var answer map[string]json.RawMessage
			var some []string
			if json.Unmarshal(content, &answer) != nil || json.Unmarshal(answer[key], &some) != nil {
				return problemf(Refused, "the answer is not a registry's list")
			}
			some = slices.DeleteFunc(some, func(s string) bool { return !form.MatchString(s) })
			for _, name := range some {
				bytesHeld += len(name) + 16
			}
			if bytesHeld > maxListBytes {
				return problemf(Refused, "the names of the list are longer than %d MiB", maxListBytes>>20)
			}
			names = append(names, some...)
			page.path, err = nextPage(resp)
			return err
		})
		if err != nil {
			return nil, err
		}
		if page.path == "" {
			slices.Sort(names)
			return slices.Compact(names), nil
		}
	}
	return nil, problemf(Refused, "the list has more than %d pages", maxPages)
}

// nextPage returns the path and query of the next page that an answer links to, "" for none. A registry below a path, or
// behind a proxy, may not know its own address, so that only the query of the link counts.
func nextPage(resp *http.Response) (string, error) {
	link := resp.Header.Get("Link")
	_, rest, _ := strings.Cut(link, "<")
	target, params, found := strings.Cut(rest, ">")
	if !found || !strings.Contains(params, "next") {
		return "", nil
	}
	u, err := url.Parse(target)
	if err != nil {
		return "", problemf(Refused, "the link to the next page of the list is not a URL")
	}
	next := *resp.Request.URL
	next.RawQuery = u.RawQuery
	if next.RequestURI() == resp.Request.URL.RequestURI() {
		return "", problemf(Refused, "the list's next page is the same page")
	}
	return next.RequestURI(), nil
}
