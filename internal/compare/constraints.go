package compare

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Files for single architectures
//
// Outside of the standard library no sources are at hand, so a file is taken to be
// for some architectures only when
//
//   - it is assembly, or its name says so (go/build, "GOOS_GOARCH"), or
//   - it declares a function that another file declares in another program: no package can
//     hold both.
//
// That says what the file is for, not that it is harmless: anybody can give a file
// such a name. What code of packages with such files may do is in effects.go.

// archNames are what the names of files may end with that are built for one of the
// architectures that programs may be for.
var archNames = []string{"_amd64.go", "_arm64.go", "_riscv64.go", ".s"}

// A file is the base name of a source with its package.
type file struct{ pkg, name string }

// constrained returns the files outside of the standard library that are not built for all
// architectures.
func (c *comparison) constrainedFiles() map[file]bool {
	out := map[file]bool{}
	for _, p := range c.programs {
		for name, fn := range p.funcs {
			if fn.alone && !c.std.has(fn) && slices.ContainsFunc(archNames, func(end string) bool { return strings.HasSuffix(fn.file, end) }) {
				out[file{gobin.PackageOf(name), fn.file}] = true
			}
		}
	}
	for i, p := range c.programs {
		for _, q := range c.programs[:i] {
			for name, fn := range p.funcs {
				other := q.funcs[name]
				// The line is that of the declaration, also where the first instruction is
				// that of an inlined function in another file.
				if other == nil || !fn.alone || !other.alone || fn.line == other.line || fn.file == other.file ||
					c.std.has(fn) || fn.file == "" || other.file == "" || strings.HasPrefix(fn.file, "<") || strings.HasPrefix(other.file, "<") {
					continue
				}
				out[file{gobin.PackageOf(name), fn.file}], out[file{gobin.PackageOf(name), other.file}] = true, true
			}
		}
	}
	return out
}

// inConstrained reports whether fn is declared in a file for some architectures only.
func (c *comparison) inConstrained(fn *function) bool {
	return !c.std.has(fn) && c.constrained[file{gobin.PackageOf(fn.name), fn.file}]
}

// missing reports whether a program lacks the function.
func (c *comparison) missing(name string) bool {
	return slices.ContainsFunc(c.programs, func(p *Program) bool { return p.funcs[name] == nil })
}

// isArchSpecific reports whether a function outside of the standard library and its like is
// not in all programs, or not from the same source.
func (c *comparison) isArchSpecific(name string) bool {
	known, ok := c.archSpecific[name]
	if ok {
		return known
	}
	if !c.library(gobin.PackageOf(name)) && name != systemCall && !c.isStd(name) {
		for _, p := range c.programs {
			if fn := p.funcs[name]; fn != nil {
				known = known || c.missing(name) || c.inConstrained(fn)
			}
		}
	}
	c.archSpecific[name] = known
	return known
}

// library reports whether a package is of the standard library, or a part of it that is
// published as a module.
func (c *comparison) library(pkg string) bool {
	return c.std.packages[pkg] || pkg == "golang.org/x/sys/unix"
}

// explainConstraint explains a difference in code of a package with files for
// some architectures, or used by such code alone: it only computes.
func (c *comparison) explainConstraint(fn *function, d *Difference) (rule, reason string) {
	if d.Rule != "" {
		return d.Rule, d.Reason
	}
	pkg := gobin.PackageOf(fn.name)
	if c.library(pkg) {
		if !strings.Contains(fn.name, ".init.") || len(c.effects(fn.name)) == 0 {
			return "constraint", "wraps system calls; what calls it is judged"
		}
		return "", ""
	}
	if !c.archPackages[pkg] && !c.usedByOdd(fn.name) {
		return "", ""
	}
	if len(c.effects(fn.name)) > 0 || !c.initializes(fn.name) {
		return "", ""
	}
	if c.inConstrained(fn) {
		return "constraint", "declared in " + fn.file + ", which is not for all architectures, and only computes"
	}
	return "constraint", fmt.Sprintf("used by code of %s in files that are not for all architectures, and only computes", pkg)
}

// usedByOdd reports whether functions use name, and all of them where it is missing
// elsewhere are explained.
func (c *comparison) usedByOdd(name string) bool {
	found := false
	for _, p := range c.programs {
		if fn := p.funcs[name]; fn != nil {
			for user := range fn.users {
				if c.explained[user] == nil && !c.archPackages[gobin.PackageOf(user)] {
					return false
				}
				found = true
			}
		}
	}
	return found
}

// archPackagesOf returns the packages of the files.
func archPackagesOf(files map[file]bool) map[string]bool {
	out := map[string]bool{}
	for f := range maps.Keys(files) {
		out[f.pkg] = true
	}
	return out
}

// constraintCall reports whether a call of a package with files for some architectures
// is explained: it has no effect, or what is called is judged itself.
func (c *comparison) constraintCall(from, to string) bool {
	switch pkg := gobin.PackageOf(from); {
	case c.isStd(from):
		return false
	case c.library(pkg):
		return true
	case !c.archPackages[pkg] && !c.isArchSpecific(from):
		return false
	}
	return !slices.Contains(c.effects(from), to)
}

// namesOutside finds what may be the name of something outside of the program: a path, an
// address, a host, an environment variable.
var namesOutside = regexp.MustCompile(`/|@|[a-z0-9-]\.[a-z]{2,}\b|[0-9]\.[0-9]+\.[0-9]|:[0-9]{2}|^[A-Z][A-Z0-9]*_[A-Z0-9_]+$`)

// constraintText explains the string s that is used by functions of which each is inlined into the
// next: one of them is of a package with files for some architectures, none has an effect, and the
// string is no name of anything outside of the program.
func (c *comparison) constraintText(s string, chain []string) bool {
	outside := namesOutside.MatchString(s) && !slices.ContainsFunc(chain, func(name string) bool { return isReviewed(name, "string "+s) })
	if outside || slices.ContainsFunc(chain, func(name string) bool { return !c.isStd(name) && len(c.effects(name)) > 0 }) {
		return false
	}
	return len(chain) == 0 || slices.ContainsFunc(chain, func(name string) bool {
		return !c.isStd(name) && (c.isArchSpecific(name) || c.archPackages[gobin.PackageOf(name)])
	})
}

// explainData explains data of packages with files for some architectures.
func (c *comparison) explainData(name string) (rule, reason string) {
	pkg := gobin.PackageOf(name)
	if !c.archPackages[pkg] && !c.library(pkg) {
		return "", ""
	}
	if strings.HasSuffix(name, "..inittask") {
		for _, d := range c.out {
			if d.Kind == Functions && d.Rule == "" && strings.HasPrefix(d.Subject, pkg+".init") {
				return "", ""
			}
		}
		return "constraint", "the functions that run at start are judged"
	}
	for _, p := range c.programs {
		for fn := range p.pointers[name] {
			if c.risky(fn) && slices.ContainsFunc(c.programs, func(q *Program) bool { return !q.pointers[name][fn] }) {
				return "", ""
			}
		}
	}
	return "constraint", "of a package with files that are not for all architectures; strings and functions in it are judged"
}

// follow reports whether a function of the standard library is in a program because of what
// is judged: all that refers to it is outside of the standard library, explained or follows.
func (c *comparison) follow(fn *function) bool {
	if !c.isStd(fn.name) {
		return false
	}
	found := false
	for _, p := range c.programs {
		f := p.funcs[fn.name]
		if f == nil {
			continue
		}
		for user := range f.users {
			if !c.isStd(user) || c.explained[user] != nil || c.impliedBy[user] || c.differs(user) || c.branches(user) ||
				f.name != user && p.funcs[user].refs[f.name]&called == 0 && c.inlinedByNew(p, user) {
				found = true
				continue
			}
			return false
		}
	}
	return found
}

// inlinedByNew reports whether a function that not all programs have inlines user.
func (c *comparison) inlinedByNew(p *Program, user string) bool {
	for name := range p.funcs[user].users {
		if fn := p.funcs[name]; fn != nil && fn.refs[user]&inlined != 0 && c.missing(name) {
			return true
		}
	}
	return false
}

// devirtualized reports whether from calls a method that it calls by an interface on the
// architectures not, where a function that not all programs have gives it another type.
func (c *comparison) devirtualized(from, to string, not []string) bool {
	pkg := gobin.PackageOf(to)
	if !c.archPackages[pkg] || c.missing(to) {
		return false
	}
	odd := false
	for _, p := range c.programs {
		fn := p.funcs[from]
		if fn == nil || slices.Contains(not, p.GOARCH) && !fn.indirect {
			return false
		}
		for other := range fn.refs {
			odd = odd || gobin.PackageOf(other) == pkg && c.isArchSpecific(other)
		}
	}
	return odd
}
