package link

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"slices"
	"sync"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// compressionHeader is the size of the header of a compressed section (gABI 4,
// "Compressed Sections"): type, reserved word, size and alignment of the contents.
const compressionHeader = 24

// compress compresses every DWARF section that gets smaller by it, as cmd/link does
// when it links internally, and moves what follows.
func (l *linker) compress() error {
	i := slices.IndexFunc(l.sections, func(s *section) bool { return s.in != nil && s.in.kind == goabi.DWARF })
	if i < 0 || !l.opt.CompressDWARF {
		return nil
	}
	start := l.sections[i].off
	contents := make([][]byte, len(l.sections))
	var wg sync.WaitGroup
	for i, s := range l.sections {
		if s.in == nil || s.in.kind != goabi.DWARF {
			continue
		}
		wg.Go(func() {
			contents[i] = l.image[s.off : s.off+s.size]
			if c := deflate(contents[i], s.align); len(c) < len(contents[i]) {
				contents[i] = c
			}
		})
	}
	wg.Wait()
	for i, s := range l.sections {
		if c := contents[i]; c != nil && uint64(len(c)) != s.size {
			s.size, s.align, s.flags = uint64(len(c)), 8, s.flags|elf.SHF_COMPRESSED
		}
	}
	l.placeRest(start)
	image := append(make([]byte, 0, l.fileSize()), l.image[:start]...)[:l.fileSize()]
	for i, c := range contents {
		copy(image[l.sections[i].off:], c)
	}
	l.image = image
	return nil
}

// deflate returns data, of alignment align, in the form of a compressed section.
func deflate(data []byte, align uint64) []byte {
	var b bytes.Buffer
	b.Grow(len(data) / 2)
	h := make([]byte, compressionHeader)
	le.PutUint32(h, uint32(elf.COMPRESS_ZLIB))
	le.PutUint64(h[8:], uint64(len(data)))
	le.PutUint64(h[16:], align)
	b.Write(h)
	w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil { // the level is valid and a bytes.Buffer takes everything
		panic(err)
	}
	return b.Bytes()
}
