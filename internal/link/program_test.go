package link

import (
	"strings"
	"testing"
)

// A program in memory is held to the bounds of objects.
func TestLinkProgramBounds(t *testing.T) {
	for _, c := range []struct {
		name    string
		section ProgramSection
		want    string
	}{
		{"alignment", ProgramSection{Name: ".rodata", Align: 2 * maxAlign}, ".rodata has size 0x0 and alignment 0x2000"},
		{"size", ProgramSection{Name: ".bss", Align: 1, Size: maxSize + 1}, ".bss has size 0x10000000001 and alignment 0x1"},
		{"name", ProgramSection{Name: ".other"}, ".other: unknown to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &Program{GOARCH: "amd64", GoVersion: "go1.26.8", Sections: []ProgramSection{{Name: ".text", Align: 16}, c.section}}
			if _, err := LinkProgram("program", p, Options{StripSymbols: true}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
