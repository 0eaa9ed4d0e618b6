package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

func TestAllTagsAreListed(t *testing.T) {
	t.Parallel()
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf("1.16.%04d", i))
	}
	for name, options := range map[string]fakeregistry.Options{
		"at once":         {},
		"in pages":        {PageSize: 1000},
		"in small pages":  {PageSize: 7},
		"in no order":     {Unsorted: true},
		"unsorted, paged": {Unsorted: true, PageSize: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, options)
			image := fakeregistry.Image("linux/amd64")
			for i := range want {
				server.Push("a/b:"+want[(i*7)%len(want)], image)
			}
			got, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/b")
			must(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("got %d tags, want %d", len(got), len(want))
			}
		})
	}
}

func TestTagsThatCannotBeAreDropped(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Inject(fakeregistry.Fault{Call: "tags", Body: `{"tags":["1","2\u001b[31m","\u202e3","a b","","-x","` + strings.Repeat("x", 129) + `"]}`})
	got, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/b")
	must(t, err)
	if !slices.Equal(got, []string{"1"}) {
		t.Errorf("got %q", got)
	}
}

func TestAListThatLeadsElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"the same page": `</v2/a/b/tags/list?n=1000>; rel="next"`,
		"no URL":        `<http://[>; rel="next"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, fakeregistry.Options{})
			server.Push("a/b:1", multi(1))
			server.Inject(fakeregistry.Fault{Call: "tags", Times: -1, Header: http.Header{"Link": {link}}})
			_, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/b")
			wantKind(t, err, Refused)
		})
	}
}

// Gitea and distribution link to the path that they know, also behind a proxy that serves them below another.
func TestOnlyTheQueryOfALinkCounts(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://localhost:1/v2/a/b/tags/list", "/v2/b/tags/list", ""} {
		server := fakeregistry.Start(t, fakeregistry.Options{PageSize: 1})
		server.Push("a/b:1", multi(1))
		server.Push("a/b:2", multi(1))
		server.Inject(fakeregistry.Fault{Call: "tags", Body: `{"tags":["1"]}`, Header: http.Header{"Link": {"<" + base + `?last=1>; rel="next"`}}})
		got, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/b")
		must(t, err)
		if !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("a link to %q gave %q", base, got)
		}
	}
}

func TestAnEndlessListIsRefused(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Inject(fakeregistry.Fault{Call: "tags", Times: -1, Body: `{"tags":["` + strings.Repeat(`a","`, 1_000_000) + `a"]}`})
	_, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/b")
	wantKind(t, err, Refused)
}

func TestAMissingRepositoryHasNoTags(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	_, err := newClient(t, nil).Tags(t.Context(), server.Host()+"/a/none")
	wantKind(t, err, NoRepository)
}

func TestTheCatalogIsListed(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{PageSize: 2})
	for _, name := range []string{"e", "d/d", "c", "b", "a"} {
		server.Push(name+":1", multi(1))
	}
	got, err := newClient(t, nil).Catalog(t.Context(), &url.URL{Scheme: "http", Host: server.Host()})
	must(t, err)
	if want := []string{"a", "b", "c", "d/d", "e"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
