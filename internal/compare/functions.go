package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Functions, packages and calls
//
// A function that some programs lack is explained by what it is, or else by what uses it and what it uses.

func (c *comparison) functions() {
	names := map[string]*function{}
	for _, p := range c.programs {
		maps.Copy(names, p.funcs)
	}
	var differences []*Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fn := names[name]
		in, not := split(c.programs, func(p *Program) bool { return p.funcs[name] != nil })
		if len(not) == 0 || name == systemCall {
			continue
		}
		d := &Difference{Kind: Functions, Subject: name, In: in, NotIn: not, Detail: c.describe(name)}
		if d.Rule, d.Reason = c.explainFunction(fn); d.Rule != "" || c.accept(Functions, name) {
			c.explained[name] = d
		}
		differences = append(differences, d)
	}
	// What only explained code uses is explained, too.
	for again := true; again; {
		again = false
		for _, d := range differences {
			if d.Rule == "" {
				if d.Rule, d.Reason = c.explainByUse(names[d.Subject], d); d.Rule != "" {
					c.explained[d.Subject] = d
					again = true
				} else if c.follow(names[d.Subject]) {
					d.Rule, d.Reason = "follows", "of the standard library, and what uses it is judged"
					c.impliedBy[d.Subject] = true
					again = true
				}
			}
		}
	}
	for _, d := range differences {
		if d.Rule == "" {
			d.Detail += c.whyNot(d.Subject)
		}
		c.out = append(c.out, *d)
	}
}

// describe says where a function is declared, and by example what uses it and what
// it uses.
func (c *comparison) describe(name string) string {
	for _, p := range c.programs {
		fn := p.funcs[name]
		if fn == nil {
			continue
		}
		out := "declared in " + cmp.Or(fn.file, "a file that the program does not name")
		if fn.line > 0 {
			out += ":" + strconv.Itoa(fn.line)
		}
		if users := slices.Sorted(maps.Keys(fn.users)); len(users) > 0 {
			out += "; used by " + some(users)
		}
		var refs []string
		for to := range fn.refs {
			if rule, _ := c.std.explainName(to); rule == "" {
				refs = append(refs, to)
			}
		}
		if slices.Sort(refs); len(refs) > 0 {
			out += "; uses " + some(refs)
		}
		return out
	}
	return ""
}

// some lists the first of many.
func some(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// packages reports packages of which no function is in some programs.
func (c *comparison) packages() {
	has := map[string]map[string]bool{} // by package: architectures
	for _, p := range c.programs {
		for name := range p.funcs {
			if pkg := gobin.PackageOf(name); pkg != "" {
				if has[pkg] == nil {
					has[pkg] = map[string]bool{}
				}
				has[pkg][p.GOARCH] = true
			}
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(has)) {
		in, not := split(c.programs, func(p *Program) bool { return has[pkg][p.GOARCH] })
		if len(not) == 0 {
			continue
		}
		d := Difference{Kind: Packages, Subject: pkg, In: in, NotIn: not, Detail: "no function of it is left"}
		d.Rule, d.Reason = "functions", "each of its functions is explained"
		for _, f := range c.out {
			if f.Kind == Functions && gobin.PackageOf(f.Subject) == pkg && f.Rule == "" {
				d.Rule, d.Reason = "", ""
			}
		}
		c.out = append(c.out, d)
	}
}

func (c *comparison) calls() {
	names := map[string]bool{}
	for _, p := range c.programs {
		for name := range p.funcs {
			names[name] = true
		}
	}
	for name := range names {
		targets := map[string]use{}
		var have []*Program
		for _, p := range c.programs {
			if fn := p.funcs[name]; fn != nil {
				have = append(have, p)
				for to, how := range fn.refs {
					targets[to] |= how
				}
			}
		}
		if len(have) < 2 {
			continue // the function is a difference
		}
		for to, how := range targets {
			in, not := split(have, func(p *Program) bool { return p.funcs[name].refs[to] != 0 })
			if len(not) == 0 {
				continue
			}
			d := Difference{Kind: Calls, Subject: name + " -> " + to, In: in, NotIn: not, Detail: howUsed(how)}
			d.Rule, d.Reason = c.explainCall(name, to, how, not)
			c.out = append(c.out, d)
		}
		if len(have) == len(c.programs) && c.isArchSpecific(name) {
			for _, effect := range c.effects(name) {
				if targets[effect] == 0 {
					c.out = append(c.out, c.effectOf(name, effect))
				}
			}
		}
	}
}

// effectOf is the difference that the function has an effect other than by a call.
func (c *comparison) effectOf(name, effect string) Difference {
	in, not := split(c.programs, func(p *Program) bool { return c.reach(p, name)[effect] })
	return Difference{Kind: Calls, Subject: name + " -> " + effect, In: in, NotIn: not, Detail: "declared in files that are not for all architectures"}
}

func howUsed(how use) string {
	switch {
	case how&called != 0:
		return "a call or jump"
	case how&addressed != 0:
		return "the function's address is taken"
	}
	return "the function is inlined"
}
