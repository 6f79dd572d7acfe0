package golink

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// # Work of reach
//
// Workers, one for each processor up to maxReachWorkers, have what they are to look at by themselves. What they share is which symbols
// are needed and which types are used as interfaces, a bit each: the worker that sets the bit looks at the symbol. A worker without work
// takes what others give away when they see that one waits. What else they find is joined when none has work.

// maxReachWorkers bounds how many look for work at each other's.
const maxReachWorkers = 8

// A reachWorker looks at symbols.
type reachWorker struct {
	*reacher
	todo    [][]sym  // by the object that defines them, so that what is near is looked at together
	objects []uint32 // that todo has something of, but for current
	current uint32

	methods           [][]methodRef
	called            map[methodSig]bool
	named             map[string]bool
	reflected         bool
	linked, pkgInits  []sym
	symbols, relocsOf int // looked at
}

// sharedWork is what workers gave away.
type sharedWork struct {
	mu      sync.Mutex
	more    sync.Cond
	lists   [][]sym
	idle    int          // workers without work
	waiting atomic.Int32 // the same, for a look without mu
	ended   bool
}

// A bitSet is a set of symbols that several processors add to.
type bitSet []uint32

func newBitSet(n int) bitSet          { return make(bitSet, (n+31)/32) }
func (b bitSet) has(s sym) bool       { return atomic.LoadUint32(&b[s/32])&(1<<(s%32)) != 0 }
func (b bitSet) add(s sym) (new bool) { return atomic.OrUint32(&b[s/32], 1<<(s%32))&(1<<(s%32)) == 0 }

// flood has the workers look at all that is to do, which worker 0 has, and joins what they find.
func (r *reacher) flood() {
	r.shared.ended, r.shared.idle = false, 0
	r.shared.waiting.Store(0)
	for _, w := range r.workers {
		w.called, w.named = map[methodSig]bool{}, map[string]bool{}
	}
	var waits []func()
	for _, w := range r.workers[1:] {
		waits = append(waits, goelf.Go(w.flood)) // each at once: they wait for each other
	}
	r.workers[0].flood()
	for _, wait := range waits {
		wait()
	}
	for _, w := range r.workers {
		r.methods = append(r.methods, w.methods...)
		maps.Copy(r.called, w.called)
		maps.Copy(r.named, w.named)
		r.reflected = r.reflected || w.reflected
		r.linked = append(r.linked, w.linked...)
		r.pkgInits = append(r.pkgInits, w.pkgInits...)
		r.numReached += w.symbols
		r.numRelocs += w.relocsOf
		w.methods, w.linked, w.pkgInits, w.symbols, w.relocsOf = nil, nil, nil, 0, 0
	}
}

// take waits for work that others give away, and reports whether there is any.
func (w *reachWorker) take() bool {
	q := &w.shared
	q.mu.Lock()
	defer q.mu.Unlock()
	q.idle++
	q.waiting.Store(int32(q.idle))
	for len(q.lists) == 0 && !q.ended {
		if q.idle == len(w.workers) {
			q.ended = true
			q.more.Broadcast()
			return false
		}
		q.more.Wait()
	}
	if q.ended {
		return false
	}
	q.idle--
	q.waiting.Store(int32(q.idle))
	for _, list := range q.lists {
		for _, s := range list {
			w.visit(s)
		}
	}
	q.lists = nil
	return true
}

// give gives half of the work away.
func (w *reachWorker) give() {
	q := &w.shared
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(w.objects) / 2; n > 0 {
		for _, obj := range w.objects[:n] {
			q.lists = append(q.lists, w.todo[obj])
			w.todo[obj] = nil
		}
		w.objects = append(w.objects[:0], w.objects[n:]...)
	} else {
		list := w.todo[w.current]
		n := len(list) / 2
		q.lists = append(q.lists, slices.Clone(list[:n]))
		w.todo[w.current] = append(list[:0], list[n:]...)
	}
	q.more.Signal()
}

// end ends the work of all: where a worker stops by a panic, others would wait for it.
func (w *reachWorker) end() {
	q := &w.shared
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.more.Broadcast()
}
