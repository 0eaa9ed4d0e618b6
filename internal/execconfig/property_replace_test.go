package execconfig

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// TestRandomMigrations moves overrides between single resources and an exclusive set, in one run, with
// faults and cancellations: in whatever order, what was reported as stored must be there at the end, and
// what nobody wants and was reset must not.
func TestRandomMigrations(t *testing.T) {
	for seed := range seeds(300) {
		for name, migrate := range map[string]func(*testing.T, *migration){"to a set": toSet, "to singles": toSingles} {
			synctest.Test(t, func(t *testing.T) {
				m := newMigration(t, seed)
				m.where = fmt.Sprintf("seed %d, %s", seed, name)
				migrate(t, m)
				time.Sleep(time.Minute) // abandoned writes end with their server's window
				if m.server.MaxWritesInFlight() > 1 && !m.cancelled {
					t.Errorf("%s: %d writes in flight at once", m.where, m.server.MaxWritesInFlight())
				}
			})
		}
	}
}

type migration struct {
	where   string
	server  *server
	account *Account
	before  map[string]string // what existing, all of which single resources, or the set, own
	after   map[string]string // what is wanted
	// cancelled: a caller left while its write was on its way, which the server does not notice.
	cancelled bool
	// lies: the server may acknowledge a write that it does not store.
	lies bool

	mu     sync.Mutex
	random *rand.Rand
}

func newMigration(t *testing.T, seed uint64) *migration {
	t.Helper()
	m := &migration{random: rand.New(rand.NewPCG(seed, 11)), before: map[string]string{}, after: map[string]string{}}
	m.server = newServer(time.Duration(m.roll(100)) * time.Millisecond)
	m.account = newAccount(t, m.server)
	for i := range 12 {
		if m.roll(2) == 0 {
			m.before[fieldName(i)] = fmt.Sprintf("image:%d", m.roll(2))
			m.server.outside(k8, fieldName(i), m.before[fieldName(i)])
		}
		if m.roll(2) == 0 {
			m.after[fieldName(i)] = fmt.Sprintf("image:%d", m.roll(2))
		}
	}
	if m.roll(3) == 0 {
		m.after["noSuchTag"] = "image:0"
	}
	if m.roll(2) == 0 {
		m.lies = m.roll(2) == 0
		m.server.fault = func(c call) verdict {
			down := &harness.Error{Call: c.name, Status: http.StatusServiceUnavailable}
			lie := m.lies && (c.name == "update" || c.name == "reset")
			return []verdict{{}, {}, {}, {}, {lie: lie}, {err: down}, {err: down, stored: true}}[m.roll(7)]
		}
	}
	return m
}

func (m *migration) roll(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.random.IntN(n)
}

// pause lets some time go by, and returns a context that may end while its caller waits.
func (m *migration) pause(t *testing.T) context.Context {
	t.Helper()
	time.Sleep(time.Duration(m.roll(400)) * time.Millisecond)
	if m.roll(8) > 0 {
		return t.Context()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(m.roll(400))*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// check compares the outcome of one field with what the server has at the end of the run.
func (m *migration) check(t *testing.T, field, want string, err error) {
	t.Helper()
	got := m.server.overrides(k8)[field]
	if cancelled, ok := errors.AsType[*CancelledError](err); ok && cancelled.Sent {
		m.cancelled = true
	}
	if told := err == nil || Acknowledged(err) && !m.lies; told && got != want {
		t.Errorf("%s: %s is told to be %q, and is %q at the end", m.where, field, want, got)
	}
}

// toSet resets single overrides while an exclusive set replaces them.
func toSet(t *testing.T, m *migration) {
	t.Helper()
	var replaced error
	set, keep, reset := map[string]string{}, map[string]string{}, map[string]string{}
	resets := make(map[string]error)
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() {
		ctx := m.pause(t)
		existing, err := m.account.Overrides(ctx, k8)
		if err != nil {
			replaced = err
			return
		}
		for field, image := range m.after {
			if existing[field] == image {
				keep[field] = image
			} else {
				set[field] = image
			}
		}
		for field, image := range existing {
			if m.after[field] == "" {
				reset[field] = image
			}
		}
		replaced = m.account.Replace(ctx, k8, Change{Set: set, Keep: keep, Reset: reset})
	})
	for field := range m.before {
		wg.Go(func() {
			err := m.account.Reset(m.pause(t), k8, field, m.before[field])
			mu.Lock()
			defer mu.Unlock()
			resets[field] = err
		})
	}
	wg.Wait()
	time.Sleep(time.Minute)
	failed, isFields := errors.AsType[FieldErrors](replaced)
	if replaced == nil || isFields { // else it could not read what existing, and did nothing
		for field, image := range m.after {
			m.check(t, field, image, failed[field])
		}
	}
	for field, err := range resets {
		if m.after[field] == "" {
			m.check(t, field, "", err)
		}
	}
}

// toSingles resets an exclusive set while single resources replace it.
func toSingles(t *testing.T, m *migration) {
	t.Helper()
	var resetErr error
	sets := make(map[string]error)
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() { resetErr = m.account.ResetAll(m.pause(t), k8, m.before) })
	for field, image := range m.after {
		wg.Go(func() {
			err := m.account.Set(m.pause(t), k8, field, image)
			mu.Lock()
			defer mu.Unlock()
			sets[field] = err
		})
	}
	wg.Wait()
	time.Sleep(time.Minute)
	failed, _ := errors.AsType[FieldErrors](resetErr)
	for field, err := range sets {
		m.check(t, field, m.after[field], err)
	}
	for field := range m.before {
		if m.after[field] == "" {
			m.check(t, field, "", failed[field])
		}
	}
}
