package goabi

import (
	"slices"
	"strings"
	"testing"
)

func TestFor(t *testing.T) {
	for release, want := range map[string]string{
		"go1.26.0": "go1.26", "go1.26.8": "go1.26", "go1.26.99": "go1.26", "go1.26": "go1.26", "go1.26.8 X:nodwarf5": "go1.26",
		"go1.27rc1": "go1.27", "go1.27.4": "go1.27", "devel go1.27-c11f6c4929 Thu Jan 1": "go1.27", "go1.27.1-vendor": "go1.27",
		"go1.20.14": "go1.20", "go1.25.14": "go1.25",
	} {
		if s, err := For(release); err != nil || s.Name != want {
			t.Errorf("For(%q): %v, %v; want %s", release, s, err, want)
		}
	}
	for _, release := range []string{"", "go1.19.13", "go1.28.0", "go1.99", "go2.0", "devel", "devel +c11f6c4929", "1.26.8", "golang"} {
		if s, err := For(release); err == nil || !IsUnknown(err) {
			t.Errorf("For(%q): %v, %v; want an error", release, s, err)
		}
	}
}

func TestLinked(t *testing.T) {
	for _, tt := range []struct {
		release string
		series  string // "" for none, whatever Unverified says
		refused string // what the refusal, and the problem, says; "" for none
	}{
		{"go1.26.0", "go1.26", ""},
		{"go1.26.11", "go1.26", ""},
		{"go1.27.4", "go1.27", ""},
		{"go1.27.40", "go1.27", ""},
		{"go1.27.4-vendor", "go1.27", ""},
		{"go1.26", "go1.26", "it is no release"},
		{"go1.27rc2", "go1.27", "it is no release"},
		{"go1.26.8 X:jsonv2", "go1.26", "GOEXPERIMENT"},
		{"go1.26.8-X:nodwarf5,jsonv2", "go1.26", "GOEXPERIMENT"},
		{"devel go1.27-c11f6c4929", "go1.27", "it is no release"},
		{"go1.28.0", "go1.27", "its formats are not known"},
		{"devel go1.28-c11f6c4929", "go1.27", "its formats are not known"},
		{"go1.25.14", "", "are read, not linked"},
		{"go1.19.1", "", "its formats are not known"},
		{"", "", "its formats are not known"},
		{"go1.26.8\n", "go1.26", ""}, // no name of a release
	} {
		s, problem, err := Linked(tt.release, Refuse)
		if problem != nil || (err == nil) != (s != nil) {
			t.Errorf("Linked(%q, refuse): %v, %v, %v", tt.release, s, problem, err)
		}
		if tt.release == "go1.26.8\n" {
			if err == nil {
				t.Errorf("Linked(%q, refuse): no error", tt.release)
			}
			continue
		}
		if (err != nil) != (tt.refused != "") || err != nil && !strings.Contains(err.Error(), tt.refused) {
			t.Errorf("Linked(%q, refuse): error %v, want %q", tt.release, err, tt.refused)
		}
		s, problem, err = Linked(tt.release, Warn)
		if tt.series == "" {
			if err == nil {
				t.Errorf("Linked(%q, warn): no error", tt.release)
			}
			continue
		}
		if err != nil || s.Name != tt.series || (problem != nil) != (tt.refused != "") {
			t.Errorf("Linked(%q, warn): %v, %v, %v; want %s", tt.release, s, problem, err, tt.series)
		}
	}
}

func TestUnverifiedFlag(t *testing.T) {
	u := Warn
	if err := u.Set("refuse"); err != nil || u != Refuse || u.String() != "refuse" {
		t.Errorf("refuse: %v, %v", u, err)
	}
	if err := u.Set("yes"); err == nil || !strings.Contains(err.Error(), "refuse") {
		t.Errorf("yes: %v", err)
	}
}

// The layouts hold together: members do not overlap and are inside, and what is written is in order.
func TestSeries(t *testing.T) {
	for _, s := range series {
		m := &s.Module
		type member struct{ off, size int }
		members := []member{{ModuleTypes, 8}, {m.TypesEnd, 8}, {m.ROData, 8}, {m.GoFunc, 8}, {m.PCLnTabEnd, 8}, {m.TextSects, 24},
			{m.TypeLinks, 24},
			{m.ItabLinks, 24}, {m.ItabOffset, 16}, {m.InitTasks, 24}}
		members = slices.DeleteFunc(members, func(x member) bool { return x.off == 0 })
		slices.SortFunc(members, func(a, b member) int { return a.off - b.off })
		for i, x := range members {
			if x.off%8 != 0 || i > 0 && members[i-1].off+members[i-1].size > x.off || m.Size != 0 && uint64(x.off+x.size) > m.Size {
				t.Errorf("%s: member at %d with %d bytes, after one at %d", s.Name, x.off, x.size, members[max(i, 1)-1].off)
			}
		}
		if s.Linked != (len(s.ExportData) > 0 && m.Size > 0) {
			t.Errorf("%s: linked %v, with export data %v and %d bytes of moduledata", s.Name, s.Linked, s.ExportData, m.Size)
		}
		var order []string
		for _, section := range s.Sections {
			if k := section.Kind; k == Data || k == BSS {
				order = append(order, section.Name)
			}
			if section.Kind.Flags() != 0 && section.Needed == "" {
				t.Errorf("%s: section %s: nothing says what needs it", s.Name, section.Name)
			}
		}
		if want := []string{".noptrdata", ".data", ".bss", ".noptrbss"}; !slices.Equal(order[len(order)-4:], want) {
			t.Errorf("%s: data in the order %q, want %q at its end", s.Name, order, want)
		}
	}
	for _, name := range []string{".go.type", ".data.rel.ro.typelink", ".gosymtab", ModuleInfo} {
		if !slices.ContainsFunc(AllSections(), func(s Section) bool { return s.Name == name }) || SectionNamed(name) == nil {
			t.Errorf("section %s is not known", name)
		}
	}
	if s := SectionNamed(".evil"); s != nil {
		t.Errorf("section .evil is %v", s)
	}
}

func TestWithoutExperiments(t *testing.T) {
	for release, want := range map[string]string{
		"go1.26.8": "go1.26.8", "go1.26.8-X:nodwarf5": "go1.26.8", "go1.26.8 X:a,b": "go1.26.8", "go1.26.8-vendor-X:a": "go1.26.8-vendor", "go1.27.1-custom": "go1.27.1-custom", "": "",
	} {
		if got := WithoutExperiments(release); got != want {
			t.Errorf("%q: %q, want %q", release, got, want)
		}
	}
}
