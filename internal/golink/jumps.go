package golink

import (
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// # Far calls
//
// The call instruction of RISC-V reaches 1 MiB. A call of what is farther away goes to a jump that the linker makes, after the calling
// function. cmd/link decides in one pass over the functions which calls need one, when it knows the addresses of the functions before and,
// as a guess with room for all possible jumps, those of the same package. A call of a function without an address so far gets a jump;
// when the program is written, and the function turns out to be near, it is called directly all the same, and the jump stays.
// Packages of the runtime are laid out together and small: calls among them are taken to be near.

const nearCall = 1 << 20 // bytes that a call reaches, back and forth

// A jumpKey is what a jump is for.
type jumpKey struct {
	name    string
	version int
}

// placeWithJumps gives functions their addresses from addr on, adds jumps for far calls, and returns where they end.
func (l *linker) placeWithJumps(addr uint64) uint64 {
	l.jumps = map[jumpKey]sym{}
	var made []sym
	var out []sym
	var buf []reloc
	var current *library
	for i, s := range l.text {
		if lib := l.textPkg(s); lib != nil && lib != current {
			current = lib
			guess := addr
			for _, f := range l.text[i:] {
				if l.textPkg(f) != current {
					break
				}
				guess = l.placeFunc(f, guess)
				buf = l.relocs(f, buf)
				for _, r := range buf {
					if l.arch.isCall(r.typ) {
						guess += 8
					}
				}
			}
		}
		addr = l.placeFunc(s, addr)
		out = append(out, s)
		made = l.addJumps(s, made[:0])
		for _, j := range made {
			addr = l.placeFunc(j, addr)
		}
		out = append(out, made...)
	}
	l.text = out
	return addr
}

// textPkg returns the package that function s is laid out with, nil for one that the linker made.
func (l *linker) textPkg(s sym) *library {
	if lib := l.dupPkg[s]; lib != nil {
		return lib
	}
	return l.pkg(s)
}

// addJumps redirects the far calls of function s to jumps, and appends those that it makes to made.
func (l *linker) addJumps(s sym, made []sym) []sym {
	for i, r := range l.relocs(s, nil) {
		t := r.sym
		if r.typ != goobj.RelocRISCVJAL || l.kinds[t] == kindNone || !l.reachable(t) {
			continue
		}
		from, to := l.textPkg(s), l.textPkg(t)
		if l.values[t] == 0 && from != nil && to != nil && l.release.isRuntime(from.path) && l.release.isRuntime(to.path) {
			continue
		}
		p := l.values[s] + uint64(r.off)
		if l.values[t] != 0 && isNear(l.values[t]+uint64(r.add), p) {
			continue
		}
		j := l.jumpFor(t, r.add, p)
		if l.kinds[j] == kindNone {
			l.kinds[j] = l.kinds[s]
			o := l.change(j)
			o.data = []byte{0x97, 0x0f, 0, 0, 0x67, 0x80, 0x0f, 0} // AUIPC $0, X31; JALR X0, (X31)
			o.size = uint64(len(o.data))
			o.relocs = []reloc{{size: 8, typ: goobj.RelocRISCVCall, sym: t, add: r.add}}
			made = append(made, j)
		}
		call := &l.change(s).relocs[i]
		if l.values[t] == 0 {
			call.typ = goobj.RelocRISCVJALTramp
		}
		call.sym, call.add = j, 0
	}
	return made
}

func isNear(target, place uint64) bool {
	d := int64(target - place)
	return -nearCall <= d && d < nearCall
}

// jumpFor returns the jump to t+add that a call at p uses: one that is near or has no address so far.
func (l *linker) jumpFor(t sym, add int64, p uint64) sym {
	name := l.name(t)
	base := name
	if add != 0 {
		base = fmt.Sprintf("%s%+x", name, add)
	}
	version := abi0
	if d := l.origin(t); d.obj != 0 {
		if version = int(l.objs[d.obj].SymABI(d.idx)); version == goobj.StaticABI {
			version += int(d.obj)
		}
	}
	for i := 0; ; i++ {
		key := jumpKey{fmt.Sprintf("%s-tramp%d", base, i), version}
		j := l.jumps[key]
		if j == 0 {
			j = l.ownSym(&own{name: key.name}, kindNone)
			l.attrs[j] |= attrReachable
			l.jumps[key] = j
			return j
		}
		if l.values[j] == 0 || isNear(l.values[j], p) {
			return j
		}
	}
}

// shortenCall lets the call r at p, of a jump, call the jump's target where that is near.
func (l *linker) shortenCall(r *reloc, p uint64) {
	r.typ = goobj.RelocRISCVJAL
	if d := l.defs[r.sym]; d.obj == 0 && len(l.owns[d.idx].relocs) == 1 {
		if to := l.owns[d.idx].relocs[0]; l.values[to.sym] != 0 && isNear(l.values[to.sym]+uint64(to.add), p) {
			r.sym, r.add = to.sym, to.add
		}
	}
}

// isDeferReturnJump reports whether s is a jump to runtime.deferreturn.
func (l *linker) isDeferReturnJump(s sym) bool {
	return l.jumps != nil && l.defs[s].obj == 0 && strings.HasPrefix(l.name(s), "runtime.deferreturn-tramp")
}
