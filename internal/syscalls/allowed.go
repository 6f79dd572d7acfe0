package syscalls

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// An Allowed is a list of system calls that a program may make, for reading and for
// keeping next to its sources. A line is empty, a comment after #, or one of
//
//	read                      a call
//	arch_prctl amd64          a call, on these machines only
//	dynamic example.com/x.F   a function where the number cannot be told; the list is to
//	                          name what it calls
type Allowed struct {
	Calls   map[string][]string // machines by call; none means all
	Dynamic map[string]bool     // functions
}

// ParseAllowed reads a list. Errors name the line; the caller adds the file.
func ParseAllowed(text string) (*Allowed, error) {
	a := &Allowed{map[string][]string{}, map[string]bool{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if fields[0] == "dynamic" {
			// Names of functions can hold spaces, such as those of generic types.
			name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "dynamic"))
			if name == "" {
				return nil, fmt.Errorf("line %d: \"dynamic\" wants the name of a function after it", number)
			}
			a.Dynamic[name] = true
			continue
		}
		name, machines := fields[0], fields[1:]
		for _, m := range machines {
			if _, ok := Tables[m]; !ok {
				return nil, fmt.Errorf("line %d: %q is no machine, want one of %v", number, m, slices.Sorted(maps.Keys(Tables)))
			}
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(Tables)), func(t Table) bool { _, ok := t.Number(name); return ok }) {
			return nil, fmt.Errorf("line %d: there is no system call %q", number, name)
		}
		if old, ok := a.Calls[name]; ok && (len(old) == 0 || len(machines) == 0) {
			machines = nil
		} else {
			machines = append(old, machines...)
		}
		a.Calls[name] = machines
	}
	return a, nil
}

// names returns the calls that a allows on a machine and that exist there.
func (a *Allowed) names(goarch string) []string {
	var out []string
	for name, machines := range a.Calls {
		if _, exists := Tables[goarch].Number(name); exists && (len(machines) == 0 || slices.Contains(machines, goarch)) {
			out = append(out, name)
		}
	}
	return out
}

// A Difference is what a report holds beyond a list, and the other way round.
type Difference struct {
	Calls   []Call    // made but not allowed
	Dynamic []Dynamic // in functions that the list does not accept
	// Unused are calls that the list allows on this machine and the program cannot make. There
	// are none when the report has dynamic sites.
	Unused []string
}

// Compare compares r with a.
func (a *Allowed) Compare(r *Report) Difference {
	var d Difference
	unused := map[string]bool{}
	for _, name := range a.names(r.GOARCH) {
		unused[name] = true
	}
	for _, c := range r.Calls {
		if !unused[c.Name] {
			d.Calls = append(d.Calls, c)
		}
	}
	for _, c := range r.Calls {
		delete(unused, c.Name)
	}
	for _, s := range r.Dynamic {
		if !a.Dynamic[s.Function] {
			d.Dynamic = append(d.Dynamic, s)
		}
	}
	if len(r.Dynamic) == 0 {
		d.Unused = slices.Sorted(maps.Keys(unused))
	}
	return d
}
