package pack

import (
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"unsafe"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
	"github.com/go3s/rules_go3s/internal/scratch"
)

// lz4Ratio is what an LZ4 block decodes to at most: a byte of a length stands for 255.
// goRatio is more than Go programs shrink: to a half or a third, with tables of text in them to a fifth.
const (
	lz4Ratio = 256
	goRatio  = 8
	freeSize = 8 << 20 // bytes for which goRatio does not count
)

// maxUnpacked returns how many bytes a packed file of n bytes unpacks to at most: who reads a file needs memory
// in proportion to it, whatever it says of itself.
func maxUnpacked(n uint64) uint64 { return min(lz4Ratio*n, freeSize+goRatio*n) }

// minPacked returns how many bytes a packed file has at least that unpacks to total bytes. [Pack] pads what is smaller.
func minPacked(total uint64) uint64 {
	return max((total+lz4Ratio-1)/lz4Ratio, (max(total, freeSize)-freeSize+goRatio-1)/goRatio)
}

// # Memory
//
// What a file unpacks to may be much more than the file: what Unpack decodes, and the original that it returns, are in temporary files
// without a name (package scratch), not in memory of the process' own, and pages that it is done with leave the process meanwhile.

// Unpack returns the original of the packed file f, the same bytes that Pack got. The caller closes it.
// It fails when f is not packed, when anything in it is damaged, and when the program that runs would be
// another one.
func Unpack(f *goelf.File) (*goelf.File, error) {
	n, err := findNote(f)
	if err != nil {
		return nil, err
	}
	if n == nil {
		return nil, fmt.Errorf("%s: is not packed: it has no note of the name %q and type %#x", f.Name, noteName, noteType)
	}
	if err := checkLoaded(f, n); err != nil {
		return nil, err
	}
	space := &scratch.Space{}
	defer space.Close()
	room := maxUnpacked(uint64(len(f.Data)))
	image, h, err := unpackImage(space, f, n, room)
	if err != nil {
		return nil, err
	}
	rest, err := unpackRest(space, f, n, room-h.Image)
	if err != nil {
		return nil, err
	}
	out, ranges, err := assemble(space, n.Size, image, rest)
	if err == nil && sha256.Sum256(out) != n.SHA256 {
		err = fmt.Errorf("it gives %d bytes with another SHA-256 than the original's", len(out))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: the file is damaged, get it again", f.Name, err)
	}
	original, err := space.Parse(f.Name, out)
	if err != nil {
		return nil, err
	}
	if err := checkImage(f, original, image, ranges, h); err != nil {
		original.Close()
		return nil, err
	}
	return original, nil
}

// unpackImage decodes the image of at most room bytes. It also returns the header of the unpacker.
func unpackImage(space *scratch.Space, f *goelf.File, n *packNote, room uint64) ([]byte, *unpacker.Header, error) {
	fail := func(what string) ([]byte, *unpacker.Header, error) {
		return nil, nil, fmt.Errorf("%s: offset %#x: %s: the file is damaged, get it again", f.Name, n.Header, what)
	}
	if n.Header > n.End || n.End > uint64(len(f.Data)) {
		return fail(fmt.Sprintf("the packed part ends at %#x, want it inside the file's %#x bytes", n.End, len(f.Data)))
	}
	packed := space.Bytes(n.End - n.Header) // a copy: what Check has approved nobody changes any more
	copy(packed, f.Data[n.Header:n.End])
	h := unpacker.Check(packed)
	if h == nil {
		return fail("the checksum or the header is wrong")
	}
	if h.Image > room {
		return fail(fmt.Sprintf("%d bytes are said to unpack to %d, want at most %d", len(packed), h.Image, room))
	}
	image := space.Bytes(h.Image)
	if len(image) == 0 || !unpacker.Unpack(h, unsafe.Pointer(unsafe.SliceData(image))) {
		return fail("the payload is not what the header says")
	}
	return image, h, nil
}

// restThere reports whether the section headers, or a segment, show the rest where the note says that it is.
func restThere(f *goelf.File, n *packNote) bool {
	within := func(off, size uint64) bool {
		return off <= n.Rest && n.Rest-off <= size && n.RestPacked <= size-(n.Rest-off)
	}
	for i := range f.Progs {
		if p := &f.Progs[i]; elf.ProgType(p.Type) == elf.PT_LOAD && within(p.Off, p.Filesz) {
			return true
		}
	}
	s := f.Section(restSection)
	return s != nil && within(s.Off, s.Size)
}

// unpackRest decodes the rest of at most room bytes.
func unpackRest(space *scratch.Space, f *goelf.File, n *packNote, room uint64) ([]byte, error) {
	if !restThere(f, n) {
		return nil, fmt.Errorf("%s: offset %#x: section %s, which has what the original has outside of its memory, is in no segment and no section: "+
			"eu-strip, llvm-strip and the like have dropped it, or the file was cut off. It still starts, but cannot be unpacked. "+
			"Unpack the file as elfstrip wrote it; files that this elfstrip packs keep the section", f.Name, n.Rest, restSection)
	}
	if n.Rest > uint64(len(f.Data)) || n.RestPacked > uint64(len(f.Data))-n.Rest || n.RestSize > room {
		return nil, fmt.Errorf("%s: offset %#x: %d bytes there are said to unpack to %d, want at most %d: the file is damaged, get it again", f.Name, n.Rest, n.RestPacked, n.RestSize, room)
	}
	rest := space.Bytes(n.RestSize)
	if !unpacker.LZ4(rest, f.Data[n.Rest:n.Rest+n.RestPacked]) {
		return nil, fmt.Errorf("%s: offset %#x: no LZ4 block of %d bytes for %d: the file is damaged, get it again", f.Name, n.Rest, n.RestPacked, n.RestSize)
	}
	return rest, nil
}

// assemble puts a file of size bytes together from image and rest, which begins
// with the ranges of the image.
func assemble(space *scratch.Space, size uint64, image, rest []byte) ([]byte, []fileRange, error) {
	if size > uint64(len(image)+len(rest)) || len(rest) < 8 {
		return nil, nil, fmt.Errorf("the original is said to have %d bytes, but %d are there", size, len(image)+len(rest))
	}
	count := le.Uint64(rest)
	rest = rest[8:]
	if count > uint64(len(rest))/rangeSize {
		return nil, nil, fmt.Errorf("%d ranges in %d bytes", count, len(rest))
	}
	table := rest[:count*rangeSize]
	rest = rest[count*rangeSize:]
	var ranges []fileRange
	out := space.Bytes(size)[:0]
	for ; len(table) > 0; table = table[rangeSize:] {
		r := fileRange{le.Uint64(table), le.Uint64(table[8:]), le.Uint64(table[16:])}
		gap := r.Off - uint64(len(out))
		if r.Off < uint64(len(out)) || gap > uint64(len(rest)) || r.Image > uint64(len(image)) || r.Size > uint64(len(image))-r.Image ||
			r.Off+r.Size > size {
			return nil, nil, fmt.Errorf("the range of %#x bytes at offset %#x is not in the file of %#x bytes", r.Size, r.Off, size)
		}
		out = append(out, rest[:gap]...)
		out = append(out, image[r.Image:r.Image+r.Size]...)
		rest = rest[gap:]
		ranges = append(ranges, r)
	}
	if n := uint64(len(out) + len(rest)); n != size {
		return nil, nil, fmt.Errorf("it gives %d bytes, want %d", n, size)
	}
	return append(out, rest...), ranges, nil
}
