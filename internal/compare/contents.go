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

// # Contents
//
// What programs are made of besides code: strings, data, files, sections, build information and relocations.

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
		same := func(p *Program) bool { return slices.Equal(missing(p, first, name)) }
		in, not := split(c.programs, same)
		if len(not) == 0 {
			continue
		}
		var details []string
		for _, p := range c.programs {
			odd, _ := missing(p, first, name)
			if p == first {
				i := slices.IndexFunc(c.programs, func(p *Program) bool { return !same(p) })
				odd, _ = missing(first, c.programs[i], name)
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

// missing returns the contents of p's data of that name that q's lack, and the other way round, without the
// name of the architecture, sorted.
func missing(p, q *Program, name string) (inP, inQ []string) {
	left := map[string]int{}
	for _, d := range q.data[name] {
		left[d.content]++
	}
	var oddP, oddQ []datum
	for _, d := range p.data[name] {
		if left[d.content]--; left[d.content] < 0 {
			oddP = append(oddP, d)
		}
	}
	for _, d := range q.data[name] {
		if left[d.content]--; left[d.content] >= 0 {
			oddQ = append(oddQ, d)
		}
	}
	for _, d := range oddP {
		if i := slices.IndexFunc(oddQ, func(o datum) bool { return d.unclear.same(o.unclear) }); i >= 0 {
			oddQ = slices.Delete(oddQ, i, i+1)
			continue
		}
		inP = append(inP, cmp.Or(p.neutral[d.content], d.content))
	}
	for _, d := range oddQ {
		inQ = append(inQ, cmp.Or(q.neutral[d.content], d.content))
	}
	slices.Sort(inP)
	slices.Sort(inQ)
	return inP, inQ
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
