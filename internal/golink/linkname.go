package golink

import (
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// # Allowed references
//
// By a go:linkname line a package can refer to what another one does not export. Into the standard library that is
// allowed where the definition has such a line, too; some names are for a list of packages only. Assembly refers to every symbol by
// its name: since Go 1.27 the same rules are for it.

// checkLinkname reports a reference from object o to s by name alone that is not allowed.
func (l *linker) checkLinkname(o *object, s sym) {
	name, pkg := l.name(s), o.lib.path
	if allowed, listed := l.release.linknames[name]; listed {
		if !slices.Contains(allowed, pkg) && !slices.Contains(allowed, withoutFIPSVersion(pkg)) {
			l.errorf("package %s: refers by go:linkname to %s, which %s may do only", pkg, name, orNone(allowed))
		}
		return
	}
	if l.kinds[s] == kindNone {
		return // not defined: reported where it is used
	}
	d := l.defs[s]
	def := l.objs[d.obj]
	if def.Flags&goobj.FlagStd == 0 || def.lib.path == pkg {
		return
	}
	flags := def.SymFlags(d.idx)
	std := l.release.linknameStd
	if std == 0 {
		if flags&(goobj.SymLinkname|l.release.abiWrapper) == 0 {
			l.refuseLinkname(o, s)
		}
		return
	}
	if def.Flags&goobj.FlagAssembly != 0 && flags&(goobj.SymLinkname|std) == 0 {
		if strings.HasPrefix(name, pkg) || !strings.Contains(name, ".") {
			return
		}
		// The line is at the function's declaration, which makes a wrapper with the other ABI.
		if w := l.lookup(name, 1-int(def.SymABI(d.idx))); w != 0 && l.kinds[w] != kindNone {
			flags = l.flags(w)
		}
	}
	if flags&goobj.SymLinkname == 0 && (flags&std == 0 || o.Flags&goobj.FlagStd == 0) {
		l.refuseLinkname(o, s)
	}
}

func (l *linker) refuseLinkname(o *object, s sym) {
	l.errorf("package %s: refers by go:linkname to %s of package %s, which has no such line for it: not allowed into the standard library",
		o.lib.path, l.name(s), l.pkg(s).path)
}

func orNone(pkgs []string) string {
	if len(pkgs) == 0 {
		return "no package"
	}
	return strings.Join(pkgs, ", ")
}

// withoutFIPSVersion returns the path that a package of a frozen FIPS 140 module has in the standard library.
func withoutFIPSVersion(pkg string) string {
	const prefix = "crypto/internal/fips140/v"
	rest, ok := strings.CutPrefix(pkg, prefix)
	if !ok {
		return pkg
	}
	if _, rest, ok = strings.Cut(rest, "/"); ok {
		return prefix[:len(prefix)-1] + rest
	}
	return strings.TrimSuffix(prefix, "/v")
}
