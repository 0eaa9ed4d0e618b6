package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// syncBuffer is a buffer that a server writes to while a test reads.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) Close() error { return nil }

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// command runs the command with the environment and returns what it printed.
func command(t *testing.T, env map[string]string, args ...string) (string, error) {
	t.Helper()
	var stdout syncBuffer
	err := run(t.Context(), args, func(name string) string { return env[name] }, &stdout, io.Discard)
	return stdout.String(), err
}

// serveInBackground runs the server until the test ends, and returns what it exports.
func serveInBackground(t *testing.T, stderr io.Writer, args ...string) (env map[string]string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, os.Getenv, write, stderr) }()
	env = map[string]string{}
	lines := bufio.NewScanner(read)
	for lines.Scan() { // it ends because the server closes its stdout
		name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		env[name] = strings.Trim(value, "'")
	}
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return env, stop
}

func TestServeAndChange(t *testing.T) {
	t.Parallel()
	var stderr syncBuffer
	env, stop := serveInBackground(t, &stderr, "-v", "-bad-field-status", "400", "-account", "acc 1", "-api-key", "pat.mine", "-latency", "1ms")
	if env["HARNESS_ACCOUNT_ID"] != "acc 1" || env["HARNESS_PLATFORM_API_KEY"] != "pat.mine" ||
		env["FAKEHARNESS_PID"] != strconv.Itoa(os.Getpid()) {
		t.Fatalf("it exports %v", env)
	}
	show := func(want string) {
		t.Helper()
		if got, err := command(t, env, "show", "ci/K8"); err != nil || got != want {
			t.Errorf("show prints %q, error %v, want %q", got, err, want)
		}
	}
	show("")
	if out, err := command(t, env, "set", "ci/k8", "gitCloneTag=harness/drone-git:1.0.0", "addonTag=a:1"); err != nil || out != "" {
		t.Errorf("set prints %q, error %v", out, err)
	}
	show("addonTag = \"a:1\"\ngitCloneTag = \"harness/drone-git:1.0.0\"\n")
	const refusal = "HTTP 400 INVALID_REQUEST: Field nope does not exist for infra type: K8"
	if _, err := command(t, env, "set", "ci/K8", "nope=a:1"); err == nil || !strings.Contains(err.Error(), refusal) {
		t.Errorf("set of an unknown field: %v", err)
	}
	if _, err := command(t, env, "unset", "ci/K8", "gitCloneTag"); err != nil {
		t.Error(err)
	}
	show("addonTag = \"a:1\"\n")
	if err := stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	log := stderr.String()
	const line = ` POST "/gateway/ci/execution-config/update-config" ci/K8 200 2 fields`
	if strings.Count(log, "\n") != 6 || !strings.Contains(log, line) || strings.Contains(log, "pat.mine") {
		t.Errorf("the log is\n%s", log)
	}
	if _, err := command(t, env, "show", "ci/K8"); err == nil {
		t.Error("a server that has ended answers")
	}
}

func TestDatabaseDevOpsIsChangedInItsOwnForm(t *testing.T) {
	t.Parallel()
	env, _ := serveInBackground(t, io.Discard)
	for _, step := range []struct{ args, want string }{
		{"set dbops mongoTag=a:1 spannerTag=a:2", ""},
		{"unset dbops spannerTag", ""},
		{"show dbops", "mongoTag = \"a:1\"\n"},
	} {
		if got, err := command(t, env, strings.Fields(step.args)...); err != nil || got != step.want {
			t.Errorf("%s prints %q, error %v", step.args, got, err)
		}
	}
	if _, err := command(t, env, "set", "dbops", "nope=a:1"); err == nil || !strings.Contains(err.Error(), "update-config: HTTP 500") {
		t.Errorf("set of an unknown field: %v", err)
	}
}

func TestFaultsAreReadAsJSON(t *testing.T) {
	t.Parallel()
	env, _ := serveInBackground(t, io.Discard, "-fault", `{"Call":"update-config","Status":418}`, "-fault", `{"Call":"reset-config","Lie":true}`)
	if _, err := command(t, env, "set", "ci/K8", "addonTag=a:1"); err == nil || !strings.Contains(err.Error(), "HTTP 418") {
		t.Errorf("the fault did not hit: %v", err)
	}
	if _, err := command(t, env, "set", "ci/K8", "addonTag=a:1"); err != nil {
		t.Error(err)
	}
	if _, err := command(t, env, "unset", "ci/K8", "addonTag"); err != nil {
		t.Error(err)
	}
	if out, err := command(t, env, "show", "ci/K8"); err != nil || out != "addonTag = \"a:1\"\n" {
		t.Errorf("show prints %q, error %v: the reset was not swallowed", out, err)
	}
	if _, err := command(t, nil, "-fault", "Status: 503"); err == nil {
		t.Error("a fault that is no JSON is taken")
	}
}

func TestOptionsReachTheServer(t *testing.T) {
	t.Parallel()
	env, _ := serveInBackground(t, io.Discard, "-hide-defaults", "-rate-limit", "2")
	isDefault := fakeharness.New(fakeharness.Options{}).Defaults("ci/VM")["s3UploadTag"]
	if _, err := command(t, env, "set", "ci/VM", "s3UploadTag="+isDefault); err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, env, "show", "ci/VM"); err != nil || out != "" {
		t.Errorf("an override equal to the default is shown: %q, error %v", out, err)
	}
	if _, err := command(t, env, "show", "ci/VM"); err == nil || !strings.Contains(err.Error(), "HTTP 429") {
		t.Errorf("beyond the limit: %v", err)
	}
}

func TestSecretsCanBeNamedByAConnector(t *testing.T) {
	t.Parallel()
	env, _ := serveInBackground(t, io.Discard, "-secret", "account.there")
	for _, test := range []struct {
		user   string
		status int
	}{{"there", http.StatusOK}, {"missing", http.StatusBadRequest}} {
		body := `{"connector": ` + fakeharness.ConnectorBody("https://registry.example.com", test.user) + `}`
		target := env["HARNESS_ENDPOINT"] + "/ng/api/connectors?accountIdentifier=" + env["HARNESS_ACCOUNT_ID"]
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Api-Key", env["HARNESS_PLATFORM_API_KEY"])
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("a connector with the secret account.%s: HTTP %d, want %d", test.user, resp.StatusCode, test.status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestMistakesAreReported(t *testing.T) {
	t.Parallel()
	s := fakeharness.Start(t, fakeharness.Options{})
	for want, args := range map[string][]string{
		"unknown command":            {"get", "ci/K8"},
		"set needs a scope":          {"set"},
		"set needs at least one":     {"set", "ci/K8"},
		"unset needs at least one":   {"unset", "ci/K8"},
		`"gitCloneTag": set takes`:   {"set", "ci/K8", "gitCloneTag"},
		`"gitCloneTag=a": set takes`: {"unset", "ci/K8", "gitCloneTag=a"},
		`"K8" is not a scope`:        {"show", "K8"},
		`"cd/K8" is not a scope`:     {"show", "cd/K8"},
		`"ci/" is not a scope`:       {"show", "ci/"},
		"show takes only a scope":    {"show", "ci/K8", "gitCloneTag"},
		"infra type: Docker":         {"show", "ci/Docker"},
		`unexpected argument "x"`:    {"-v", "x"},
		"not defined: -nope":         {"-nope"},
	} {
		if out, err := command(t, s.Env(), args...); err == nil || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%q prints %q, error %v, want %q", args, out, err, want)
		}
	}
	if s.Count("writes") > 0 {
		t.Errorf("a mistake reached the server: %+v", s.Requests())
	}
	if _, err := command(t, nil, "show", "ci/K8"); err == nil || !strings.Contains(err.Error(), "HARNESS_ENDPOINT is not set") {
		t.Errorf("without an endpoint: %v", err)
	}
	if _, err := command(t, nil, "-h"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h ends with %v", err)
	}
}

func TestAnswersThatAreNotAnswers(t *testing.T) {
	t.Parallel()
	s := fakeharness.Start(t, fakeharness.Options{})
	for want, fault := range map[string]fakeharness.Fault{
		"HTTP 302":              {Redirect: s.Endpoint() + "/elsewhere"},
		"HTTP 503":              {Status: 503, Body: "<html>"},
		"HTTP 200 SOME_CODE: x": {Body: fakeharness.ErrorBody("SOME_CODE", "x", "id")},
		"answer: ":              {Body: "<html>"},
	} {
		s.Inject(fault)
		if _, err := command(t, s.Env(), "show", "ci/K8"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", fault, err, want)
		}
	}
	if got := s.Count(""); got != 4 {
		t.Errorf("%d requests, want 4: no redirect is followed", got)
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	if got := shellQuote(`it's $HOME`); got != `'it'\''s $HOME'` {
		t.Errorf("quoted as %s", got)
	}
}
