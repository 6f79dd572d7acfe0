package pack

import (
	"cmp"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

const (
	protExec = 4

	minPage = 4096
	maxSpan = 1 << 31 // bytes of an image
	// A last part of a huge page that is larger is worth a whole one.
	hugeTail = 1 << 20
	splitMin = 512 << 10 // bytes to unpack that two threads unpack sooner than one
)

// An image is what a program's PT_LOAD segments are in memory.
type image struct {
	f    *goelf.File
	arch *arch.Arch

	page     uint64 // largest page size for which segments do not share a page
	size     uint64 // bytes in memory, from base, up to the last one that the file holds
	base     uint64 // link-time address
	span     uint64 // bytes in memory, from base
	segments []unpacker.Segment
	splitMin uint64 // so many bytes to unpack are worth a second thread

	ranges []fileRange // ascending by place in the file
}

// A fileRange is a part of the file that the image has.
type fileRange struct{ Off, Size, Image uint64 }

// rangeSize is how many bytes a fileRange has in the rest.
const rangeSize = 24

func newImage(f *goelf.File, a *arch.Arch) (*image, error) {
	m := &image{f: f, arch: a, page: a.PageSize, splitMin: maxSpan}
	for m.page > minPage && m.sharesPage() {
		m.page /= 2
	}
	first := true
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || p.Memsz == 0 {
			continue
		}
		if first {
			m.base = p.Vaddr &^ (m.page - 1)
			first = false
		}
		end := p.Vaddr + p.Memsz - m.base
		if end > maxSpan {
			return nil, fmt.Errorf("%s: program header [index %d]: the program takes %#x bytes of addresses up to there, more than the %#x that can be packed", f.Name, i, end, uint64(maxSpan))
		}
		start := p.Vaddr&^(m.page-1) - m.base
		if m.span > start {
			return nil, fmt.Errorf("%s: program header [index %d]: the segment at %#x shares a page of %#x bytes with the one before", f.Name, i, p.Vaddr, m.page)
		}
		m.span = end
		m.segments = append(m.segments, unpacker.Segment{Start: start, Prot: protection(elf.ProgFlag(p.Flags))})
		if p.Filesz == 0 {
			continue
		}
		at := p.Vaddr - m.base
		m.size = at + p.Filesz
		m.ranges = append(m.ranges, fileRange{p.Off, p.Filesz, at})
	}
	if len(m.ranges) == 0 {
		return nil, fmt.Errorf("%s: no PT_LOAD segment has contents", f.Name)
	}
	// A Go program has threads anyway; others may not be allowed to.
	if _, err := gobin.ReadFuncTable(f); err == nil {
		m.splitMin = splitMin
	}
	return m, m.sortRanges()
}

// sortRanges orders the ranges by their place in the file. No byte of it is in two.
func (m *image) sortRanges() error {
	slices.SortFunc(m.ranges, func(a, b fileRange) int { return cmp.Compare(a.Off, b.Off) })
	end := uint64(0)
	for _, r := range m.ranges {
		if r.Off < end {
			return fmt.Errorf("%s: the segment at file offset %#x begins before the end of another, %#x", m.f.Name, r.Off, end)
		}
		end = r.Off + r.Size
	}
	return nil
}

// bytes returns the image up to the last byte that the file holds.
func (m *image) bytes() []byte {
	out := make([]byte, m.size)
	for _, r := range m.ranges {
		copy(out[r.Image:], m.f.Data[r.Off:r.Off+r.Size])
	}
	return out
}

// sharesPage reports whether a page has parts of two segments.
func (m *image) sharesPage() bool {
	var end uint64
	for i := range m.f.Progs {
		p := &m.f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || p.Memsz == 0 {
			continue
		}
		if p.Vaddr&^(m.page-1) < end {
			return true
		}
		end = p.Vaddr + p.Memsz
	}
	return false
}

// entry returns where the program continues when it is unpacked: after golink's code for
// huge pages, since the image has them.
func (m *image) entry() uint64 {
	entry, stub := m.f.Header.Entry, m.arch.EntryPIEHuge()
	if code, err := m.f.Bytes(entry, uint64(len(stub.Code))); err == nil && m.arch.Is(stub, code) {
		entry += uint64(len(m.arch.EntryHuge.Code))
	}
	return entry
}

// protection returns what mprotect calls the flags of a segment.
func protection(flags elf.ProgFlag) (prot uint64) {
	for flag, p := range map[elf.ProgFlag]uint64{elf.PF_R: 1, elf.PF_W: 2, elf.PF_X: 4} {
		if flags&flag != 0 {
			prot |= p
		}
	}
	return prot
}

// header returns the unpacker's header without what depends on the payload.
func (m *image) header() unpacker.Header {
	h := unpacker.Header{
		Base:      m.base,
		Image:     m.size,
		Span:      m.span,
		Page:      m.page,
		Entry:     m.entry(),
		NSegments: uint64(len(m.segments)),
	}
	if elf.Type(m.f.Header.Type) == elf.ET_EXEC {
		h.Fixed = 1
	}
	h.Room = goelf.AlignUp(h.Span, m.page)
	if tail := h.Room % unpacker.HugePage; tail > hugeTail {
		h.Room = goelf.AlignUp(h.Room, unpacker.HugePage)
	}
	if h.Room >= unpacker.HugePage {
		h.Huge = 1
	}
	for _, r := range m.ranges {
		if table := m.f.Header.Phoff; table >= r.Off && table-r.Off < r.Size {
			h.Progs, h.NProgs = m.base+r.Image+table-r.Off, uint64(len(m.f.Progs))
		}
	}
	return h
}

// rangesAndRest returns what Unpack needs besides the image: the number of ranges, the
// ranges, and the rest, which is what is in the file and in none of them.
func (m *image) rangesAndRest() []byte {
	b := le.AppendUint64(nil, uint64(len(m.ranges)))
	for _, r := range m.ranges {
		b = le.AppendUint64(le.AppendUint64(le.AppendUint64(b, r.Off), r.Size), r.Image)
	}
	end := uint64(0)
	for _, r := range m.ranges {
		b = append(b, m.f.Data[end:r.Off]...)
		end = r.Off + r.Size
	}
	return append(b, m.f.Data[end:]...)
}

// note returns the note's contents, without the offsets in the file.
func (m *image) note() packNote {
	return packNote{Version: noteVersion, Size: uint64(len(m.f.Data)), SHA256: sha256.Sum256(m.f.Data)}
}
