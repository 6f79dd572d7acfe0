package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// testProfiles compares profiles of the symbolized variants with those of the
// program at path.
func testProfiles(t *testing.T, goarch, path, side string, variants []variant) {
	for _, kind := range []struct {
		name   string
		stacks func(*profile.Profile) []string
		want   string // is in the stacks
	}{
		{"goroutine", allStacks, "main.waiter"},
		{"heap", heapStacks, "main.keep"},
		{"cpu", busyStacks, "main.turn"},
	} {
		data, _ := start(t, goarch, path, kind.name)
		want := kind.stacks(parse(t, data))
		if !strings.Contains(strings.Join(want, "\n"), kind.want) {
			t.Errorf("%s: no %s in\n%s", kind.name, kind.want, strings.Join(want, "\n"))
		}
		for _, v := range variants {
			if !v.symbolized {
				continue
			}
			data, _ := start(t, goarch, v.path, kind.name)
			if got := kind.stacks(parse(t, symbolized(t, side, data))); !slices.Equal(got, want) {
				t.Errorf("%s, profile %s:\n%s\nwant:\n%s", v.name, kind.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

func parse(t *testing.T, data string) *profile.Profile {
	p, err := profile.ParseData([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// allStacks returns the samples of a profile with their values, in order.
func allStacks(p *profile.Profile) []string {
	var list []string
	for _, s := range p.Sample {
		list = append(list, fmt.Sprint(s.Value)+stack(s, true))
	}
	slices.Sort(list)
	return list
}

// heapStacks returns where the program itself has allocated. How often maps grow is
// chance.
func heapStacks(p *profile.Profile) []string {
	return chosenStacks(p, true, func(stack string) (string, bool) { return stack, strings.Contains(stack, "main.allocate") })
}

// busyStacks returns the functions that called the one which is busy. How often
// and at which of its lines a profile finds it, or what interrupts it, is chance.
func busyStacks(p *profile.Profile) []string {
	return chosenStacks(p, false, func(stack string) (string, bool) {
		const busy = "main.turn"
		_, callers, ok := strings.Cut(stack, busy)
		return busy + callers, ok
	})
}

// chosenStacks returns the different stacks of which choose returns true.
func chosenStacks(p *profile.Profile, lines bool, choose func(string) (string, bool)) []string {
	var list []string
	for _, s := range p.Sample {
		if text, ok := choose(stack(s, lines)); ok {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func stack(s *profile.Sample, lines bool) (text string) {
	for _, l := range s.Location {
		for _, line := range l.Line {
			text += fmt.Sprintf(" %s %s", line.Function.Name, line.Function.Filename)
			if lines || line.Line == 0 {
				text += fmt.Sprintf(":%d", line.Line)
			}
		}
	}
	return text
}
