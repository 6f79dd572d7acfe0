package golink

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// # Room on the stack
//
// A function begins with a check that its stack has room, or it is marked nosplit and has none. The check leaves nosplitRoom bytes for
// a chain of calls of such functions, which ends with one that checks. checkStack finds, for each function, the most bytes that it and what
// it calls take before the next check, and refuses a program in which a chain takes more: it would overwrite other memory, rarely.
//
// The compiler's table of stack depths says how much a function has taken at each call. A call through a pointer counts as one of a
// function that checks. runtime.morestack, which a check calls, changes stacks, so it takes nothing.

const (
	nosplitRoom = 800 // internal/abi, StackNosplitBase
	endlessRoom = 1<<15 - 1
)

type stackChecker struct {
	*linker
	height    []int32 // by symbol: bytes plus one, 0 for not known
	morestack sym
	callSize  int32 // what a call pushes
}

// checkStack reports chains of nosplit functions that take too much.
func (l *linker) checkStack() {
	c := &stackChecker{
		linker: l, height: array[int32](&l.pool, len(l.defs)), morestack: l.lookup("runtime.morestack", abi0), callSize: l.arch.callPush,
	}
	defer func() { giveBack(&l.pool, c.height) }()
	limit := int32(nosplitRoom) - c.callSize - l.arch.frameSave
	for _, s := range l.text {
		if l.attrs[s]&attrNoSplit == 0 {
			continue // what it takes is checked
		}
		if h := c.of(s, 0); h > limit {
			l.errorf("%s: %d bytes without a stack check, want at most %d: %s", l.name(s), h, limit, c.chain(s))
		}
	}
}

// maxCallDepth bounds chains of nosplit functions: each takes a few bytes at least, or it is a cycle.
const maxCallDepth = 10000

// of returns how many bytes s and what it calls take before the next check.
func (c *stackChecker) of(s sym, depth int) int32 {
	if h := c.height[s]; h != 0 {
		return h - 1
	}
	c.height[s] = endlessRoom + 1 // of a cycle
	h := int32(endlessRoom)
	if depth < maxCallDepth {
		h = 0
		c.visit(s, func(growth int32, target sym) {
			if target != 0 {
				growth += c.of(target, depth+1)
			}
			h = max(h, min(growth, endlessRoom))
		})
	}
	c.height[s] = h + 1
	return h
}

// visit calls f for each place where s has taken growth bytes: at a call, or where it takes the most, then without a target.
func (c *stackChecker) visit(s sym, f func(growth int32, target sym)) {
	isFunc := false
	var table []byte
	c.aux(s, func(typ uint8, a sym) {
		switch typ {
		case goobj.AuxFuncInfo:
			isFunc = true
		case goobj.AuxPCSP:
			table = c.data(a)
		}
	})
	switch {
	case s == c.morestack || !isFunc: // the latter is for the system's stack, which has room
		return
	case c.attrs[s]&attrNoSplit == 0:
		f(c.callSize, c.morestack)
		return
	}
	var room [32]reloc // few have more
	relocs := c.relocs(s, room[:0])
	depth, pc, most := int32(-1), uint64(0), int32(0)
	for first := true; len(table) > 0; first = false {
		delta, n := binary.Varint(table)
		if n <= 0 || delta == 0 && !first {
			break
		}
		span, m := binary.Uvarint(table[n:])
		if m <= 0 {
			break
		}
		table = table[n+m:]
		depth += int32(delta)
		pc += span * c.arch.minInst
		most = max(most, depth)
		for len(relocs) > 0 && uint64(uint32(relocs[0].off)) < pc {
			switch r := relocs[0]; {
			case r.typ == goobj.RelocCallInd:
				f(depth+2*c.callSize, 0)
			case c.arch.isCall(r.typ):
				f(depth+c.callSize, r.sym)
			}
			relocs = relocs[1:]
		}
	}
	f(most, 0)
}

// chain describes the calls by which s takes the most.
func (c *stackChecker) chain(s sym) string {
	var b strings.Builder
	seen := map[sym]bool{}
	for s != 0 && !seen[s] {
		seen[s] = true
		var next sym
		most, growth := int32(-1), int32(0)
		c.visit(s, func(g int32, target sym) {
			h := g
			if target != 0 {
				h += c.of(target, 0)
			}
			if h > most {
				most, growth, next = h, g, target
			}
		})
		if b.Len() > 0 {
			b.WriteString(" calls ")
		}
		fmt.Fprintf(&b, "%s, which takes %d,", c.name(s), max(growth, 0))
		s = next
	}
	return strings.TrimSuffix(b.String(), ",")
}
