// Command fakeharness serves the Harness execution-config API from memory, and changes a running one as
// someone outside Terraform would.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

const usage = `Usage:
  fakeharness [flags]                        serve until interrupted; stdout is for eval:
                                             eval "$(fakeharness &)"; ...; kill $FAKEHARNESS_PID
  fakeharness show SCOPE                     list the overrides of a scope such as ci/K8
  fakeharness set SCOPE FIELD=IMAGE...       override images
  fakeharness unset SCOPE FIELD...           reset images to their defaults

show, set and unset call the server that the HARNESS_* variables name.

Flags:
`

// faultExample answers the first write at once and saves it 6 seconds later.
const faultExample = `{"Call":"writes","Status":504,"SaveLate":6000000000}`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "fakeharness:", err)
		os.Exit(1)
	}
}

// run does what the arguments say. Serving closes stdout once it has printed the variables, so that nobody
// who reads to the end waits for the server.
func run(ctx context.Context, args []string, getenv func(string) string, stdout io.WriteCloser, stderr io.Writer) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return change(ctx, args[0], args[1:], getenv, stdout)
	}
	var opts fakeharness.Options
	var faults []fakeharness.Fault
	flags := flag.NewFlagSet("fakeharness", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	addr := flags.String("addr", "127.0.0.1:0", "address to listen on")
	verbose := flags.Bool("v", false, "log one line per request to stderr")
	flags.StringVar(&opts.AccountID, "account", "test-account", "account identifier")
	flags.StringVar(&opts.APIKey, "api-key", "pat.test", "API key that may read and write")
	flags.DurationVar(&opts.Latency, "latency", 0, "latency of every answer")
	flags.DurationVar(&opts.WriteLatency, "write-latency", 0, "latency of writes (0: as -latency)")
	flags.DurationVar(&opts.ReplicaLag, "replica-lag", 0, "how far reads of the overrides lag behind")
	flags.IntVar(&opts.ReplicaEvery, "replica-every", 0, "limit -replica-lag to every nth read (0: all)")
	flags.IntVar(&opts.BadFieldStatus, "bad-field-status", 0, "answer a field that cannot be set with this (0: 500, as the published source does)")
	flags.BoolVar(&opts.HideDefaults, "hide-defaults", false, "list no override that equals the current default")
	flags.IntVar(&opts.RateLimit, "rate-limit", 0, "calls per minute and credential (0: no limit)")
	flags.Func("fault", "a fakeharness.Fault as JSON, such as "+faultExample+"; may be repeated", func(text string) error {
		faults = append(faults, fakeharness.Fault{})
		return json.Unmarshal([]byte(text), &faults[len(faults)-1])
	})
	var secrets []string
	flags.Func("secret", "a secret that a connector may name, such as account.registry_password; may be repeated", func(ref string) error {
		secrets = append(secrets, ref)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *verbose {
		opts.OnAnswer = func(r fakeharness.Request) { logRequest(stderr, r) }
	}
	s := fakeharness.New(opts)
	for _, fault := range faults {
		s.Inject(fault)
	}
	for _, ref := range secrets {
		s.AddSecret(ref)
	}
	return serve(ctx, *addr, s, stdout)
}

// serve serves until ctx ends, and returns when every request has ended.
func serve(ctx context.Context, addr string, s *fakeharness.Server, stdout io.WriteCloser) error {
	if err := s.Listen(ctx, addr); err != nil {
		return err
	}
	defer s.Close()
	context.AfterFunc(ctx, s.Close)

	env := s.Env()
	var exports strings.Builder
	fmt.Fprintf(&exports, "export FAKEHARNESS_PID=%d\n", os.Getpid())
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&exports, "export %s=%s\n", name, shellQuote(env[name]))
	}
	if _, err := io.WriteString(stdout, exports.String()); err != nil {
		return err
	}
	if err := stdout.Close(); err != nil {
		return err
	}
	return s.Serve()
}

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// logRequest writes one line, in one call so that lines of parallel requests stay whole.
func logRequest(w io.Writer, r fakeharness.Request) {
	status := "-"
	if r.Status != 0 {
		status = strconv.Itoa(r.Status)
	}
	_, _ = fmt.Fprintf(w, "%s %s %q %s %s %d fields\n",
		r.Start.Format(time.TimeOnly), r.Method, r.Path, r.Scope, status, len(r.Fields))
}
