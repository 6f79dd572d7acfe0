package golink

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/hugepages"
)

// # Memory
//
// A link fills some tens of megabytes once and looks at them all over, so small pages would cost it more than much of what it computes.
// A pool gives out parts of few large arrays in huge pages. What is in it has no pointers, so that the garbage collector need not look.

// plain are the types of what a pool holds.
type plain interface {
	~uint8 | ~uint16 | ~uint32 | ~int32 | ~uint64 | def | nameHash | nameSlot | namedDef | content | sized | keptWord | fn
}

type pool struct {
	mu       sync.Mutex
	arrays   [][]uint64
	free     []uint64 // of the last one of them
	released [][]uint64
}

const poolBytes = 32 << 20 // of an array; what is not used of it is address space alone

// array returns n zeros of p.
func array[T plain](p *pool, n int) []T {
	if n == 0 {
		return nil
	}
	var t T
	words, used := p.take((n*int(unsafe.Sizeof(t)) + 7) / 8)
	if used {
		clear(words)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&words[0])), n)
}

// take returns n words, and whether they have been in use.
func (p *pool) take(n int) (words []uint64, used bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := -1 // the smallest piece that is large enough, so that large ones stay for what needs them
	for i, r := range p.released {
		if n <= len(r) && (best < 0 || len(r) < len(p.released[best])) {
			best = i
		}
	}
	if best >= 0 {
		r := p.released[best]
		if p.released[best] = r[n:]; n == len(r) {
			p.released = slices.Delete(p.released, best, best+1)
		}
		return r[:n:n], true
	}
	if n > len(p.free) {
		if 8*n > poolBytes/4 {
			return p.add(n), false
		}
		p.free = p.add(poolBytes / 8)
	}
	words = p.free[:n:n]
	p.free = p.free[n:]
	return words, false
}

// add adds an array of so many words.
func (p *pool) add(words int) []uint64 {
	a := hugepages.Words(words)
	p.arrays = append(p.arrays, a)
	return a
}

// shrink gives huge pages that are in no use back to the kernel, which clears one faster than a link fills it.
func (p *pool) shrink() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.released {
		hugepages.Drop(r)
	}
}

// end ends the use of all that array returned.
func (p *pool) end() {
	for _, a := range p.arrays {
		hugepages.Free(a)
	}
	*p = pool{}
}

// giveBack ends the use of what array returned, unless append moved it. Memory that is in use already costs less than other.
func giveBack[T plain](p *pool, a []T) {
	var t T
	words := (cap(a)*int(unsafe.Sizeof(t)) + 7) / 8 // as array took
	if words == 0 {
		return
	}
	p.release(unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(a))), words))
}

// release adds piece to what was released, as one with its neighbours, unless it is of no array.
func (p *pool) release(piece []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := uintptr(unsafe.Pointer(unsafe.SliceData(piece)))
	if !slices.ContainsFunc(p.arrays, func(array []uint64) bool {
		return start-uintptr(unsafe.Pointer(&array[0])) < uintptr(8*len(array))
	}) {
		return
	}
	p.released = slices.DeleteFunc(p.released, func(r []uint64) bool {
		before, after := p.join(r, piece), p.join(piece, r)
		switch {
		case before != nil:
			piece = before
		case after != nil:
			piece = after
		}
		return before != nil || after != nil
	})
	p.released = append(p.released, piece)
}

// join returns the memory of a and of b, nil unless b follows a in an array.
func (p *pool) join(a, b []uint64) []uint64 {
	end := uintptr(unsafe.Pointer(unsafe.SliceData(a))) + uintptr(8*len(a))
	starts := func(array []uint64) bool { return &array[0] == &b[0] }
	if end != uintptr(unsafe.Pointer(unsafe.SliceData(b))) || slices.ContainsFunc(p.arrays, starts) {
		return nil
	}
	return unsafe.Slice(unsafe.SliceData(a), len(a)+len(b))
}

// shorten gives back what list has room for beyond its length.
func shorten[T plain](p *pool, list []T) []T {
	var t T
	n := len(list)
	for n*int(unsafe.Sizeof(t))%8 != 0 { // whole words
		n++
	}
	if n >= cap(list) {
		return list
	}
	giveBack(p, list[n:cap(list)])
	return list[:len(list):n]
}

// warm reads a bit of the contents of the symbols of a list, which are looked at next ([goobj.Object.Touch]).
func (l *linker) warm(list []sym) {
	var x uint32
	for _, touch := range []func(*goobj.Object, uint32) uint32{(*goobj.Object).Touch, (*goobj.Object).TouchContents} {
		for _, s := range list {
			if d := l.defs[s]; d.obj != 0 {
				if o := l.objs[d.obj]; int(d.idx) < o.Defs() {
					x += touch(o.Object, d.idx)
				}
			}
		}
	}
	l.warmed.Store(x)
}
