package policy

// # Packed programs
//
// A packed program (internal/pack) is two programs: the unpacker, which the kernel
// starts, and the original, which is compressed in the file. The profile packed
// judges both. Rules about what the kernel and other tools see are judged on the
// packed file, rules about Go and about how the program runs on the original, which is
// unpacked for that; rules about both on both. A finding in the original has
// "unpacked: " before its subject.
//
// Without unpacking it is proven that the code which starts is this release's
// unpacker, byte by byte, and that it unpacks the payload that the file shows.
// Unpacking proves that the payload is whole: it has the SHA-256 that the file
// carries. That the copies of build information and notes are the original's is
// compared.

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/pack"
)

// Rules that the profile packed judges on the packed file, and those of them that it
// judges on the original, too. All others are judged on the original.
var (
	packedRules = []string{"packed-unpacker", "packed-original"}
	outsideOnly = append([]string{"size-budget", "pie-dynamic", "signature", "syscalls-allowed"}, packedRules...)
	bothSides   = []string{
		"sound-elf", "machine", "entry-in-text", "page-alignment", "nx-stack", "no-wx-segment",
		"no-interpreter", "no-needed", "no-rpath", "no-symbol-versions", "no-text-relocations", "no-forbidden-string", "go-build-info",
	}
)

// NotUnpacked is the detail of the finding of each rule that would have judged the program in a packed file.
const NotUnpacked = "the program cannot be unpacked, so it cannot be judged; packed-original says why"

// judgePacked judges rule on a packed file and the program in it.
func (p *Policy) judgePacked(report *FileReport, rule *Rule, in *Input) {
	in.packed = true
	outside := slices.Contains(outsideOnly, rule.ID)
	both := slices.Contains(bothSides, rule.ID)
	if outside {
		p.evaluate(report, rule, in)
		return
	}
	var outer []Finding
	if both {
		outer = rule.Check(in)
	}
	original, err := in.original()
	if err != nil {
		p.Judge(report, rule, append(outer, Finding{"payload", NotUnpacked}))
		return
	}
	if rule.NotApplicable != nil {
		if note := rule.NotApplicable(original); note != "" {
			p.skip(report, rule, note)
			return
		}
	}
	for _, f := range rule.Check(original) {
		f.Subject = "unpacked: " + f.Subject
		outer = append(outer, f)
	}
	p.Judge(report, rule, outer)
	if rule.Note != nil {
		report.Rules[len(report.Rules)-1].Note = rule.Note(original)
	}
}

// unpack returns the program in a packed file, which Input.close closes.
func unpack(in *Input) (*Input, error) {
	f, err := pack.Unpack(in.File)
	if err != nil {
		return nil, err
	}
	in.unpacked, f.LaterGo = f, in.File.LaterGo
	out := NewInput(f)
	out.Settings = in.Settings
	return out, nil
}

var packedUnpacker = Rule{
	ID:       "packed-unpacker",
	What:     "The packed file begins with this release's unpacker, which unpacks the payload that the file shows.",
	Why:      "The code that starts a packed program can do anything before and after it unpacks; this says what it is.",
	Evidence: "The code at the entry point, byte by byte, with the addresses of the payload filled in; section .packed.",
	Remedy:   "Pack with the elfstrip of the same release, and change nothing afterwards.",
	Ref:      "docs/packing.md; internal/pack/unpacker",
	Severity: Error,
	Check: func(in *Input) []Finding {
		f, entry := in.File, in.File.Header.Entry
		a := all.Of(f.GOARCH())
		s := f.Section(".packed")
		if s == nil {
			return one("section .packed", "the file has no such section: it is not packed by elfstrip")
		}
		want, err := link.Place(a, a.Unpacker, entry, func(name string) (uint64, bool) {
			addr, ok := map[string]uint64{"_start": entry, "__pack_header": s.Addr, "__pack_end": s.Addr + s.Size}[name]
			return addr, ok
		})
		if err != nil {
			return one("e_entry", "the unpacker at %#x cannot reach the payload at %#x: %v", entry, s.Addr, err)
		}
		got, err := f.Bytes(entry, uint64(len(want)))
		if err != nil || !bytes.Equal(got, want) {
			return one("e_entry", "the code at the entry point %#x is not this release's unpacker for the section .packed at %#x", entry, s.Addr)
		}
		for _, g := range loads(f) {
			if g.has(elf.PF_X) && (entry != g.Vaddr || g.Filesz != uint64(len(want)) || g.Memsz != g.Filesz) {
				return one(segmentName(f.Progs, g.index), "it has %d executable bytes at %#x, want the %d of the unpacker alone", g.Memsz, g.Vaddr, len(want))
			}
		}
		return nil
	},
}

var packedOriginal = Rule{
	ID:       "packed-original",
	What:     "The packed file unpacks to the original that it names, for the same machine and of the same type, and what it shows of it is the same.",
	Why:      "Scanners and inventories read build information and notes of the packed file; what runs is the original.",
	Evidence: "The packed file's note with size and SHA-256 of the original; the payload, unpacked; e_machine, e_type, .go.buildinfo and notes of both.",
	Remedy:   "Pack again with elfstrip.",
	Ref:      "docs/packing.md",
	Severity: Error,
	Check: func(in *Input) []Finding {
		original, err := in.original()
		if err != nil {
			return one("payload", "%s", clip(in.reason(err)))
		}
		var out collector
		a, b := in.File, original.File
		if a.Header.Type != b.Header.Type || a.Header.Machine != b.Header.Machine {
			out.add("ELF header", "it says %v for %v, but the original is %v for %v", elf.Type(a.Header.Type), elf.Machine(a.Header.Machine), elf.Type(b.Header.Type), elf.Machine(b.Header.Machine))
		}
		switch info, err := in.buildInfo(); {
		case err != nil: // the rule go-build-info tells
		default:
			if want, err := original.buildInfo(); err != nil || info.String() != want.String() || info.GoVersion != want.GoVersion {
				out.add(goabi.BuildInfo, "it is not the original's")
			}
		}
		notes, err := a.Notes()
		wanted, err2 := b.Notes()
		if err != nil || err2 != nil {
			out.add("PT_NOTE", "the notes cannot be read")
			return out
		}
		for _, n := range wanted {
			same := func(o goelf.Note) bool { return o.Name == n.Name && o.Type == n.Type && bytes.Equal(o.Desc, n.Desc) }
			if !slices.ContainsFunc(notes, same) {
				out.add(fmt.Sprintf("note %s %#x", clip(n.Name), n.Type), "the original has it, the packed file has not")
			}
		}
		return out
	},
}
