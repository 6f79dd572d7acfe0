package compare

import (
	"cmp"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what a Difference is about.
type Kind string

// The kinds, in the order of reports.
const (
	BuildInfo   Kind = "build-info"
	Packages    Kind = "packages"
	Functions   Kind = "functions"
	Calls       Kind = "calls"
	Strings     Kind = "strings"
	Data        Kind = "data"
	Embedded    Kind = "embedded-files"
	Sections    Kind = "sections"
	Relocations Kind = "relocations"
)

// Kinds are all kinds in the order of reports.
var Kinds = []Kind{BuildInfo, Packages, Functions, Calls, Strings, Data, Embedded, Sections, Relocations}

// A Difference is something that is not the same in all programs.
type Difference struct {
	Kind    Kind
	Subject string   // what it is: the function, the call, the string
	In      []string // the GOARCH of the programs that have it
	NotIn   []string // of those that lack it, or have something else
	Detail  string   // what was found
	Rule    string   // the rule that explains it (see explain.go); "" when none does
	Reason  string   // the explanation
}

// A comparison is one run of Compare.
type comparison struct {
	programs  []*Program
	accept    func(Kind, string) bool
	std       *stdTable
	out       []Difference
	explained map[string]*Difference // functions by name
	leaves    map[string]bool        // what leaf found

	constrained  map[file]bool
	archPackages map[string]bool // packages of constrained files
	follows      map[string]bool // functions of the standard library that are there because of others
	odd          map[string]bool // what isOdd found
	risks        map[string]bool // what risky found
	effectsOf    map[string][]string
	reaches      map[string]map[string]bool
}

// Compare returns the differences between programs, explained or not, ordered by
// kind and subject. accept, which may be nil, reports whether somebody has accepted that
// a difference of this kind is there: what follows from it is explained, while it
// is reported all the same.
//
// It fails unless there are two to three programs, each for another architecture,
// all made by the Go release whose standard library the package knows.
func Compare(programs []*Program, accept func(kind Kind, subject string) bool) ([]Difference, error) {
	if len(programs) < 2 {
		return nil, fmt.Errorf("want the same program for two or more architectures, not for %d", len(programs))
	}
	if accept == nil {
		accept = func(Kind, string) bool { return false }
	}
	seen := map[string]*Program{}
	for _, p := range programs {
		if other := seen[p.GOARCH]; other != nil {
			return nil, fmt.Errorf("%s and %s are both for %s: want one program for each architecture", other.Name, p.Name, p.GOARCH)
		}
		seen[p.GOARCH] = p
		if release := std().release; p.build.GoVersion != release {
			return nil, fmt.Errorf("%s: made by %s, but what depends on the architecture is known of the standard library of %s only: compare programs made by that release", p.Name, p.build.GoVersion, release)
		}
	}
	c := &comparison{programs: programs, accept: accept, std: std(), explained: map[string]*Difference{}, leaves: map[string]bool{},
		follows: map[string]bool{}, odd: map[string]bool{}, risks: map[string]bool{}, effectsOf: map[string][]string{}, reaches: map[string]map[string]bool{}}
	c.constrained = c.constrainedFiles()
	c.archPackages = archPackagesOf(c.constrained)
	c.functions()
	c.packages()
	c.calls()
	c.strings()
	c.data()
	c.contents(Embedded, func(p *Program) map[string]string { return p.embedded })
	c.contents(Sections, func(p *Program) map[string]string { return p.sections })
	c.contents(BuildInfo, func(p *Program) map[string]string { return buildFacts(p.build) })
	c.relocations()
	slices.SortStableFunc(c.out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Subject, b.Subject))
	})
	return c.out, nil
}

// split returns the architectures of the programs that has is true for, and of the
// others.
func split(programs []*Program, has func(p *Program) bool) (in, not []string) {
	for _, p := range programs {
		if has(p) {
			in = append(in, p.GOARCH)
		} else {
			not = append(not, p.GOARCH)
		}
	}
	return in, not
}

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
					c.follows[d.Subject] = true
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
			if pkg := packageOf(name); pkg != "" {
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
			if f.Kind == Functions && packageOf(f.Subject) == pkg && f.Rule == "" {
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
		if len(have) == len(c.programs) && c.isOdd(name) {
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

func (c *comparison) strings() {
	if slices.ContainsFunc(c.programs, func(p *Program) bool { return p.text == nil }) {
		return
	}
	found := map[string]*Difference{}
	users := map[string]map[string]bool{}
	for _, p := range c.programs {
		for i, uses := range p.text.users {
			if len(uses) == 0 {
				continue // the start of a string of which only the inside is used
			}
			in, not := split(c.programs, func(q *Program) bool { return q == p || q.text.has(p.text, i) })
			if len(not) == 0 {
				continue
			}
			s := p.text.piece(i)
			if found[s] == nil {
				found[s] = &Difference{Kind: Strings, Subject: strconv.Quote(clip(s)), In: in, NotIn: not}
				users[s] = map[string]bool{}
			}
			maps.Copy(users[s], uses)
		}
	}
	for _, p := range c.programs {
		p.searchPieces(slices.Collect(maps.Keys(found)))
	}
	for s, d := range found {
		names := slices.Sorted(maps.Keys(users[s]))
		d.Detail = "used by " + cmp.Or(some(names), "nothing that is known")
		d.Rule, d.Reason = c.explainString(s, names, d.In, d.NotIn)
		c.out = append(c.out, *d)
	}
}

// contents compares what things are made of, by their names.
func (c *comparison) contents(kind Kind, of func(p *Program) map[string]string) {
	names := map[string]bool{}
	all := map[*Program]map[string]string{}
	for _, p := range c.programs {
		all[p] = of(p)
		for name := range all[p] {
			names[name] = true
		}
	}
	first := c.programs[0]
	for name := range names {
		in, not := split(c.programs, func(p *Program) bool { return all[p][name] == all[first][name] })
		if len(not) == 0 {
			continue
		}
		var details []string
		for _, p := range c.programs {
			details = append(details, p.GOARCH+": "+cmp.Or(all[p][name], "nothing"))
		}
		d := Difference{Kind: kind, Subject: name, In: in, NotIn: not, Detail: strings.Join(details, "; ")}
		if kind == BuildInfo {
			d.Rule, d.Reason = explainSetting(name)
		}
		c.out = append(c.out, d)
	}
}

// data compares data of one name: each content must be there as often everywhere.
func (c *comparison) data() {
	names := map[string]bool{}
	for _, p := range c.programs {
		if !p.Symbols {
			return
		}
		for name := range p.data {
			names[name] = true
		}
	}
	first := c.programs[0]
	for name := range names {
		same := func(p *Program) bool { return slices.Equal(missing(p, first, name), missing(first, p, name)) }
		in, not := split(c.programs, same)
		if len(not) == 0 {
			continue
		}
		var details []string
		for _, p := range c.programs {
			odd := missing(p, first, name)
			if p == first {
				i := slices.IndexFunc(c.programs, func(p *Program) bool { return !same(p) })
				odd = missing(first, c.programs[i], name)
			}
			details = append(details, p.GOARCH+": "+cmp.Or(clip(strings.Join(odd, ", ")), "nothing"))
		}
		d := Difference{Kind: Data, Subject: name, In: in, NotIn: not, Detail: strings.Join(details, "; ")}
		if d.Rule, d.Reason = c.explainTemps(name); d.Rule == "" {
			d.Rule, d.Reason = c.explainData(name)
		}
		c.out = append(c.out, d)
	}
}

// missing returns the contents of p's data of that name that q's lack, without the
// name of the architecture, sorted.
func missing(p, q *Program, name string) []string {
	left := map[string]int{}
	for _, content := range q.data[name] {
		left[content]++
	}
	var out []string
	for _, content := range p.data[name] {
		if left[content]--; left[content] < 0 {
			out = append(out, cmp.Or(p.neutral[content], content))
		}
	}
	slices.Sort(out)
	return out
}

// buildFacts lists the build information by name.
func buildFacts(b *debug.BuildInfo) map[string]string {
	out := map[string]string{"path": b.Path}
	module := func(kind string, m *debug.Module) {
		out[kind+" "+m.Path] = strings.TrimSpace(m.Version + " " + m.Sum)
		if r := m.Replace; r != nil {
			out[kind+" "+m.Path] += " => " + strings.TrimSpace(r.Path+" "+r.Version+" "+r.Sum)
		}
	}
	if b.Main.Path != "" {
		module("mod", &b.Main)
	}
	for _, m := range b.Deps {
		module("dep", m)
	}
	for _, s := range b.Settings {
		out["build "+s.Key] = s.Value
	}
	return out
}

func (c *comparison) relocations() {
	classes := map[string]bool{}
	for _, p := range c.programs {
		for class := range p.relocs {
			classes[class] = true
		}
	}
	for class := range classes {
		in, not := split(c.programs, func(p *Program) bool { return p.relocs[class] > 0 })
		var counts []string
		equal := true
		for _, p := range c.programs {
			counts = append(counts, fmt.Sprintf("%s: %d", p.GOARCH, p.relocs[class]))
			equal = equal && p.relocs[class] == c.programs[0].relocs[class]
		}
		d := Difference{Kind: Relocations, Subject: class, In: in, NotIn: not, Detail: strings.Join(counts, "; ")}
		switch {
		case equal:
			continue
		case len(not) == 0:
			d.Rule, d.Reason = "count", "functions, types and variables of the standard library that depend on the architecture"
		}
		c.out = append(c.out, d)
	}
}

// Odd returns the architectures of the programs that differ from most others: those
// that have what is different, or those that lack it, whichever are fewer.
func (d *Difference) Odd() []string {
	if len(d.In) <= len(d.NotIn) {
		return d.In
	}
	return d.NotIn
}

// String says where the difference is, and what was found.
func (d *Difference) String() string {
	where := strings.Join(d.In, " and ") + " only"
	switch d.Kind {
	case BuildInfo, Data, Embedded, Sections:
		where = "not the same"
	}
	if d.Detail == "" {
		return where
	}
	return where + "; " + d.Detail
}
