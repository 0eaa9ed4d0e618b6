package registry

import (
	"net/http"
	"testing"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

func TestDeleteRemovesOnlyWhatIsNamed(t *testing.T) {
	t.Parallel()
	content, another := multi(1), multi(2)
	for name, tc := range map[string]struct {
		options   fakeregistry.Options
		reference string
		kind      Kind
		stays     []string
	}{
		"a tag":                           {reference: "a/b:1", kind: passes, stays: []string{"also", "other"}},
		"a tag with its digest":           {reference: "a/b:1@" + content.Digest(), kind: passes, stays: []string{"also", "other"}},
		"a tag that has moved":            {reference: "a/b:1@" + another.Digest(), kind: Mismatch, stays: []string{"1", "also", "other"}},
		"a digest":                        {reference: "a/b@" + content.Digest(), kind: passes, stays: []string{"other"}},
		"a tag that is gone":              {reference: "a/b:2", kind: NotFound, stays: []string{"1", "also", "other"}},
		"by digest alone":                 {fakeregistry.Options{NoTagDelete: true}, "a/b:other", passes, []string{"1", "also"}},
		"by digest alone, another has it": {fakeregistry.Options{NoTagDelete: true}, "a/b:1", Shared, []string{"1", "also", "other"}},
		"with a token":                    {logins["token"], "a/b:1", passes, []string{"also", "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fakeregistry.Start(t, tc.options)
			for tag, c := range map[string]fakeregistry.Content{"1": content, "also": content, "other": another} {
				server.Push("a/b:"+tag, c)
			}
			c := newClient(t, func(c *Config) { c.Hosts = map[string]Host{server.Host(): {Username: user, Password: secret}} })
			err := c.Delete(t.Context(), server.Host()+"/"+tc.reference)
			if tc.kind == passes {
				must(t, err)
			} else {
				wantKind(t, err, tc.kind)
			}
			stays := map[string]bool{}
			for _, tag := range tc.stays {
				stays[tag] = true
			}
			for _, tag := range []string{"1", "also", "other"} {
				if there := server.Tag("a/b:"+tag) != ""; there != stays[tag] {
					t.Errorf("%s is there: %v", tag, there)
				}
			}
		})
	}
}

func TestADeniedDeleteIsReported(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/b:1", multi(1))
	server.Inject(fakeregistry.Fault{Method: http.MethodDelete, Times: -1, Status: 403, Code: "DENIED", Message: "no"})
	if e := told(t, newClient(t, nil).Delete(t.Context(), server.Host()+"/a/b:1"), Denied); e.Text != "no" {
		t.Errorf("%+v", e)
	}
}

// Nexus answers 404 to DELETE of a tag that it has, and deletes by digest.
func TestATagThatIsDeletedByDigestOnlyMayBeToldAsMissing(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/b:1", multi(1))
	server.Inject(fakeregistry.Fault{Call: "manifests", Method: http.MethodDelete, Reference: "manifests/1", Status: 404, Code: "MANIFEST_UNKNOWN", Times: -1})
	must(t, newClient(t, nil).Delete(t.Context(), server.Host()+"/a/b:1"))
	if server.Tag("a/b:1") != "" {
		t.Error("it is still there")
	}
}

// GHCR deletes nothing; that it does not list tags either is not the reason.
func TestARegistryThatDeletesNothingSaysSo(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/b:1", multi(1))
	server.Inject(fakeregistry.Fault{Call: "manifests", Method: http.MethodDelete, Status: 405, Code: "UNSUPPORTED", Message: "no deletes here", Times: -1})
	server.Inject(fakeregistry.Fault{Call: "tags", Status: 403, Code: "DENIED", Times: -1})
	err := newClient(t, nil).Delete(t.Context(), server.Host()+"/a/b:1")
	if e := told(t, err, Refused); e.Status != 405 || e.Text != "no deletes here" {
		t.Error(e)
	}
}
