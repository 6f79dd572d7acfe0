package golink

import (
	"maps"
	"math/bits"
	"runtime"
	"sync/atomic"

	"github.com/go3s/rules_go3s/internal/parallel"
)

// # Work of reach
//
// Symbols are looked at in the order of their numbers, which is that of the archives: what an object says of a symbol is in several tables,
// and neighbours share cache lines there. In a round, workers, one for each processor, take parts of the numbers and look at all that is
// found to be needed there; what is found in a part that was done before is for the next round. Programs take some tens of rounds. Workers
// share three bits of each symbol. What else they find is joined after the last round.

// partWords is how many words of a bitSet a part is: 4,096 symbols.
const partWords = 128

// A reachWorker looks at symbols.
type reachWorker struct {
	*reacher
	found bool // something to look at
	buf   []reloc
	sigs  []methodSig

	methods           [][]methodRef
	called            map[methodSig]bool
	named             map[string]bool
	reflected         bool
	linked, pkgInits  []sym
	symbols, relocsOf int // looked at
}

// A bitSet is a set of symbols that several processors change.
type bitSet []uint32

func newBitSet(p *pool, n int) bitSet { return array[uint32](p, (n+31)/32) }
func (b bitSet) has(s sym) bool       { return atomic.LoadUint32(&b[s/32])&(1<<(s%32)) != 0 }
func (b bitSet) add(s sym) (new bool) { return atomic.OrUint32(&b[s/32], 1<<(s%32))&(1<<(s%32)) == 0 }
func (b bitSet) remove(s sym)         { atomic.AndUint32(&b[s/32], ^uint32(1<<(s%32))) }

// makeWorkers makes workers, one for each processor.
func (r *reacher) makeWorkers() {
	for range runtime.GOMAXPROCS(0) {
		r.workers = append(r.workers, &reachWorker{reacher: r, called: map[methodSig]bool{}, named: map[string]bool{}})
	}
}

// flood has the workers look at all that is to do, and joins what they find.
func (r *reacher) flood() {
	for r.takeFound() {
		var next atomic.Int64
		var jobs []func()
		for _, w := range r.workers {
			jobs = append(jobs, func() {
				for {
					from := int(next.Add(partWords)) - partWords
					if from >= len(r.needed) {
						return
					}
					w.lookAt(from, min(from+partWords, len(r.needed)))
				}
			})
		}
		parallel.Do(jobs)
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

// takeFound reports whether a worker found something since the last call.
func (r *reacher) takeFound() (found bool) {
	for _, w := range r.workers {
		found = found || w.found
		w.found = false
	}
	return found
}

// lookAt looks at what is needed and was not looked at, of the symbols of words from to to.
func (w *reachWorker) lookAt(from, to int) {
	for found := true; found; {
		found = false
		for i := from; i < to; i++ {
			word := atomic.LoadUint32(&w.needed[i]) &^ atomic.LoadUint32(&w.seen[i])
			if word == 0 {
				continue
			}
			found = true
			atomic.OrUint32(&w.seen[i], word) // before they are looked at: useIface may want them again
			for ; word != 0; word &= word - 1 {
				w.look(sym(32*i + bits.TrailingZeros32(word)))
			}
		}
	}
}
