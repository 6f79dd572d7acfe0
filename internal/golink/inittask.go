package golink

import (
	"container/heap"
)

// # Order of initialization
//
// Package p has a record p..inittask: its functions to run at start, and a relocation of type R_INITORDER to the record of each
// package that it imports. The program initializes, of all packages that nothing uninitialized keeps waiting, the one with the
// least name next; a record without functions takes part in the order, and is left out of the list.

// initTasks makes the lists of initialization records, of the program and of the runtime, which runs its own first.
func (l *linker) initTasks() {
	l.mainTasks = l.initList("main..inittask", "go:main.inittasks")
	if rt := l.lookup("runtime.runtime_inittasks", abi0); rt != 0 {
		list := l.initList("runtime..inittask", "go:runtime.inittasks")
		o := l.change(rt)
		l.kinds[rt] = kindNoPtrData
		n := l.size(list) / 8
		o.data, o.relocs = nil, nil
		o.addAddr(list, 0)
		o.addUint(n)
		o.addUint(n)
	}
}

// taskHeap has the records that can be scheduled, least name first.
type taskHeap struct {
	l    *linker
	syms []sym
}

func (h *taskHeap) Len() int           { return len(h.syms) }
func (h *taskHeap) Less(i, j int) bool { return h.l.name(h.syms[i]) < h.l.name(h.syms[j]) }
func (h *taskHeap) Swap(i, j int)      { h.syms[i], h.syms[j] = h.syms[j], h.syms[i] }
func (h *taskHeap) Push(x any)         { h.syms = append(h.syms, x.(sym)) }
func (h *taskHeap) Pop() any {
	s := h.syms[len(h.syms)-1]
	h.syms = h.syms[:len(h.syms)-1]
	return s
}

// initList returns a symbol with the addresses of root and of what it depends on, in the order of initialization; 0 when
// there is no root.
func (l *linker) initList(root, name string) sym {
	first := l.lookup(root, abi0)
	if first == 0 {
		return 0
	}
	waits := map[sym]int{first: 0} // how many records each one waits for
	waiting := map[sym][]sym{}     // who waits for it
	ready := &taskHeap{l: l}
	var buf []reloc
	for todo := []sym{first}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n := 0
		buf = l.relocs(s, buf)
		for _, r := range buf {
			if r.typ != l.release.relocInitOrder {
				continue
			}
			n++
			waiting[r.sym] = append(waiting[r.sym], s)
			if _, found := waits[r.sym]; !found {
				waits[r.sym] = 0
				todo = append(todo, r.sym)
			}
		}
		waits[s] = n
		if n == 0 {
			heap.Push(ready, s)
		}
	}
	list := &own{name: name}
	done := 0
	for ready.Len() > 0 {
		s := heap.Pop(ready).(sym)
		done++
		if l.size(s) > 8 { // has functions
			list.addAddr(s, 0)
		}
		for _, w := range waiting[s] {
			if waits[w]--; waits[w] == 0 {
				heap.Push(ready, w)
			}
		}
	}
	if done != len(waits) {
		l.errorf("%s: %d of %d packages wait for each other to be initialized", root, len(waits)-done, len(waits))
	}
	return l.ownSym(list, kindNoPtrData)
}
