package golink

import (
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goobj"
)

// # Order of functions
//
// Packages that the runtime is made of come first, then the others, each group with a package after those that it imports. Within
// a package the functions keep the order of its objects, those that other packages may define, too, after the others. A function that
// the linker changed counts as such a one. At last, the FIPS 140 module's functions are gathered, so that they are one range.

// orderText fills l.text.
func (l *linker) orderText() {
	l.eachObject(l.listText)
	n := len(l.fips)
	for _, o := range l.objs[1:] {
		n += len(o.text) + len(o.dupText)
	}
	l.text = array[sym](&l.pool, n)[:0]
	for _, s := range l.fips[:2] {
		l.addText(s)
	}
	libs, err := inDependencyOrder(l.libs)
	if err != nil {
		l.fail(err)
		return
	}
	for _, inRuntime := range []bool{true, false} {
		for _, lib := range libs {
			if l.release.isRuntime(lib.path) != inRuntime {
				continue
			}
			for _, o := range lib.units {
				for _, s := range o.text {
					l.addText(s)
				}
			}
			for _, o := range lib.units {
				for _, s := range o.dupText {
					if l.addText(s) && l.pkg(s) != lib {
						l.dupPkg[s] = lib
					}
				}
			}
		}
	}
	slices.SortStableFunc(l.text, func(a, b sym) int { return int(l.kinds[a]) - int(l.kinds[b]) })
}

// listText lists the needed functions of o, object obj.
func (l *linker) listText(obj uint32, o *object) {
	for b := goobj.PkgDefs; b < goobj.NonPkgRefs; b++ {
		if (b == goobj.Hashed64Defs || b == goobj.HashedDefs) && !o.contentText {
			continue
		}
		for idx := o.First(b); idx < o.First(b+1); idx++ {
			s := l.kept.number(o.sym(idx))
			if l.attrs[s]&attrReachable == 0 || !l.kinds[s].isText() || !kindOf(o.SymKind(idx)).isText() {
				continue
			}
			if l.defs[s] != (def{obj, idx}) || o.SymFlags(idx)&goobj.SymDupOK != 0 {
				o.dupText = append(o.dupText, s)
			} else {
				o.text = append(o.text, s)
			}
		}
	}
}

// addText adds function s, and reports whether it was not there.
func (l *linker) addText(s sym) bool {
	if l.sections[s] == secText {
		return false
	}
	l.sections[s] = secText
	l.text = append(l.text, s)
	return true
}

// layoutText gives functions their addresses.
func (l *linker) layoutText() {
	text := &l.sect[secText]
	text.name, text.seg, text.laid = sectionNames[secText], segText, true
	if !l.object {
		text.addr = goelf.AlignUp(l.arch.textAddr, l.funcAlign)
	}
	text.align = l.funcAlign
	start := l.mark("runtime.text", kindText, text.addr)
	end := l.mark("runtime.etext", kindTextEnd, 0)
	addr := text.addr
	if l.arch.farCalls {
		addr = l.placeWithJumps(addr)
	} else {
		for _, s := range l.text {
			addr = l.placeFunc(s, addr)
		}
		if l.arch.maxText != 0 && addr-text.addr >= l.arch.maxText {
			l.errorf("%d bytes of code, want less than %d: %w", addr-text.addr, l.arch.maxText, ErrUnsupported)
		}
	}
	text.size = addr - text.addr + l.arch.minInst
	l.values[end] = addr
	l.sections[start], l.sections[end] = secText, secText
}

// placeFunc puts function s at addr or, for its alignment, after it, and returns where it ends.
func (l *linker) placeFunc(s sym, addr uint64) uint64 {
	align := l.funcAlign
	if a := l.aligns[s]; a != 0 {
		align = max(align, 1<<(a-1))
	}
	addr = goelf.AlignUp(addr, align)
	l.sect[secText].align = max(l.sect[secText].align, align)
	l.sections[s] = secText // of a jump; others have it
	l.values[s] = addr
	return addr + max(l.size(s), minFunc)
}
