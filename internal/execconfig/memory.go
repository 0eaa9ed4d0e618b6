package execconfig

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/harnessci/terraform-provider-harnessci/internal/harness"
)

// memory is what the processes of this machine know of an account beyond their own life, in a file next to the lock.
// All of it is a help: without the file, each process decides by what it sees itself.
type memory struct {
	// Run is the run of a CLI that Sets and Resets are of: each has the override's name and the process.
	Run          string
	Sets, Resets map[string]string
	// Plans is what the last plan of an exclusive set has shown, by module and infra.
	Plans map[string]PlannedResets
	// Owners is the object that has last stored an override.
	Owners map[string]string
	// Held are the objects of the state that plans of the run HeldRun have seen with an override, by id.
	HeldRun string
	Held    map[string]map[string]heldObject
	// Unplaced are the exclusive sets that a plan could not place. They are in a memory of no account: see unplacedKey.
	Unplaced []unplacedSet
}

// PlannedResets is what the plan of an exclusive set has shown of its resets.
type PlannedResets struct {
	Run, Process string
	At           time.Time
	// Known: the plan could show them.
	Known  bool
	Resets map[string]string
}

// heldObject is how an object that has an override was planned last.
type heldObject struct {
	// Processes are those that have planned it. Objects that one process has planned are of one alias.
	Processes []string
	// Stays: the object keeps the override.
	Stays bool
}

// unplacedSet is an exclusive set whose account, module or infra was not known when it was planned. What is not
// known is empty.
type unplacedSet struct {
	Run, Process string
	At           time.Time
	Scope        harness.Scope
	Images       map[string]string
}

const (
	// unplacedKey is the key of the memory that is of no account.
	unplacedKey = "unplaced"
	// unplacedMax is how many unplaced sets are remembered.
	unplacedMax = 100
)

// mayBe reports whether the set may be this one.
func (u unplacedSet) mayBe(scope harness.Scope, images map[string]string) bool {
	for field, image := range u.Images {
		if now, listed := images[field]; !listed || image != "" && image != now {
			return false
		}
	}
	known := len(u.Images) > 0
	return (u.Scope.Module == "" || u.Scope.Module == scope.Module) && (u.Scope.Infra == "" || u.Scope.Infra == scope.Infra) &&
		(!known || len(u.Images) == len(images))
}

// ShowUnplaced records that the plan of an exclusive set could not show any resets, because the account is not known,
// or what is empty in scope. An image that is not known is empty.
func ShowUnplaced(opts Options, scope harness.Scope, images map[string]string) {
	opts = opts.withDefaults()
	if opts.Run == "" {
		return
	}
	unplacedMemory(opts).change(func(m *memory) {
		m.Unplaced = append(m.Unplaced, unplacedSet{opts.Run, opts.Process, time.Now(), scope, images})
		m.Unplaced = m.Unplaced[max(0, len(m.Unplaced)-unplacedMax):]
	})
}

func unplacedMemory(opts Options) fileLock {
	return firstUsable(newFileLocks(opts.LockDir, unplacedKey))
}

// memoryMax is how many bytes of a memory are read: more than an account of many overrides takes.
const memoryMax = 1 << 20

// read returns what is remembered; an empty memory if nothing is, or if the file cannot be used.
func (l fileLock) read() (m memory) {
	if _, err := l.open(); err != nil {
		return memory{}
	}
	file, err := os.OpenFile(l.memoryPath(), os.O_RDONLY|openSafely, 0)
	if err != nil {
		return memory{}
	}
	defer file.Close() //nolint:errcheck // it was only read
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > memoryMax {
		return memory{}
	}
	if json.NewDecoder(file).Decode(&m) != nil {
		return memory{}
	}
	return m
}

// write replaces what is remembered, in one step. A failure does no harm.
func (l fileLock) write(m memory) {
	content, err := json.Marshal(m)
	if err != nil {
		return
	}
	if _, err := l.open(); err != nil {
		return
	}
	file, err := os.CreateTemp(filepath.Dir(l.path), "memory-*")
	if err != nil {
		return
	}
	_, err = file.Write(content)
	if closed := file.Close(); err != nil || closed != nil || os.Rename(file.Name(), l.memoryPath()) != nil {
		_ = os.Remove(file.Name())
	}
}

func (l fileLock) memoryPath() string { return strings.TrimSuffix(l.path, ".lock") + ".json" }

// othersOf returns the overrides that other processes of this run have set or reset.
func (m memory) othersOf(opts Options, did map[string]string) map[string]bool {
	others := map[string]bool{}
	if opts.Run == "" || m.Run != opts.Run {
		return others
	}
	for target, process := range did {
		if process != opts.Process {
			others[target] = true
		}
	}
	return others
}

// memoryPatience is how many milliseconds to wait for another process to change the memory.
const memoryPatience = 1000

// memories guards the memories within this process; a lock of their own, held for a moment, between processes.
var memories sync.Mutex

// change changes what is remembered.
func (l fileLock) change(do func(*memory)) {
	memories.Lock()
	defer memories.Unlock()
	if between, err := (fileLock{l.memoryPath() + ".lock"}).open(); err == nil {
		for range memoryPatience { // its holder may have been stopped
			if locked, err := between.TryLock(); locked || err != nil {
				break
			}
			time.Sleep(time.Millisecond) //nolint:forbidigo // at most a second, and a run that ends remembers, too
		}
		defer between.Close() //nolint:errcheck // it ends with the process, too
	}
	m := l.read()
	do(&m)
	l.write(m)
}

// ShowResets records what the plan of an exclusive set shows of its resets; known is false if it cannot.
func (a *Account) ShowResets(scope harness.Scope, resets map[string]string, known bool) {
	if a.opts.Run == "" {
		return
	}
	a.writer.turn.usable().change(func(m *memory) {
		m.Plans = maps.Clone(m.Plans)
		if m.Plans == nil {
			m.Plans = map[string]PlannedResets{}
		}
		m.Plans[scope.String()] = PlannedResets{a.opts.Run, a.opts.Process, time.Now(), known, resets}
	})
}

// ShownResets returns what the plan to apply has shown of a set of these images, as far as this machine remembers: ok
// is false if it does not, or if this process is the one that plans. saved: the run applies a plan that an earlier
// one has saved.
func (a *Account) ShownResets(scope harness.Scope, images map[string]string, saved bool) (shown PlannedResets, ok bool) {
	if a.opts.Run == "" {
		return PlannedResets{}, false
	}
	applies := func(run, process string) bool { return saved || run == a.opts.Run && process != a.opts.Process }
	shown, ok = a.writer.turn.usable().read().Plans[scope.String()]
	ok = ok && applies(shown.Run, shown.Process)
	for _, set := range unplacedMemory(a.opts).read().Unplaced {
		if applies(set.Run, set.Process) && set.mayBe(scope, images) && (!ok || set.At.After(shown.At)) {
			shown, ok = PlannedResets{Run: set.Run, Process: set.Process, At: set.At}, true
		}
	}
	return shown, ok
}

// Own records that an object has stored overrides.
func (a *Account) Own(object string, scope harness.Scope, fields []string) {
	if a.opts.Run == "" {
		return
	}
	a.writer.turn.usable().change(func(m *memory) {
		if m.Owners == nil {
			m.Owners = map[string]string{}
		}
		for _, field := range fields {
			m.Owners[Target{Scope: scope, Field: field}.String()] = object
		}
	})
}

// Hold records that a plan has seen an object with overrides, and whether it keeps each: other aliases, which are
// processes of their own, may destroy another object with the same one.
func (a *Account) Hold(object string, scope harness.Scope, stays map[string]bool) {
	if a.opts.Run == "" || len(stays) == 0 {
		return
	}
	a.writer.turn.usable().change(func(m *memory) {
		if m.HeldRun != a.opts.Run || m.Held == nil {
			m.HeldRun, m.Held = a.opts.Run, map[string]map[string]heldObject{}
		}
		for field, stays := range stays {
			target := Target{Scope: scope, Field: field}.String()
			if m.Held[target] == nil {
				m.Held[target] = map[string]heldObject{}
			}
			processes := append(slices.Clone(m.Held[target][object].Processes), a.opts.Process)
			slices.Sort(processes)
			m.Held[target][object] = heldObject{slices.Compact(processes), stays}
		}
	})
}

// HeldByAnother returns the fields that an object must not reset, because an object of another alias has them and
// stays, or resets them itself. Objects of one alias are for owners.Plan.
func (a *Account) HeldByAnother(object string, scope harness.Scope, fields []string) (others []string) {
	m := a.writer.turn.usable().read()
	if a.opts.Run == "" || m.HeldRun != a.opts.Run {
		return nil
	}
	for _, field := range fields {
		objects := m.Held[Target{Scope: scope, Field: field}.String()]
		own, known := objects[object]
		if !known {
			continue // no plan has named it
		}
		alias := append(slices.Clone(own.Processes), a.opts.Process)
		for id, other := range objects {
			sameAlias := slices.ContainsFunc(other.Processes, func(p string) bool { return slices.Contains(alias, p) })
			if !sameAlias && (other.Stays || !own.Stays && id < object) {
				others = append(others, field)
				break
			}
		}
	}
	return others
}

// OwnedByAnother returns the fields that another object has stored since, as far as this machine remembers.
func (a *Account) OwnedByAnother(object string, scope harness.Scope, fields []string) (others []string) {
	if a.opts.Run == "" {
		return nil
	}
	owners := a.writer.turn.usable().read().Owners
	for _, field := range fields {
		if owner := owners[Target{Scope: scope, Field: field}.String()]; owner != "" && owner != object {
			others = append(others, field)
		}
	}
	return others
}

// tell lets the other processes of this run know what ops set and reset.
func (w *writer) tell(ops []*op) {
	if w.opts.Run == "" || len(ops) == 0 {
		return
	}
	var set, reset []string
	for _, o := range ops {
		if o.value == "" {
			reset = append(reset, o.String())
		} else {
			set = append(set, o.String())
		}
	}
	w.turn.usable().change(func(m *memory) {
		if m.Run != w.opts.Run {
			m.Run, m.Sets, m.Resets = w.opts.Run, nil, nil
		}
		m.Sets, m.Resets = with(m.Sets, set, w.opts.Process), with(m.Resets, reset, w.opts.Process)
	})
}

// takeBack lets the other processes of this run know which of the ops could not be set after all.
func (w *writer) takeBack(ops []*op) {
	failed := w.queue.failed(ops)
	if w.opts.Run == "" || len(failed) == 0 {
		return
	}
	w.turn.usable().change(func(m *memory) {
		for _, o := range failed {
			delete(m.Sets, o.String())
		}
	})
}

// with returns a map with more keys of one value.
func with(all map[string]string, keys []string, value string) map[string]string {
	if all == nil {
		all = map[string]string{}
	}
	for _, key := range keys {
		all[key] = value
	}
	return all
}
