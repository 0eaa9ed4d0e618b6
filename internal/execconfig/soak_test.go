package execconfig_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/harnessci/terraform-provider-harnessci/internal/execconfig"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
	"github.com/harnessci/terraform-provider-harnessci/internal/owners"
)

const (
	soakAccounts   = 10
	soakOperations = 2000
	// soakGrowth is by how much the heap may grow in the second half, in bytes: ten times what it
	// varies by, and less than half of what it would cost to keep each request.
	soakGrowth = 512 << 10
)

// soakFaults are what goes wrong. A hang costs a whole request timeout, so it is separate.
var (
	soakFaults = []fakeharness.Fault{
		{Status: http.StatusServiceUnavailable, Body: fakeharness.ErrorBody("UNAVAILABLE", "later", "id")},
		{Status: http.StatusServiceUnavailable, ApplyFirst: true},
		{Status: http.StatusBadGateway, Body: "<html>Bad Gateway</html>"},
		{Status: http.StatusTooManyRequests},
		{Drop: true},
		{Drop: true, ApplyFirst: true},
		{Cut: 1},
		{Call: "writes", Lie: true},
	}
	soakHangs = []fakeharness.Fault{{Hang: true}, {Hang: true, ApplyFirst: true}}
)

// soakScopes are what each account has written: the first two share a document, the third has no infra.
var soakScopes = []harness.Scope{{Module: harness.CI, Infra: harness.K8}, {Module: harness.CI, Infra: harness.VM}, {Module: harness.DBOps}}

// TestSoak drives random operations of many runs against a model: in each account, a process of its own
// writes each scope. A success must be stored, a definite failure must have changed nothing, a read must
// show what is stored, and at the end all must match the model.
func TestSoak(t *testing.T) {
	t.Cleanup(func() { goleak.VerifyNone(t) }) // after the server has closed
	fake := fakeharness.Start(t, fakeharness.Options{Latency: 2 * time.Millisecond})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	locks := t.TempDir()
	var parties []*party
	for i := range soakAccounts {
		account := fmt.Sprintf("account-%d", i)
		fake.AddAccount(account)
		for j, scope := range soakScopes {
			parties = append(parties, newParty(t, fake, account, scope, locks, rand.New(rand.NewPCG(seed, uint64(len(soakScopes)*i+j)))))
		}
	}
	half := soakOperations / 2 / len(parties)

	soakHalf(parties, half, soakFaults)
	if n := fake.MaxWritesInFlight(); n != 1 {
		t.Errorf("%d writes of an account in flight at once", n)
	}
	before := restingHeap(fake)
	// A hung write is given up while the server has not noticed, so that it counts as in flight.
	soakHalf(parties, half, append(slices.Clone(soakFaults), soakHangs...))
	after := restingHeap(fake)
	if after > before+soakGrowth {
		t.Errorf("the heap grew from %d to %d bytes in the second half", before, after)
	}

	var total outcomes
	for _, p := range parties {
		if diff := cmp.Diff(p.model, fake.OverridesOf(p.account, p.scope.String())); diff != "" {
			t.Errorf("%s %s (-model +server):\n%s", p.account, p.scope, diff)
		}
		total.operations += p.operations
		total.failed += p.failed
		total.unverified += p.unverified
	}
	t.Logf("%+v; heap %d, then %d bytes", total, before, after)
	if total.operations < soakOperations || total.failed == 0 || total.failed > total.operations/2 {
		t.Errorf("%+v: too few operations, or faults that hit none or most", total)
	}
	if files, err := os.ReadDir(locks); err != nil || len(files) != soakAccounts {
		t.Errorf("%d lock files, %v", len(files), err)
	}
}

func soakHalf(parties []*party, operations int, faults []fakeharness.Fault) {
	var wg sync.WaitGroup
	for _, p := range parties {
		wg.Go(func() {
			for end := p.operations + operations; p.operations < end; {
				p.run(faults)
			}
		})
	}
	wg.Wait()
}

// restingHeap returns the bytes of live objects while nothing is under way.
func restingHeap(fake *fakeharness.Server) uint64 {
	fake.ClearFaults()
	fake.ResetLog()
	runtime.GC()
	runtime.GC() // what finalizers and pools held goes in the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// outcomes counts what came of operations.
type outcomes struct{ operations, failed, unverified int }

// party is a series of runs that is the only writer of one scope of an account.
type party struct {
	*testing.T
	fake    *fakeharness.Server
	account string
	scope   harness.Scope
	client  *harness.Client
	locks   string
	fields  []string

	mu     sync.Mutex
	random *rand.Rand
	model  map[string]string // what the server must hold
	outcomes
}

func newParty(t *testing.T, fake *fakeharness.Server, account string, scope harness.Scope, locks string, random *rand.Rand) *party {
	t.Helper()
	endpoint, err := url.Parse(fake.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	return &party{
		T: t, fake: fake, account: account, scope: scope, locks: locks, random: random,
		fields: slices.Sorted(maps.Keys(fake.Defaults(scope.String()))),
		model:  map[string]string{},
		client: harness.New(harness.Config{
			Endpoint: endpoint, AccountID: account, APIKey: fake.Options().APIKey, MaxRetries: 1,
			RequestTimeout: time.Second, RetryWaitMin: time.Millisecond, RetryWaitMax: 5 * time.Millisecond,
		}),
	}
}

// roll returns a random number below n.
func (p *party) roll(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

// image returns an image to set: sometimes the default, or the previous one.
func (p *party) image(field string) string {
	if p.roll(10) == 0 {
		return p.fake.Defaults(p.scope.String())[field]
	}
	return fmt.Sprintf("mirror.example.com/image:%d", p.roll(5))
}

// disturb makes one of the next requests of any account go wrong, sometimes several in a row.
func (p *party) disturb(faults []fakeharness.Fault) {
	if p.roll(4) > 0 {
		return
	}
	fault := faults[p.roll(len(faults))]
	if fault.Hang && p.roll(4) > 0 {
		return
	}
	if !fault.Hang {
		fault.Times = 1 + p.roll(3)
	}
	p.fake.Inject(fault)
}

// run is what one process does: single overrides written at once, or one exclusive set.
func (p *party) run(faults []fakeharness.Fault) {
	account := execconfig.New(p.client, p.account, execconfig.Options{
		LockDir: p.locks, Window: 2 * time.Millisecond, WindowMax: 10 * time.Millisecond,
		PauseMax: 20 * time.Millisecond, LateMax: 50 * time.Millisecond, LagMax: 16 * time.Millisecond,
	})
	ctx := p.Context()
	if p.roll(4) == 0 {
		p.disturb(faults)
		p.replace(ctx, account)
		return
	}
	first, n := p.roll(len(p.fields)), 1+p.roll(6)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			field := p.fields[(first+i)%len(p.fields)]
			for range 1 + p.roll(3) {
				p.disturb(faults)
				p.single(ctx, account, field)
			}
		})
	}
	wg.Wait()
}

// single does one operation on one field, which no other goroutine touches meanwhile.
func (p *party) single(ctx context.Context, account *execconfig.Account, field string) {
	before := p.existing(field)
	switch p.roll(4) {
	case 0:
		want := p.image(field)
		p.settle("set", field, before, want, account.Set(ctx, p.scope, field, want))
	case 1:
		p.settle("reset", field, before, "", account.Reset(ctx, p.scope, field, before))
	default:
		images, err := account.Overrides(ctx, p.scope)
		p.settle("read", field, before, before, err)
		if err == nil && images[field] != before {
			p.Errorf("%s %s/%s: read %q, the model has %q", p.account, p.scope, field, images[field], before)
		}
	}
}

// replace sets exactly some fields of the module and infra, as the exclusive set does.
func (p *party) replace(ctx context.Context, account *execconfig.Account) {
	existing, err := account.Overrides(ctx, p.scope)
	if err != nil {
		return
	}
	if diff := cmp.Diff(p.model, existing); diff != "" {
		p.Errorf("%s %s: read (-model +read):\n%s", p.account, p.scope, diff)
	}
	set, keep := map[string]string{}, map[string]string{}
	for range p.roll(10) {
		field := p.fields[p.roll(len(p.fields))]
		if image := p.image(field); existing[field] == image {
			keep[field] = image
		} else if keep[field] == "" {
			set[field] = image
		}
	}
	reset := map[string]string{}
	for field, image := range existing {
		if set[field]+keep[field] == "" {
			reset[field] = image
		}
	}
	err = account.Replace(ctx, p.scope, execconfig.Change{Set: set, Keep: keep, Reset: reset})
	failed, ok := errors.AsType[execconfig.FieldErrors](err)
	if err != nil && !ok {
		p.Errorf("%s %s: %v", p.account, p.scope, err)
	}
	for field, want := range set {
		p.settle("set", field, existing[field], want, failed[field])
	}
	for field := range reset {
		p.settle("reset", field, existing[field], "", failed[field])
	}
}

func (p *party) existing(field string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.model[field]
}

// settle compares what an operation reported with what the server has, and records that.
func (p *party) settle(what, field, before, want string, err error) {
	got := p.fake.OverridesOf(p.account, p.scope.String())[field]
	_, unverified := errors.AsType[*execconfig.UnverifiedError](err)
	_, kept := errors.AsType[*owners.KeptError](err)
	_, duplicate := errors.AsType[*owners.DuplicateError](err)
	switch {
	case err == nil:
		// Two lies are a witness for a set to the default, until the server has been seen to list such
		// overrides.
		pinned := got == "" && want == p.fake.Defaults(p.scope.String())[field]
		if got != want && !pinned {
			p.Errorf("%s %s/%s: %s succeeded, and the server has %q, not %q", p.account, p.scope, field, what, got, want)
		}
	case kept || duplicate || !unverified && harness.IsNotSent(err):
		if got != before {
			p.Errorf("%s %s/%s: %s was not sent (%v), and the server has %q, not %q", p.account, p.scope, field, what, err, got, before)
		}
	case got != before && got != want:
		p.Errorf("%s %s/%s: %s failed (%v), and the server has %q, neither %q nor %q", p.account, p.scope, field, what, err, got, before, want)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.operations++
	if unverified {
		p.unverified++
	} else if err != nil && !kept && !duplicate {
		p.failed++
	}
	delete(p.model, field)
	if got != "" {
		p.model[field] = got
	}
}
