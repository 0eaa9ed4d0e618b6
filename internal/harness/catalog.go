package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/harnessci/terraform-provider-harnessci/internal/text"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// maxRepositories is how many names of a catalog are read.
const maxRepositories = 50_000

// Catalog returns the repositories of a container registry from every page of its _catalog, sorted, each
// once. A nil registry is that of the endpoint's host, at /registry. The path of registry is that of its
// catalog without /_catalog, such as /registry; without a path it is /v2, where Docker registries have it.
// The credential is sent only to the endpoint's own origin. Every error is an *Error.
func (c *Client) Catalog(ctx context.Context, registry *url.URL) ([]string, error) {
	page := c.catalogURL(registry)
	repositories := []string{}
	size := int64(0)
	for range c.cfg.MaxPages {
		x, err := c.do(ctx, request{call: "_catalog", method: http.MethodGet, url: page})
		if err != nil {
			return nil, err
		}
		names, err := x.repositories()
		if err != nil {
			return nil, err
		}
		if repositories = append(repositories, names...); len(repositories) > maxRepositories {
			return nil, x.failure(fmt.Errorf("the catalog has more than %d repositories", maxRepositories))
		}
		next, err := x.nextPage()
		if err != nil {
			return nil, err
		}
		if next == nil {
			slices.Sort(repositories)
			return slices.Compact(repositories), nil
		}
		if size += int64(len(x.body)); size > 2*c.cfg.MaxAnswer || next.String() == page.String() {
			return nil, x.failure(errors.New("the catalog does not end"))
		}
		page = next
	}
	return nil, c.unsent(request{call: "_catalog", url: page}, fmt.Errorf("the catalog has more than %d "+
		"pages", c.cfg.MaxPages))
}

// IsEndpoint reports whether a URL has the endpoint's own origin, to which the credential is sent.
func (c *Client) IsEndpoint(u *url.URL) bool {
	return transport.Origin(u) == transport.Origin(c.cfg.Endpoint)
}

func (c *Client) catalogURL(registry *url.URL) *url.URL {
	if registry == nil {
		return &url.URL{Scheme: c.cfg.Endpoint.Scheme, Host: c.cfg.Endpoint.Host, Path: "/registry/_catalog"}
	}
	base := *registry
	base.User, base.Fragment = nil, ""
	switch path := strings.TrimSuffix(base.Path, "/"); {
	case path == "":
		base.Path = "/v2"
	case strings.HasSuffix(path, "/_catalog"):
		return &base
	}
	return base.JoinPath("_catalog")
}

// repositories returns the names on a page of the catalog.
func (x *exchange) repositories() ([]string, error) {
	var page struct {
		Repositories json.RawMessage `json:"repositories"`
	}
	err := decodeObject(x.body, &page)
	if err == nil && page.Repositories == nil {
		err = errors.New("it has no repositories")
	}
	var names []string
	if err == nil {
		err = json.Unmarshal(page.Repositories, &names)
	}
	if err != nil {
		return nil, x.failure(fmt.Errorf("the answer is not a registry catalog: %w", err))
	}
	for i := range names {
		names[i] = plain(names[i])
	}
	return names, nil
}

// link matches an element of a Link header (RFC 8288): the target and its parameters.
var link = text.Regexp(`<([^>]*)>([^<]*)`)

var relNext = text.Regexp(`(?i);\s*rel\s*=\s*("[^"]*\bnext\b[^"]*"|next\b)`)

// nextPage returns the URL of the next page; nil when this is the last.
func (x *exchange) nextPage() (*url.URL, error) {
	for _, header := range x.header.Values("Link") {
		for _, element := range link().FindAllStringSubmatch(header, -1) {
			if !relNext().MatchString(element[2]) {
				continue
			}
			next, err := x.url.Parse(element[1])
			if err != nil {
				return nil, x.failure(errors.New("the link to the catalog's next page is not a URL"))
			}
			if transport.Origin(next) != transport.Origin(x.url) {
				return nil, x.failure(fmt.Errorf("the catalog's next page is on another host and was not fetched: "+
					"%s://%s",
					next.Scheme, next.Host))
			}
			next.User = nil
			return next, nil
		}
	}
	return nil, nil
}
