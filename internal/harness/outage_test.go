package harness

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/transport"
)

// counting returns a client with production timing whose attempts are answered with a status, or get no
// connection if it is 0, and the number of attempts.
func counting(t *testing.T, status int) (*Client, *int) {
	t.Helper()
	attempts := new(int)
	c := New(Config{Endpoint: parseURL(t, "https://app.harness.io/gateway"), APIKey: "pat.test", MaxRetries: 4})
	c.http.Transport = &transport.Attempt{Timeout: time.Second, Limit: defaultMaxAnswer, Next: roundTrip(func(*http.Request) (*http.Response, error) {
		if *attempts++; status == 0 {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
	})}
	return c, attempts
}

func TestADeadEndpointIsTriedOnce(t *testing.T) {
	t.Parallel()
	read := func(infra Infra) func(context.Context, *Client) error {
		return func(ctx context.Context, c *Client) error {
			_, err := c.DefaultImages(ctx, Scope{CI, infra})
			return err
		}
	}
	write := operations["update-config"]
	for name, test := range map[string]struct {
		status        int
		first, second func(context.Context, *Client) error
		attempts      int
	}{
		"no connection, reads":       {0, read(K8), read(VM), 5},
		"no connection, then writes": {0, read(K8), write, 5},
		"no connection to write":     {0, write, write, 5},
		"503, reads":                 {503, read(K8), read(VM), 5},
		"503, then a write":          {503, read(K8), write, 6},
		"503, another API":           {503, read(K8), operations["get-connector"], 10},
		"503, writes":                {503, write, write, 5},
		"503 to write, then a read":  {503, write, read(K8), 6},
		"500 may be the call's own":  {500, read(K8), read(VM), 10},
		"429 passes":                 {429, read(K8), read(VM), 10},
		"403 is an answer":           {403, read(K8), read(VM), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, attempts := counting(t, test.status)
				first := failure(t, test.first(t.Context(), c))
				began := time.Now()
				second := failure(t, test.second(t.Context(), c))
				if *attempts != test.attempts {
					t.Errorf("%d attempts, want %d", *attempts, test.attempts)
				}
				if test.attempts != 5 {
					return
				}
				if time.Since(began) > 0 || second.Attempts != 0 || !IsNotSent(second) || MayStillAct(second) {
					t.Errorf("after %s: %#v", time.Since(began), second)
				}
				if second.Status != first.Status || !strings.Contains(second.Error(), "has just failed this way") ||
					errors.Is(first, syscall.ECONNREFUSED) != errors.Is(second, syscall.ECONNREFUSED) {
					t.Errorf("another cause: %v, then %v", first, second)
				}
				if reason := second.Reason(); !strings.HasPrefix(reason, first.Reason()) || strings.Count(reason, "HTTP 503") > 1 ||
					!strings.HasSuffix(reason, " So this "+second.Call+" was not sent") {
					t.Errorf("it is not clear what failed: %s", reason)
				}
				<-time.NewTimer(outageMemory + 1).C
				if err := test.second(t.Context(), c); *attempts != 10 {
					t.Errorf("%d attempts once it may have come back: %v", *attempts, err)
				}
			})
		})
	}
}

func TestTwentyFiveCallsOfADeadEndpointEndInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := counting(t, 0)
		began := time.Now()
		slots := make(chan struct{}, 10) // as many as Terraform runs at a time
		done := make(chan struct{})
		for range 25 {
			go func() {
				slots <- struct{}{}
				if err := operations["get-customer-config"](t.Context(), c); !IsNotSent(err) {
					t.Error(err)
				}
				<-slots
				done <- struct{}{}
			}()
		}
		for range 25 {
			<-done
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
