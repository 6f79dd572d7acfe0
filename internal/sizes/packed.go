package sizes

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack"
)

// packedSection is the section that holds what a packed program unpacks.
const packedSection = ".packed"

// A piece is a run of bytes of the original in its memory.
type piece struct {
	addr, size uint64
	claim      *claim
}

// packed shares the payload of a packed program out: what the packed form of each function and variable takes.
func (b *breaker) packed() error {
	payload, err := pack.Open(b.f)
	if err != nil {
		return err
	}
	defer payload.Close()
	original := payload.Original
	o := &breaker{f: original, named: b.named}
	if b.named == b.f {
		o.named = original
		b.modules = readModules(original)
	}
	if err := o.claimAll(); err != nil {
		return err
	}
	o.tableParts()
	var pieces []piece
	sweep(o.claims, uint64(len(original.Data)), func(c *claim, at, n uint64) {
		if addr, ok := addressOf(original, at); ok {
			pieces = append(pieces, piece{addr, n, c})
		}
	})
	slices.SortFunc(pieces, func(x, y piece) int { return cmp.Compare(x.addr, y.addr) })
	var starts []uint64
	for _, p := range pieces {
		starts = append(starts, p.addr)
	}
	bytes, err := payload.Spread(starts)
	if err != nil {
		return err
	}
	whole := Item{Section: packedSection, Type: TypeConstants}
	left := b.items[""][whole]
	for i, p := range pieces {
		item := p.claim.item
		item.Name, item.Section = cmp.Or(item.Name, item.Section), packedSection
		if bytes[i] > left {
			return fmt.Errorf("%s: section %s: its parts have more bytes than the section", b.f.Name, packedSection)
		}
		b.put(p.claim.pkg, item, bytes[i])
		left -= bytes[i]
	}
	delete(b.items[""], whole)
	b.put("", Item{Name: "lists for unpacking", Section: packedSection, Type: TypePacked}, left)
	return nil
}

// addressOf returns where the byte at an offset of f is in memory.
func addressOf(f *goelf.File, off uint64) (addr uint64, ok bool) {
	for _, p := range f.Progs {
		if elf.ProgType(p.Type) == elf.PT_LOAD && off >= p.Off && off-p.Off < p.Filesz {
			return p.Vaddr + off - p.Off, true
		}
	}
	return 0, false
}

// tableParts claims the tables in .gopclntab one by one. What uses a byte in them cannot be told of the packed form.
func (b *breaker) tableParts() {
	s := b.f.Section(goabi.PCLnTab)
	table, err := gobin.ReadFuncTable(b.f)
	if s == nil || err != nil || s.Size < goabi.PCHeaderSize {
		return
	}
	header, err := b.f.Bytes(table.Addr, goabi.PCHeaderSize)
	if err != nil {
		return
	}
	for i, name := range []string{"function names", "units of file names", "file names", "pcvalue tables", "functab and _func"} {
		if off := binary.LittleEndian.Uint64(header[goabi.PCHeaderFuncNames+8*i:]); off < s.Size {
			b.claim(levelRegion, s.Off+off, s.Size-off, "", Item{Name: name, Section: s.Str, Type: TypeTables})
		}
	}
}
