package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/harnessci/terraform-provider-harnessci/internal/fakeregistry"
	"github.com/harnessci/terraform-provider-harnessci/internal/flight"
)

func TestOnceSendsEachRequestOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"base", "token", "manifests"} {
		server := fakeregistry.Start(t, logins["token"])
		server.Push("a/b:1", multi(1))
		server.Inject(fakeregistry.Fault{Call: kind, Status: 503, Times: -1})
		c := newClient(t, func(c *Config) { c.Hosts = map[string]Host{server.Host(): {Username: user, Password: secret}} })
		_, err := c.Head(Once(t.Context()), server.Host()+"/a/b:1")
		wantKind(t, err, Unreachable)
		if n := server.Count("", kind); n != 1 {
			t.Errorf("%s: %d requests", kind, n)
		}
		_, err = c.Head(t.Context(), server.Host()+"/a/b:1")
		wantKind(t, err, Unreachable)
		if n := server.Count("", kind); n != 1+3 {
			t.Errorf("%s: %d requests with two retries", kind, n)
		}
	}
}

func TestOnceDoesNotAskAHostThatGaveNoAnswer(t *testing.T) {
	t.Parallel()
	server := fakeregistry.Start(t, fakeregistry.Options{})
	server.Push("a/b:1", multi(1))
	server.Inject(fakeregistry.Fault{Drop: true, Times: 5})
	c := newClient(t, func(c *Config) { c.MaxRetries = 0 })
	for _, ctx := range []context.Context{Once(t.Context()), Once(t.Context()), t.Context()} {
		_, err := c.Head(ctx, server.Host()+"/a/b:1")
		wantKind(t, err, Unreachable)
	}
	if n := server.Count(""); n != 2 {
		t.Errorf("%d requests, want one each by the first and by the one that may retry", n)
	}
	server.ClearFaults()
	if _, err := c.Head(t.Context(), server.Host()+"/a/b:1"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Head(Once(t.Context()), server.Host()+"/a/b:1"); err != nil {
		t.Errorf("it answers again, and %v", err)
	}
}

func TestACallThatMayRetryDoesNotShareTheFailureOfOneThatMayNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var group flight.Group[string, int]
		runs, end := 0, make(chan struct{})
		work := func(context.Context) (int, error) {
			if runs++; runs == 1 {
				<-end
				return 0, errors.New("one attempt was not enough")
			}
			return runs, nil
		}
		hasty, patient := make(chan error, 1), make(chan error, 1)
		ask := func(ctx context.Context, done chan<- error) {
			_, err := share(ctx, &group, "host", work)
			done <- err
		}
		go ask(Once(t.Context()), hasty)
		synctest.Wait()
		go ask(t.Context(), patient)
		synctest.Wait() // it has joined
		close(end)
		if err := <-hasty; err == nil {
			t.Error("the call that may not retry has no error")
		}
		if err := <-patient; err != nil || runs != 2 {
			t.Errorf("%v after %d runs", err, runs)
		}
	})
}
