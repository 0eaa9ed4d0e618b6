package registry

import (
	"net/http"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
)

func TestPublished(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	layer := fakeregistry.Layer(1, 10)
	const day, other = "2025-08-04T10:00:00.123Z", "2024-01-02T03:04:05+02:00"
	for tag, test := range map[string]struct {
		content fakeregistry.Content
		want    string
	}{
		"config":  {fakeregistry.Created(day, other, "linux/amd64", layer), "2025-08-04T10:00:00.123Z"},
		"label":   {fakeregistry.Created("1970-01-01T00:00:00Z", other, "linux/amd64", layer), "2024-01-02T01:04:05Z"},
		"year-1":  {fakeregistry.Created("0001-01-01T00:00:00Z", "", "linux/amd64", layer), ""},
		"1970":    {fakeregistry.Created("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "linux/amd64", layer), ""},
		"silent":  {fakeregistry.Image("linux/amd64", layer), ""},
		"no-date": {fakeregistry.Created("yesterday", "soon", "linux/amd64", layer), ""},
		"index": {fakeregistry.Index(
			fakeregistry.Created(other, "", "windows/amd64", layer), fakeregistry.Created(day, "", "linux/amd64", layer),
		), "2025-08-04T10:00:00.123Z"},
		"other-platform": {fakeregistry.Index(fakeregistry.Created(day, "", "linux/arm64", layer)), "2025-08-04T10:00:00.123Z"},
		"attestation":    {fakeregistry.Index(fakeregistry.Created(day, "", "unknown/unknown", layer)), ""},
		"no-image":       {fakeregistry.Manifest(fakeregistry.ManifestType, nil), ""},
	} {
		server.Push("a/b:"+tag, test.content)
		server.ResetLog()
		got, err := newClient(t, nil).Published(t.Context(), server.Host()+"/a/b:"+tag)
		must(t, err)
		text := ""
		if !got.IsZero() {
			text = got.Format(time.RFC3339Nano)
		}
		if text != test.want {
			t.Errorf("%s: %s, want %s", tag, text, test.want)
		}
		if manifests, blobs := server.Count(http.MethodGet, "manifests"), server.Count("", "blobs"); manifests > 2 || blobs > 1 {
			t.Errorf("%s: %d manifests and %d blobs were read", tag, manifests, blobs)
		}
	}
	_, err := newClient(t, nil).Published(t.Context(), server.Host()+"/a/b:gone")
	wantKind(t, err, NotFound)
}
