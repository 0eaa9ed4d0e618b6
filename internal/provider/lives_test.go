package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/clitest"
	"github.com/harnessci/terraform-provider-harnessci/internal/fakeharness"
)

// seedVariable names the seed of the one life to live.
const seedVariable = "HARNESSCI_TEST_SEED"

// A life is a real CLI's path through random configurations, with half of its applies interrupted once.
// Success means stored and an empty plan; nothing crashes; what is stored is in the state; on a calm
// server, apply and destroy succeed within two tries; and nothing that Terraform has set is left at the
// end.
func TestAccLivesAtRandom(t *testing.T) {
	t.Parallel()
	first, count := uint64(0), 2*runs(50)
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if first, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
		count = 1
	}
	for seed := first; count > 0; seed, count = seed+1, count-1 {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			l := newLife(t, seed)
			defer l.report()
			for range 4 + l.rng.IntN(4) {
				l.step()
			}
			l.end()
		})
	}
}

type life struct {
	*testing.T
	seed               uint64
	rng                *rand.Rand
	fake               *fakeharness.Server
	dir                *clitest.Dir
	config             *livedConfig
	hides, changed     bool // which overrides the server lists
	setStood           bool // in ci/K8, so that what people set there may be reset
	journal            []string
	applies, signalled int
}

func newLife(t *testing.T, seed uint64) *life {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	hides := rng.IntN(3) == 0
	fake := startFake(t, fakeharness.Options{HideDefaults: hides})
	l := &life{T: t, seed: seed, rng: rng, fake: fake, hides: hides, dir: clitest.New(t, "", fake.Env())}
	l.dir.Group = true // see SignalGroup
	l.config = &livedConfig{rng: rng, fake: fake, sets: map[string]*livedSet{}}
	if err := os.Mkdir(l.dir.Path("override"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.dir.Write("override/main.tf", livedModule)
	fake.SetOverride("ci/K8", unmanaged, handImage)
	return l
}

// handImage is what people set; no configuration has it.
const handImage = "hand.example.com/image:1.0.0"

func (l *life) note(format string, args ...any) {
	l.journal = append(l.journal, fmt.Sprintf(format, args...))
}

// report says how the life went, and how to repeat it.
func (l *life) report() {
	l.Logf("seed %d: %d applies and destroys, %d interrupted", l.seed, l.applies, l.signalled)
	if l.Failed() {
		l.Logf("to live it again:\n  %s=%d make test TESTFLAGS='-run TestAccLivesAtRandom -count=1 -v'\n\n%s\n\nthe configuration:\n%s",
			seedVariable, l.seed, strings.Join(l.journal, "\n"), l.config)
	}
}

// step changes the configuration, sometimes the account by hand, and applies with disturbances.
func (l *life) step() {
	for range 1 + l.rng.IntN(3) {
		if did := l.config.mutate(); did != "" {
			l.note("%s", did)
		}
	}
	if l.config.sets["ci/K8"] != nil {
		l.setStood = true
	}
	if l.rng.IntN(3) == 0 {
		l.changeByHand()
	}
	if l.seed%4 == 3 && l.rng.IntN(4) == 0 { // a release of the server that changes its ways
		l.hides, l.changed = !l.hides, true
		l.fake.Tune(func(o *fakeharness.Options) { o.HideDefaults = l.hides })
		l.note("the server hides overrides that equal the default: %v", l.hides)
	}
	l.dir.Write("main.tf", l.config.String())
	if len(l.config.styled(moduleStyle)) > 0 {
		l.dir.Must("get")
	}
	args, whole := l.command()
	result, interrupted := l.disturbed(args...)
	switch {
	case result.Code == 0 && whole:
		l.requireSettled(result)
	case !interrupted && whole:
		l.calm(result, 1, "apply", "-auto-approve")
	case l.rng.IntN(5) > 1: // else the next step goes on from here
		l.calm(result, 2, "apply", "-auto-approve")
	}
}

// command returns the apply command, and whether it applies the whole current configuration.
func (l *life) command() (args []string, whole bool) {
	args = []string{"apply", "-auto-approve"}
	addresses := l.config.addresses()
	if len(addresses) == 0 {
		return args, true
	}
	switch l.rng.IntN(9) {
	case 0:
		return append(args, "-target="+pick(l.rng, addresses)), false
	case 8: // what people have changed is not seen
		return append(args, "-refresh=false"), false
	case 1, 2:
		return append(args, "-replace="+pick(l.rng, addresses)), true
	case 3: // a plan, and a change before its apply
		if planned := l.dir.Run("plan", "-out=saved"); planned.Code != 0 {
			return args, true
		}
		l.changeByHand()
		return []string{"apply", "saved"}, false
	}
	return args, true
}

// end destroys everything and checks what is left.
func (l *life) end() {
	result, _ := l.disturbed("destroy", "-auto-approve")
	if result.Code != 0 {
		result = l.calm(result, 2, "destroy", "-auto-approve")
	}
	if inState := l.inState(); len(inState) > 0 {
		l.fatal(result, "the state still lists %v", inState)
	}
	l.requireNoneLeft(result, nil)
	if got := l.fake.Overrides("ci/K8")[unmanaged]; got != handImage && !l.setStood {
		l.fatal(result, "what a person set is %q in the end", got)
	}
	if got := l.fake.MaxWritesInFlight(); got > 1 {
		l.fatal(result, "%d writes in flight at once", got)
	}
}

// changeByHand sets or resets an override outside Terraform.
func (l *life) changeByHand() {
	scope := l.config.scope()
	field := pick(l.rng, lived[scope])
	held, is := l.fake.Overrides(scope)[field]
	switch {
	case l.rng.IntN(2) == 0:
		l.fake.SetOverride(scope, field, handImage)
		l.note("by hand: set %s/%s", scope, field)
	case is && (!l.hides || held != l.fake.Defaults(scope)[field]): // the loss of what never shows cannot be seen
		l.fake.RemoveOverride(scope, field)
		l.note("by hand: reset %s/%s", scope, field)
	}
}

// disturbed runs the CLI on a server with random latency, with Ctrl-C, or SIGTERM to it and its providers, at a
// random request in half of the cases, and checks what must be true whatever the outcome.
func (l *life) disturbed(args ...string) (result clitest.Result, interrupted bool) {
	read, write := time.Duration(l.rng.IntN(3))*10*time.Millisecond, time.Duration(l.rng.IntN(4))*100*time.Millisecond
	// The lag is for this run only, so that what people have changed before shows.
	lag, every := time.Duration(max(0, l.rng.IntN(5)-2))*400*time.Millisecond, 1+l.rng.IntN(3)
	tune := func(lag time.Duration) {
		l.fake.Tune(func(o *fakeharness.Options) {
			o.Latency, o.WriteLatency, o.ReplicaLag, o.ReplicaEvery = read, write, lag, every
		})
	}
	tune(lag)
	defer tune(0)
	hit := make(chan struct{})
	fault := fakeharness.Fault{After: l.rng.IntN(8), Hook: func(fakeharness.Request) { close(hit) }}
	if l.rng.IntN(2) == 0 {
		fault.Call, fault.After = "writes", l.rng.IntN(2)
	}
	when := fmt.Sprintf("latency %v, of writes %v, lag %v of every read %d", read, write, lag, every)
	wanted := l.rng.IntN(2) == 0
	end, signal, name := (*clitest.Process).Signal, syscall.SIGINT, "Ctrl-C"
	if l.rng.IntN(2) == 0 {
		end, signal, name = (*clitest.Process).SignalGroup, syscall.SIGTERM, "SIGTERM"
	}
	if wanted {
		l.fake.Inject(fault)
		when += fmt.Sprintf(", %s at request %d of %q", name, fault.After+1, fault.Call)
	}
	run, ended := l.dir.Start(args...), make(chan struct{})
	go func() {
		select {
		case <-hit:
			end(run, signal)
		case <-ended:
		}
	}()
	result = run.Wait()
	close(ended)
	l.fake.Settle() // what is on its way counts, too
	l.fake.ClearFaults()
	select {
	case <-hit:
		interrupted = true
		l.signalled++
	default:
	}
	l.applies++
	l.note("%s (%s): exit code %d", strings.Join(args, " "), when, result.Code)
	l.requireSound(result, args)
	return result, interrupted
}

// calm runs the CLI on a server without latency until it succeeds, within a number of tries.
func (l *life) calm(result clitest.Result, tries int, args ...string) clitest.Result {
	l.fake.Tune(func(o *fakeharness.Options) { o.Latency, o.WriteLatency = 0, 0 })
	for range tries {
		result = l.dir.Run(args...)
		l.applies++
		l.note("%s (calm): exit code %d", strings.Join(args, " "), result.Code)
		l.requireSound(result, args)
		if result.Code == 0 {
			if args[0] == "apply" {
				l.requireSettled(result)
			}
			return result
		}
	}
	l.fatal(result, "the calm %s does not get through", args[0])
	return result
}

// crashes are what no run may print; refusedPlans are what a run may print if a saved plan shows other
// resets of a new set than it has now.
var (
	crashes = []string{
		"panic:", "plugin did not respond", "Plugin did not respond", "Provider produced inconsistent result", "Value Conversion Error",
		"always an error in the provider", "crashed",
	}
	refusedPlans = []string{"Error: Provider produced inconsistent final plan", "invalid new value", "bug in the provider"}
)

// requireSound checks what must be true after every run: nothing crashed, and what is stored is in the
// state.
func (l *life) requireSound(result clitest.Result, args []string) {
	never := crashes
	if !slices.Contains(args, "saved") || !strings.Contains(unwrapped(result.Output), "invalid new value for .resets: ") {
		never = slices.Concat(crashes, refusedPlans)
	}
	for _, words := range never {
		if strings.Contains(result.Output, words) {
			l.fatal(result, "the output says %q", words)
		}
	}
	l.requireNoneLeft(result, l.inState())
}

// requireNoneLeft fails if an override is stored that is neither in the state nor set by hand.
func (l *life) requireNoneLeft(result clitest.Result, known map[string]bool) {
	for _, scope := range slices.Sorted(maps.Keys(lived)) {
		for field, image := range l.fake.Overrides(scope) {
			// If a server stops listing what equals the default, it looks removed by hand.
			if l.changed && image == l.fake.Defaults(scope)[field] {
				continue
			}
			if image != handImage && !known[scope+"/"+field] {
				l.fatal(result, "%s/%s is %s, and no state lists it", scope, field, image)
			}
		}
	}
}

// requireSettled checks that success means stored, and an empty plan.
func (l *life) requireSettled(result clitest.Result) {
	wanted := map[string]map[string]string{}
	for scope := range lived {
		wanted[scope] = map[string]string{}
		if set := l.config.sets[scope]; set != nil {
			wanted[scope] = set.images
		}
	}
	for _, s := range l.config.singles {
		wanted[s.scope][s.field] = s.image
	}
	for scope, images := range wanted {
		stored := l.fake.Overrides(scope)
		for field, image := range images {
			hidden := l.hides && image == l.fake.Defaults(scope)[field] && stored[field] == ""
			if stored[field] != image && !hidden {
				l.fatal(result, "%s/%s is %q, want %s", scope, field, stored[field], image)
			}
		}
		for field, image := range stored {
			if wanted := images[field]; wanted == "" && (image != handImage || l.config.sets[scope] != nil) {
				l.fatal(result, "%s/%s is still %s", scope, field, image)
			}
		}
	}
	if plan := l.dir.Run("plan", "-detailed-exitcode"); plan.Code != 0 {
		l.fatal(plan, "the plan after a success is not empty")
	}
}

// inState returns the overrides that the state lists, such as "ci/K8/gitCloneTag".
func (l *life) inState() map[string]bool {
	var state struct {
		Resources []struct {
			Type      string
			Instances []struct {
				Attributes struct {
					Module, Infra, Field string
					Images               map[string]string
				}
			}
		}
	}
	content, err := os.ReadFile(l.dir.Path("terraform.tfstate"))
	// A CLI makes the file as it locks the state, and an interrupt may come before it is written.
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(content) == 0 {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(content, &state)
	}
	if err != nil {
		l.Fatal(err)
	}
	out := map[string]bool{}
	for _, resource := range state.Resources {
		for _, instance := range resource.Instances {
			is := instance.Attributes
			scope := strings.TrimSuffix(is.Module+"/"+is.Infra, "/") // dbops has no infra
			if is.Field != "" {
				out[scope+"/"+is.Field] = true
			}
			for field := range is.Images {
				out[scope+"/"+field] = true
			}
		}
	}
	return out
}

// fatal ends the life with what the last run printed.
func (l *life) fatal(result clitest.Result, format string, args ...any) {
	l.Helper()
	l.Fatalf("%s\n\nafter a run that ended with %d:\n%s", fmt.Sprintf(format, args...), result.Code, result.Output)
}
