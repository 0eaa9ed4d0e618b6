// Package realregistry runs real registries, such as the CNCF distribution, for tests and benchmarks: as separate
// processes on free ports of the loopback.
package realregistry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Registry is a running registry.
type Registry struct {
	Host string // 127.0.0.1:port

	cmd    *exec.Cmd
	output *bytes.Buffer
	ended  chan struct{}
}

// tries is how often another port is tried: between finding a free one and listening, it may be taken.
const tries = 5

// Start runs the CNCF distribution, such as docker-registry, with its files below dir. Auth is the part of its
// configuration with this name, in YAML; may be empty.
func Start(ctx context.Context, program, dir, auth string) (*Registry, error) {
	config := filepath.Join(dir, "config.yml")
	return Serve(ctx, func(host string) (*exec.Cmd, error) {
		content := fmt.Sprintf(`version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: %q}
  delete: {enabled: true}
http: {addr: %q, secret: test}
validation: {manifests: {urls: {allow: ["^https://example.invalid/"]}}}
%s`, filepath.Join(dir, "storage"), host, auth)
		cmd := exec.Command(program, "serve", config)               //nolint:forbidigo,gosec // lives until Stop, not as long as a call
		cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none") // version 3 would look for a collector
		return cmd, os.WriteFile(config, []byte(content), 0o600)
	})
}

// Serve runs any program that answers as a registry does on the host, 127.0.0.1 and a free port, that it is given.
func Serve(ctx context.Context, command func(host string) (*exec.Cmd, error)) (r *Registry, err error) {
	for range tries {
		if r, err = start(ctx, command); err == nil {
			return r, nil
		}
	}
	return nil, err
}

func start(ctx context.Context, command func(host string) (*exec.Cmd, error)) (*Registry, error) {
	host, err := freeHost(ctx)
	if err != nil {
		return nil, err
	}
	r := &Registry{Host: host, output: new(bytes.Buffer), ended: make(chan struct{})}
	if r.cmd, err = command(host); err != nil {
		return nil, err
	}
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(r.ended)
		_ = r.cmd.Wait() // killed, or its output says why
	}()
	if err := r.wait(ctx); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

// Stop ends the registry and waits. Its files stay.
func (r *Registry) Stop() {
	_ = r.cmd.Process.Kill() // it may have ended
	<-r.ended
}

// URL is the registry's address.
func (r *Registry) URL() string { return "http://" + r.Host }

func freeHost(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// plain keeps no connection: nothing is left to close.
var plain = &http.Transport{DisableKeepAlives: true}

// wait returns once the registry answers.
func (r *Registry) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL()+"/v2/", nil)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if resp, err := plain.RoundTrip(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-r.ended:
			return fmt.Errorf("the registry ended: %s", r.output)
		case <-ctx.Done():
			return errors.New("the registry does not answer")
		case <-ticker.C:
		}
	}
}
