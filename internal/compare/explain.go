package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Explanations
//
// A difference is explained by one of these rules, and is a finding if by none. The
// table of the standard library (std.go) is what is known about its sources; of other code, only
// the files of its functions are known, and their names excuse nothing but computation.
//
//	file        the function is declared in files of the standard library that are
//	            not for all architectures
//	source      the caller is declared in such files, or in one file in which
//	            constants differ by the architecture
//	branch      the caller is of the standard library and asks such a function
//	            which way to go
//	callee      the callee is explained
//	user        everything that uses the function is explained or made from other
//	            sources where the function is missing
//	data        only data refer to the function, which is of the standard library
//	closure     all programs have the closure, named by functions that it is inlined
//	            into with the one around it (closures.go)
//	generated   the compiler makes the function for a type of the standard library, or names it by what it compares
//	intrinsic   the compiler replaces the function by instructions where it can
//	helper      the compiler calls the function for an operation of the language
//	            where it has no instructions for it
//	leaf        the function is inlined (or, in the standard library, may be) and calls
//	            nothing, so it may leave no instruction behind; its file is part of all
//	            programs
//	position    the callee's address is taken, or it is inlined, in a function inlined
//	            into the caller or the other way around: instructions are moved, and an
//	            inlined function of which none is left is no step between two others
//	copies      all programs have the constant that the compiler made, but not as often, or by the name of another
//	            package: the linker keeps one of equal constants
//	immediate   the string is compared or copied by constants in instructions
//	library     only the standard library uses the string
//	name        the string has runtime.GOARCH in it, and the others have theirs
//	setting     the build setting names the architecture
//	count       relocations of the class are in all programs, in another number
//	functions   all functions of the package are explained
//	constraint  the function or its package has files that are not for all architectures
//	            (constraints.go), and it has no effect that others lack (effects.go)
//	follows     the function is of the standard library, and there because of what is judged
//	inlined     the caller has code of its own where the call is, and is only inlined
//	            where it is not: there its arguments rule the call out

// explainFunction explains why fn is not in all programs by what it is.
func (c *comparison) explainFunction(fn *function) (rule, reason string) {
	if files := c.std.declaredIn(fn); len(files) > 0 {
		return "file", "declared in " + fileList(files)
	}
	if strings.HasPrefix(fn.name, typePrefix) && !c.ofCompiler(fn.name) {
		return "", ""
	}
	if bySignature.MatchString(fn.name) {
		return "generated", "made by the compiler for all types that are compared or hashed alike"
	}
	if c.std.hasType(fn.name, c.archPackages) {
		return "generated", "made by the compiler for a type of a package with files that are not for all architectures"
	}
	if c.isWrapper(fn) {
		return "generated", "made by the compiler to call a method that all programs have"
	}
	if pkg, ok := strings.CutSuffix(fn.name, ".init"); ok && c.std.specificPackage(pkg) {
		return "file", "initializes variables of " + pkg + ", which has files for one architecture"
	}
	return c.std.explainName(fn.name)
}

func fileList(files []*stdFile) string {
	var out []string
	for _, f := range files {
		out = append(out, fmt.Sprintf("%v (%s)", f, strings.Join(f.archs, ", ")))
	}
	return strings.Join(out, ", ")
}

// explainByUse explains a function that is not in all programs by what uses it.
func (c *comparison) explainByUse(fn *function, d *Difference) (rule, reason string) {
	if c.leaf(fn.name) && c.neverAlone(fn.name) && (c.std.has(fn) || c.everywhere(fn)) {
		return "leaf", "inlined, without calls: no instruction of it may be left"
	}
	if c.isCopy(fn.name) {
		return "closure", "the others have it by the name of another function, which the one around it is inlined into"
	}
	if !c.std.has(fn) {
		return c.explainConstraint(fn, d)
	}
	example := ""
	for _, p := range c.programs {
		f := p.funcs[d.Subject]
		if f == nil {
			continue
		}
		for user := range f.users {
			if c.explained[user] == nil && (!c.isStd(user) || !c.differs(user) && !c.branches(user) && !c.onlyInlined(user, d.NotIn)) {
				return "", ""
			}
			if example == "" || user < example {
				example = user
			}
		}
	}
	if example == "" {
		return "data", "only data refer to it"
	}
	return "user", "used by " + example + ", whose code depends on the architecture, and by nothing else"
}

// explainCall explains why from refers to to not on the architectures not.
func (c *comparison) explainCall(from, to string, how use, not []string) (rule, reason string) {
	if strings.HasPrefix(to, typePrefix) {
		if !c.ofCompiler(to) {
			return "", ""
		}
		return "helper", "the compiler calls it to compare or hash values where it has no instructions for it"
	}
	if rule, reason := c.std.explainName(to); rule != "" {
		return rule, reason
	}
	switch {
	case c.isArchSpecific(from) && slices.Contains(c.effects(from), to):
		return "", "" // whatever else is said for it
	case c.differs(from):
		return "source", "the caller's code depends on the architecture"
	case c.explained[to] != nil:
		return "callee", c.explained[to].Reason
	case how == inlined, c.leaf(to) && (how&(called|addressed) == 0 || c.isStd(to) || c.hasIntrinsic(to)):
		return "leaf", "without calls: where it is inlined, no instruction of it may be left"
	case c.differs(to) && (how&(called|addressed) == 0 || c.onlyInlined(to, not)):
		return "callee", "inlined, from code that depends on the architecture"
	case how&called == 0 && c.inlinedSibling(from, to, not), how&(called|addressed) == 0 && c.viaInlined(from, to, not):
		return "position", "the reference belongs to a function that is inlined into the caller, or the other way around"
	case c.branches(from):
		return "branch", "the caller asks code that depends on the architecture which way to go"
	case c.std.hasType(from, nil) && c.ofCompiler(from):
		return "generated", "the caller is made by the compiler for a type of the standard library"
	case c.constraintCall(from, to):
		return "constraint", "the package has files that are not for all architectures, and the call is judged by what it leads to"
	case how&called == 0 && c.impliedBy[to] && c.isStd(from):
		return "follows", "of the standard library, and what uses it is judged"
	case c.devirtualized(from, to, not):
		return "constraint", "a method, by an interface on the others: the type is of a file that is not for all architectures"
	case c.onlyInlined(from, not), c.isStd(from) && c.neverAlone(from):
		return "inlined", "the caller is inlined wherever it is called, and there its arguments rule the call out"
	}
	return "", ""
}

// isStd reports whether a function belongs to the standard library.
func (c *comparison) isStd(name string) bool {
	return slices.ContainsFunc(c.programs, func(p *Program) bool { fn := p.funcs[name]; return fn != nil && c.std.has(fn) })
}

// differs reports whether a function of the standard library is made from
// different sources, or from one source whose constants differ.
func (c *comparison) differs(name string) bool {
	if c.std.folds[declared(name)] {
		return true
	}
	for _, p := range c.programs {
		if fn := p.funcs[name]; fn != nil && c.std.has(fn) && len(c.std.declaredIn(fn)) > 0 {
			return true
		}
	}
	return false
}

// branches reports whether a function of the standard library contains, inlined,
// code that differs: what that returns may be a constant.
func (c *comparison) branches(name string) bool {
	for _, p := range c.programs {
		fn := p.funcs[name]
		if fn == nil || !c.std.has(fn) {
			continue
		}
		for to, how := range fn.refs {
			if how&inlined != 0 && c.differs(to) {
				return true
			}
		}
	}
	return false
}

// typePrefix begins the names of functions that the compiler makes for types, to compare and to hash them.
const typePrefix = "type:."

// ofCompiler reports whether the function with such a name is what its name says on all architectures: go:linkname can
// give any function such a name, but those of the compiler refer to each other and to its helpers alone.
func (c *comparison) ofCompiler(name string) bool {
	return !slices.ContainsFunc(c.programs, func(p *Program) bool {
		fn := p.funcs[name]
		if fn == nil {
			return false
		}
		for to := range fn.refs {
			if rule, _ := c.std.explainName(to); rule == "" && !strings.HasPrefix(to, typePrefix) {
				return true
			}
		}
		return fn.file != "<autogenerated>" || fn.indirect
	})
}

// isWrapper reports whether fn does nothing but to call the method of the same name that all
// programs have.
func (c *comparison) isWrapper(fn *function) bool {
	dot := strings.LastIndexByte(fn.name, '.')
	if fn.file != "<autogenerated>" || dot < 0 || len(fn.users) > 0 {
		return false
	}
	found := false
	for to := range fn.refs {
		if rule, _ := c.std.explainName(to); rule != "" {
			continue
		}
		if found || !strings.HasSuffix(to, fn.name[dot:]) || gobin.PackageOf(to) != gobin.PackageOf(fn.name) || c.missing(to) {
			return false
		}
		found = true
	}
	return found
}

// explainSetting explains the build settings that name the architecture.
func explainSetting(name string) (rule, reason string) {
	switch name {
	case "build GOARCH", "build GOAMD64", "build GOARM64", "build GORISCV64":
		return "setting", "names the architecture"
	}
	return "", ""
}
