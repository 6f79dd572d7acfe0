package compare

import (
	"fmt"
	"slices"
	"strings"
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
//	generated   the compiler makes the function for a type of the standard library
//	intrinsic   the compiler replaces the function by instructions where it can
//	helper      the compiler calls the function for an operation of the language
//	            where it has no instructions for it
//	leaf        the function is inlined (or, in the standard library, may be) and calls
//	            nothing, so it may leave no instruction behind; its file is part of all
//	            programs
//	position    the callee's address is taken, or it is inlined, in a function inlined
//	            into the caller or the other way around: instructions are moved, and an
//	            inlined function of which none is left is no step between two others
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
	case c.isOdd(from) && slices.Contains(c.effects(from), to):
		return "", "" // whatever else is said for it
	case c.differs(from):
		return "source", "the caller's code depends on the architecture"
	case c.explained[to] != nil:
		return "callee", c.explained[to].Reason
	case how == inlined, c.leaf(to) && (how&(called|addressed) == 0 || c.isStd(to) || c.hasIntrinsic(to)):
		return "leaf", "without calls: where it is inlined, no instruction of it may be left"
	case c.differs(to) && (how&(called|addressed) == 0 || c.onlyInlined(to, not)):
		return "callee", "inlined, from code that depends on the architecture"
	case how&called == 0 && c.besides(from, to, not), how&(called|addressed) == 0 && c.through(from, to, not):
		return "position", "the reference belongs to a function that is inlined into the caller, or the other way around"
	case c.branches(from):
		return "branch", "the caller asks code that depends on the architecture which way to go"
	case c.std.hasType(from, nil) && c.ofCompiler(from):
		return "generated", "the caller is made by the compiler for a type of the standard library"
	case c.constraintCall(from, to):
		return "constraint", "the package has files that are not for all architectures, and the call is judged by what it leads to"
	case how&called == 0 && c.follows[to] && c.isStd(from):
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

// leaf reports whether a function refers to nothing on any architecture but what
// the compiler may have put there.
func (c *comparison) leaf(name string) bool {
	known, ok := c.leaves[name]
	if ok {
		return known
	}
	c.leaves[name] = true // while asking for itself: recursion refers to nothing else
	c.leaves[name] = !slices.ContainsFunc(c.programs, func(p *Program) bool {
		fn := p.funcs[name]
		if fn == nil {
			return false
		}
		for to, how := range fn.refs {
			if rule, _ := c.std.explainName(to); rule == "" && (how&(called|addressed) != 0 || how&active != 0 && !c.leaf(to)) {
				return true
			}
		}
		return false
	})
	return c.leaves[name]
}

// hasIntrinsic reports whether a leaf has an intrinsic in it: where the compiler has no instruction for
// it, the function may be too long to be inlined.
func (c *comparison) hasIntrinsic(name string) bool {
	return slices.ContainsFunc(c.programs, func(p *Program) bool {
		fn := p.funcs[name]
		if fn == nil {
			return false
		}
		for to := range fn.refs {
			if c.std.intrinsics[to] || to != name && fn.refs[to]&inlined != 0 && c.hasIntrinsic(to) {
				return true
			}
		}
		return false
	})
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
		if found || !strings.HasSuffix(to, fn.name[dot:]) || packageOf(to) != packageOf(fn.name) || c.missing(to) {
			return false
		}
		found = true
	}
	return found
}

// neverAlone reports whether a function has no code of its own in any program.
func (c *comparison) neverAlone(name string) bool {
	return !slices.ContainsFunc(c.programs, func(p *Program) bool { fn := p.funcs[name]; return fn != nil && fn.alone })
}

// everywhere reports whether the file that fn is declared in is part of all
// programs.
func (c *comparison) everywhere(fn *function) bool {
	key := packageOf(fn.name) + "/" + fn.file
	return !slices.ContainsFunc(c.programs, func(p *Program) bool { return !p.files[key] })
}

// onlyInlined reports whether the function has no code of its own on one of the
// architectures, but on all others that have it: an inlined copy may lack what its
// arguments rule out.
func (c *comparison) onlyInlined(name string, archs []string) bool {
	found := false
	for _, p := range c.programs {
		fn := p.funcs[name]
		switch {
		case fn == nil:
		case slices.Contains(archs, p.GOARCH):
			found = found || !fn.alone
		case !fn.alone:
			return false
		}
	}
	return found
}

// besides reports whether on all the architectures a function that from inlines, or
// that inlines from, refers to to.
func (c *comparison) besides(from, to string, archs []string) bool {
	for _, p := range c.programs {
		if !slices.Contains(archs, p.GOARCH) {
			continue
		}
		callee := p.funcs[to]
		if callee == nil {
			return false
		}
		found := false
		for user := range callee.users {
			found = found || c.inlines(from, user) || c.inlines(user, from)
		}
		if !found {
			return false
		}
	}
	return true
}

// through reports whether on all the architectures from refers to something that to
// refers to: as when to is inlined, and all that is left of it is what is inlined
// into it.
func (c *comparison) through(from, to string, archs []string) bool {
	next := map[string]bool{}
	for _, p := range c.programs {
		if fn := p.funcs[to]; fn != nil {
			for name := range fn.refs {
				if rule, _ := c.std.explainName(name); rule == "" {
					next[name] = true
				}
			}
		}
	}
	for _, p := range c.programs {
		if fn := p.funcs[from]; fn != nil && slices.Contains(archs, p.GOARCH) {
			found := false
			for name := range fn.refs {
				found = found || next[name]
			}
			if !found {
				return false
			}
		}
	}
	return true
}

// inlines reports whether to is inlined into from on some architecture, directly or
// by way of other inlined functions.
func (c *comparison) inlines(from, to string) bool {
	return slices.ContainsFunc(c.programs, func(p *Program) bool { return p.inlines(from, to, map[string]bool{}) })
}

func (p *Program) inlines(from, to string, seen map[string]bool) bool {
	fn := p.funcs[from]
	if fn == nil || seen[from] {
		return false
	}
	seen[from] = true
	if fn.refs[to]&inlined != 0 {
		return true
	}
	for next, how := range fn.refs {
		if how&inlined != 0 && p.inlines(next, to, seen) {
			return true
		}
	}
	return false
}

// explainString explains the string s that is in the programs for the architectures
// in alone by what refers to it.
func (c *comparison) explainString(s string, users []string, in, not []string) (rule, reason string) {
	if len(in) == 1 && c.hasOwnNames(s, in[0]) {
		return "name", "the name of the architecture is a part of it, where others have theirs"
	}
	inCode := true
	for _, p := range c.programs {
		inCode = inCode && (!slices.Contains(not, p.GOARCH) || p.hasImmediate(s))
	}
	if inCode {
		return "immediate", "the code has it in its instructions"
	}
	if len(users) > 0 && !slices.ContainsFunc(users, func(user string) bool { return !c.stdUser(user) }) {
		return "library", "only the standard library uses it"
	}
	for _, user := range users {
		if data, ok := strings.CutPrefix(user, "data"); ok {
			if pkg := packageOf(strings.TrimSpace(data)); pkg != "" && !c.std.packages[pkg] && !(c.archPackages[pkg] && c.constraintText(s, nil)) {
				return "", ""
			}
			continue
		}
		if chain := strings.Split(user, usedIn); !slices.ContainsFunc(chain, func(name string) bool {
			return c.differs(name) || c.explained[name] != nil && c.explained[name].Rule != "constraint" || c.branches(name) || !c.isOdd(name) && c.onlyInlined(name, not)
		}) && !c.constraintText(s, chain) {
			return "", ""
		}
	}
	if len(users) == 0 {
		return "", ""
	}
	return "user", "used by code or data of the standard library that depends on the architecture"
}

// stdUser reports whether a user of a string is of the standard library, with all that
// it is inlined into.
func (c *comparison) stdUser(user string) bool {
	if data, ok := strings.CutPrefix(user, "data"); ok {
		pkg := packageOf(strings.TrimSpace(data))
		return c.std.packages[pkg]
	}
	return !slices.ContainsFunc(strings.Split(user, usedIn), func(name string) bool { return !c.isStd(name) })
}

// hasOwnNames reports whether the others have the string s of the program for goarch
// with their own architecture in place of goarch.
func (c *comparison) hasOwnNames(s, goarch string) bool {
	return strings.Contains(s, goarch) && !slices.ContainsFunc(c.programs, func(p *Program) bool {
		return !p.text.index[strings.ReplaceAll(s, goarch, p.GOARCH)]
	})
}

// explainSetting explains the build settings that name the architecture.
func explainSetting(name string) (rule, reason string) {
	switch name {
	case "build GOARCH", "build GOAMD64", "build GOARM64", "build GORISCV64":
		return "setting", "names the architecture"
	}
	return "", ""
}
