package compare

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// linkerSections are the sections that linkers fill besides those of Go's (package goabi): what is in them is compared
// in other ways, or depends on the architecture by nature.
var linkerSections = map[string]bool{
	".itab": true, ".tdata": true, ".got": true, ".got.plt": true,
	".symtab": true, ".strtab": true, ".shstrtab": true, ".dynamic": true, ".dynsym": true, ".dynstr": true, ".hash": true,
	".gnu.hash": true, ".relr.dyn": true, ".rela.dyn": true, ".rela": true, ".interp": true, ".eh_frame": true, ".eh_frame_hdr": true,
	".note.gnu.build-id": true, ".riscv.attributes": true, ".relro_padding": true,
	".gnu_debuglink": true, ".comment": true, ".gnu.version": true, ".gnu.version_r": true,
}

// readSections reads what somebody put into the program besides Go's own.
func (r *reader) readSections() error {
	for i := range r.f.Sections {
		s := &r.f.Sections[i]
		if elf.SectionType(s.Type) == elf.SHT_NULL || goabi.SectionNamed(s.Str) != nil || linkerSections[s.Str] ||
			strings.HasPrefix(s.Str, ".debug_") || strings.HasPrefix(s.Str, ".zdebug_") || strings.HasPrefix(s.Str, ".data.rel.ro.") {
			continue
		}
		b, err := r.f.SectionData(s)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		r.sections[strings.Clone(s.Str)] = fmt.Sprintf("type %v, flags %v, %d bytes, sha256:%s", elf.SectionType(s.Type), elf.SectionFlag(s.Flags), s.Size, hex.EncodeToString(sum[:]))
	}
	return nil
}

// # Relocations
//
// A relocation is told by its kind, by the part of the program that it changes and
// by the part that it points to. The kind of those that only add the load
// address is "relative": R_X86_64_RELATIVE, R_AARCH64_RELATIVE, R_RISCV_RELATIVE, and
// all in a RELR table (gABI 5). Programs for different architectures have not the same
// number of them; a class that only one of them has is a difference.

func (r *reader) readRelocations() error {
	return r.f.Relocations(func(l goelf.Relocation) error {
		kind := "relative"
		if !l.Relative {
			kind = "other" // policy rule pie-relocations tells more
		}
		r.relocated[l.Site] = true
		r.relocs[kind+": "+r.sectionAt(l.Site)+" -> "+r.sectionAt(l.Addend)]++
		return nil
	})
}

// sectionAt names the section of an address; the address after the last byte of
// one belongs to it, too.
func (r *reader) sectionAt(addr uint64) string {
	if s := r.sectionOf(addr); s != nil {
		return s.Str
	}
	return "no section"
}

func (r *reader) sectionOf(addr uint64) *goelf.Section {
	var before *goelf.Section
	for i := range r.f.Sections {
		s := &r.f.Sections[i]
		if elf.SectionFlag(s.Flags)&(elf.SHF_ALLOC|elf.SHF_TLS) != elf.SHF_ALLOC || addr < s.Addr || addr > s.Addr+s.Size {
			continue
		}
		if addr < s.Addr+s.Size {
			return s
		}
		before = s
	}
	return before
}
