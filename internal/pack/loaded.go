package pack

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// # What runs is what is unpacked
//
// A packed file says twice what is in it: by its note, from which Unpack reads, and by the code that starts, which unpacks
// what the kernel has mapped. Somebody who edits the file can let the two differ. So Unpack
// asks that the code is this release's unpacker, that it has the addresses of the payload that the note names, that the kernel maps
// that payload there, and that the unpacked file's segments are the image which the unpacker makes of it, and all of it.

// IsPacked reports whether f looks like a packed file: by its note, or by the code that it starts with.
func IsPacked(f *goelf.File) bool {
	notes, err := f.Notes()
	if err == nil && slices.ContainsFunc(notes, func(n goelf.Note) bool { return n.Name == noteName && n.Type == noteType }) {
		return true
	}
	a, err := archOf(f)
	if err != nil {
		return false
	}
	code, err := f.Bytes(f.Header.Entry, uint64(len(a.Unpacker.Code)))
	return err == nil && a.Is(a.Unpacker, code)
}

// checkLoaded checks that the program unpacks the payload of the note n.
func checkLoaded(f *goelf.File, n *packNote) error {
	a, err := archOf(f)
	if err != nil {
		return err
	}
	entry := f.Header.Entry
	code, err := f.Bytes(entry, uint64(len(a.Unpacker.Code)))
	if err != nil || !a.Is(a.Unpacker, code) {
		return fmt.Errorf("%s: the code at the entry point %#x is not this release's unpacker: use the elfstrip that packed it", f.Name, entry)
	}
	mapped := false
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || n.Header < p.Off || n.End < n.Header || n.End-p.Off > p.Filesz {
			continue
		}
		start := p.Vaddr + (n.Header - p.Off)
		end := start + (n.End - n.Header)
		want, err := link.Place(a, a.Unpacker, entry, func(name string) (uint64, bool) {
			addr, ok := map[string]uint64{"_start": entry, "__pack_header": start, "__pack_end": end}[name]
			return addr, ok
		})
		if err != nil || !bytes.Equal(code, want) {
			continue
		}
		// The kernel maps whole pages, the later segment over the earlier one.
		for j := range f.Progs {
			o := &f.Progs[j]
			const page = minPage // the segments that Pack makes are farther apart
			if j != i && elf.ProgType(o.Type) == elf.PT_LOAD && o.Memsz > 0 &&
				o.Vaddr&^(page-1) < end && start < goelf.AlignUp(o.Vaddr+o.Memsz, page) {
				return fmt.Errorf("%s: program header [index %d] shares a page with the packed part at %#x to %#x: the file is damaged, get it again", f.Name, j, start, end)
			}
		}
		mapped = true
	}
	if !mapped {
		return fmt.Errorf("%s: the code at the entry point %#x does not unpack what the note of the packed file names (file offsets %#x to %#x): another program would run than the one that is read; get the file again",
			f.Name, entry, n.Header, n.End)
	}
	return nil
}

// checkImage checks that what the unpacker makes of the header h and the image is the original: that it has these ranges of the image
// as its segments.
func checkImage(f, original *goelf.File, image []byte, ranges []fileRange, h *unpacker.Header) error {
	differs := func(what string) error {
		return fmt.Errorf("%s: the unpacked file is not what the program unpacks into memory: %s: another program would run than the one that is read; get the file again", f.Name, what)
	}
	a, err := archOf(original)
	if err != nil {
		return err
	}
	m, err := newImage(original, a)
	if err != nil {
		return err
	}
	want := m.header()
	want.Sum, want.DataSum, want.Half, want.NFilters, want.NBlocks = h.Sum, h.DataSum, h.Half, h.NFilters, h.NBlocks
	switch {
	case original.Header.Machine != f.Header.Machine:
		return differs("it is for another machine")
	case *h != want:
		return differs(fmt.Sprintf("the unpacker's header says %+v, want %+v", *h, want))
	case !slices.Equal(ranges, m.ranges) || !zeroBetween(image, ranges):
		return differs("the bytes of its segments")
	}
	for i, s := range h.Segments() {
		if s != m.segments[i] {
			return differs(fmt.Sprintf("segment %d is %+v in memory, want %+v", i, s, m.segments[i]))
		}
	}
	return nil
}

// zeroBetween reports whether the image is zero where none of the ranges is. Ranges of a program do not overlap.
func zeroBetween(image []byte, ranges []fileRange) bool {
	end := uint64(0)
	for _, r := range slices.SortedFunc(slices.Values(ranges), func(a, b fileRange) int { return cmp.Compare(a.Image, b.Image) }) {
		if slices.ContainsFunc(image[end:r.Image], func(b byte) bool { return b != 0 }) {
			return false
		}
		end = r.Image + r.Size
	}
	return end == uint64(len(image))
}
