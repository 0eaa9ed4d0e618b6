// Package registry asks container registries what a name refers to, lists their tags, and copies
// images between them. It knows nothing of Terraform, nor of Harness.
//
// An image has a name as in Docker: host, repository, tag, digest. Without a host it is on Docker Hub,
// without tag and digest its tag is latest; with both, the digest decides.
package registry

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/http"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

const (
	defaultTimeout = 30 * time.Second
	defaultJobs    = 8

	// maxFetches limits the manifests and pages of lists that are in memory at a time.
	maxFetches = 4

	defaultWaitMin = 500 * time.Millisecond
	defaultWaitMax = 30 * time.Second

	defaultPatience = 5 * time.Second
)

// Host is the configuration of one registry.
type Host struct {
	Username, Password string // empty: none
	// Insecure allows plain HTTP if HTTPS does not answer. The loopback does not need it.
	Insecure bool
}

// Config are the settings of a Client. The zero value is usable.
type Config struct {
	// Hosts are registries by host[:port], Docker Hub by any of its names, and logins for the repositories
	// below a path by host[:port]/path: the longest match wins. Without a username here, a registry's login
	// comes from Docker's or Podman's configuration. Insecure is of use for a host alone.
	Hosts map[string]Host
	// RootCAs are the CAs to trust; nil: the system's.
	RootCAs   *x509.CertPool
	UserAgent string
	// RequestTimeout limits a request, answer included; for a blob, the time without any progress.
	RequestTimeout time.Duration // 0: 30 s
	// MaxRetries is how often a request without a body is sent again after 429, a 5xx or a lost connection,
	// and how often the transfer of a blob starts again.
	MaxRetries int
	// Jobs limits the blobs in transfer, over all copies of the client.
	Jobs int // 0: 8
	// RetryWaitMin and RetryWaitMax limit the waits between attempts. 0: 500 ms and 30 s.
	RetryWaitMin, RetryWaitMax time.Duration
	// Patience is how long a copy waits until the destination shows what it has acknowledged.
	Patience time.Duration // 0: 5 s
	// Log sees every attempt: method, host and path, never a query, a header or a body. May be nil.
	Log func(ctx context.Context, msg string, fields map[string]any)
}

// Client talks to registries. It is safe for concurrent use. It keeps what it has learned about a registry
// (how to log in, tokens, which repository has which blob) until Close.
type Client struct {
	cfg         Config
	credentials *credentials
	http        *http.Transport // to the registries themselves
	foreign     *http.Transport // to wherever they send on to

	endpoints flight.Group[string, *endpoint]
	logins    flight.Group[string, *login]
	wider     sync.Map // by loginKey: the scopes that a registry wants in place of those
	silence   silence
	blobs     blobTable
	leaving   leaving
	ways      sync.Map      // of hosts: how each takes the content of blobs
	slots     chan struct{} // one for each blob in transfer
	copies    chan struct{} // one for each copy
	large     chan struct{} // held by the copy whose manifests are large
	lists     chan struct{} // one for each list that is being read
	documents chan struct{} // held by the large document that is being read
	fetches   chan struct{} // one for each answer whose content is being read
}

// New returns a client. Close it when done.
func New(cfg Config) *Client {
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, defaultTimeout)
	cfg.Jobs = cmp.Or(cfg.Jobs, defaultJobs)
	cfg.RetryWaitMin = cmp.Or(cfg.RetryWaitMin, defaultWaitMin)
	cfg.RetryWaitMax = cmp.Or(cfg.RetryWaitMax, defaultWaitMax)
	cfg.Patience = cmp.Or(cfg.Patience, defaultPatience)
	tr := transport.New(cfg.RootCAs)
	tr.MaxIdleConnsPerHost = 4 * cfg.Jobs // a copy talks to two hosts all the time
	tr.ReadBufferSize, tr.WriteBufferSize = copyBuffer, copyBuffer
	foreign := tr.Clone()
	guardDials(foreign)
	return &Client{
		cfg:         cfg,
		credentials: newCredentials(cfg.Hosts),
		http:        tr,
		foreign:     foreign,
		slots:       make(chan struct{}, cfg.Jobs),
		copies:      make(chan struct{}, maxCopies),
		large:       make(chan struct{}, 1),
		lists:       make(chan struct{}, maxLists),
		documents:   make(chan struct{}, 1),
		fetches:     make(chan struct{}, maxFetches),
	}
}

// Close frees the idle connections.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	c.foreign.CloseIdleConnections()
}

// Descriptor is what a reference names.
type Descriptor struct {
	Digest    string // such as sha256:…
	MediaType string // such as application/vnd.oci.image.index.v1+json
	Size      int64  // of the manifest, in bytes; 0 if the registry does not say
}

// Image is what a manifest says about an image.
type Image struct {
	Descriptor
	Platforms []string // such as linux/amd64 and linux/arm/v7, sorted; none if it is not an image
	Children  []Child  // of an index: the images that run on a platform
	Artifact  bool     // nothing in it can run: a chart, a signature, an empty index
}

// Child is the image of one platform in an index.
type Child struct {
	Digest   string `json:"digest"`
	Platform string `json:"platform"`
}
