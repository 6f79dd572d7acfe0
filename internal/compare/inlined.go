package compare

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Inlined functions
//
// What the compiler inlines is its decision for each machine: a call may be in the function around, or be gone with all that it refers
// to.

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

// neverAlone reports whether a function has no code of its own in any program.
func (c *comparison) neverAlone(name string) bool {
	return !slices.ContainsFunc(c.programs, func(p *Program) bool { fn := p.funcs[name]; return fn != nil && fn.alone })
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

// inlinedSibling reports whether on all the architectures a function that from inlines, or
// that inlines from, refers to to.
func (c *comparison) inlinedSibling(from, to string, archs []string) bool {
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

// viaInlined reports whether on all the architectures from refers to something that to
// refers to: as when to is inlined, and all that is left of it is what is inlined
// into it.
func (c *comparison) viaInlined(from, to string, archs []string) bool {
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

// everywhere reports whether the file that fn is declared in is part of all
// programs.
func (c *comparison) everywhere(fn *function) bool {
	key := gobin.PackageOf(fn.name) + "/" + fn.file
	return !slices.ContainsFunc(c.programs, func(p *Program) bool { return !p.files[key] })
}
