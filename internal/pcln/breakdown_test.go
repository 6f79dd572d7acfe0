package pcln

import (
	"fmt"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// Each byte counts once, and what a tier drops has no bytes left.
func TestBreakdown(t *testing.T) {
	const functions = 6
	for _, machine := range smallMachines {
		original, err := goelf.Parse("small", smallProgram(machine, smallReleases[0]))
		if err != nil {
			t.Fatal(err)
		}
		for tier := Full; tier <= External; tier++ {
			t.Run(fmt.Sprint(machine, tier), func(t *testing.T) {
				program, _, err := Compact(original, tier, goabi.Refuse)
				if err != nil {
					t.Fatal(err)
				}
				f, err := goelf.Parse("compacted", program)
				if err != nil {
					t.Fatal(err)
				}
				parts, size := breakdownOf(t, f)
				sum := 0
				for _, n := range parts {
					sum += n
				}
				if sum != size {
					t.Errorf("the parts have %d bytes, the section %d: %v", sum, size, parts)
				}
				for name, n := range parts {
					lines := name == "pcfile: files" || name == "pcln: lines" || name == "arguments to print" || strings.HasSuffix(name, "files and units")
					if dropped := tier != Full; lines && dropped != (n == 0) {
						t.Errorf("%s: %d bytes", name, n)
					}
				}
			})
		}
		parts, _ := breakdownOf(t, original)
		for name, want := range map[string]int{
			"functab": functions*goabi.FuncTabEntry + 4, "_func: fixed words": functions * goabi.FuncSize, "_func: references to pcvalue tables": functions * goabi.NumPCData * 4,
			"_func: references to function data": functions * goabi.NumFuncData * 4, "header": goabi.PCHeaderSize, "inline trees": 2 * 2 * goabi.InlinedCall,
			"stack objects": 3 * 24, "defers": 3 * 2, "wrapped functions": 4,
		} {
			if parts[name] != want {
				t.Errorf("%v: %s: %d bytes, want %d", machine, name, parts[name], want)
			}
		}
	}
}

// breakdownOf returns the bytes of each part of the tables of f, and of their section.
func breakdownOf(t *testing.T, f *goelf.File) (parts map[string]int, size int) {
	t.Helper()
	table, err := Read(f, goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	list, err := table.Breakdown()
	if err != nil {
		t.Fatal(err)
	}
	parts = make(map[string]int)
	for _, p := range list {
		if _, ok := parts[p.Name]; ok {
			t.Errorf("two parts have the name %q", p.Name)
		}
		parts[p.Name] = p.Bytes
	}
	return parts, int(table.Section.Size)
}
