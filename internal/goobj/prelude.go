package goobj

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// A Prelude is what the compiler's object of a package says before its symbols.
type Prelude struct {
	Header
	Directives [][]string // //go:cgo_* directives, split into words
	Imports    []string   // package paths of what the package imports, as the linker loads them
}

const (
	preludeChunk = 4 << 10 // holds the prelude of nearly every package
	maxPrelude   = 16 << 20
	maxImports   = 1 << 16
	maxPath      = 1 << 14 // bytes of a package path

	cgoStart = "\n$$  // cgo\n" // cmd/compile/internal/gc/obj.go, dumpLinkerObj
	cgoEnd   = "\n$$\n"
)

// ReadPrelude reads the prelude of the object of size bytes that r holds; name is for messages. The
// error has the file's name.
func ReadPrelude(name string, r io.ReaderAt, size int64) (*Prelude, error) {
	fail := func(off int64, format string, args ...any) (*Prelude, error) {
		return nil, &FormatError{name, off, fmt.Sprintf(format, args...)}
	}
	if size == 0 {
		return fail(0, "the object is empty")
	}
	var buf []byte
	end := -1
	for n := int64(preludeChunk); end < 0; n *= 8 {
		n = min(n, size, maxPrelude)
		buf = make([]byte, n)
		if _, err := r.ReadAt(buf, 0); err != nil {
			return nil, err
		}
		end = bytes.Index(buf, []byte("\n!\n"))
		if end < 0 && n == min(size, maxPrelude) {
			return fail(0, "no line \"!\" in the first %d bytes", n)
		}
	}
	h, text, err := ParseHeader(buf[:end+1])
	if err != nil {
		return fail(0, "%v", err)
	}
	p := &Prelude{Header: h}
	// The newline that ends the header line may begin the section.
	if _, section, found := bytes.Cut(append([]byte("\n"), text...), []byte(cgoStart)); found {
		section, _, _ = bytes.Cut(section, []byte(cgoEnd))
		if err := json.Unmarshal(section, &p.Directives); err != nil {
			return fail(int64(len(buf[:end])-len(text)), "cgo directives: %v", err)
		}
	}

	base := int64(end + len("\n!\n"))
	at := func(off, n int64) ([]byte, error) {
		if off < 0 || n < 0 || off+n > size-base {
			return nil, &FormatError{name, base + off, fmt.Sprintf("%d bytes are beyond the end of the object", n)}
		}
		if base+off+n <= int64(len(buf)) {
			return buf[base+off:][:n], nil
		}
		b := make([]byte, n)
		_, err := r.ReadAt(b, base+off)
		return b, err
	}
	head, err := at(0, int64(headerSize))
	if err != nil {
		return nil, err
	}
	if string(head[:len(magic)]) != magic {
		return fail(base, "found %q, want the object file magic %q", head[:len(magic)], magic)
	}
	u32 := func(b []byte, off int) int64 { return int64(binary.LittleEndian.Uint32(b[off:])) }
	blocks := headerSize - 4*numBlocks
	start, stop := u32(head, blocks+4*blkAutolib), u32(head, blocks+4*(blkAutolib+1))
	const entry = 4 + 4 + 8 // length and offset of the path, fingerprint of the export data
	if start > stop || (stop-start)%entry != 0 || (stop-start)/entry > maxImports {
		return fail(base+int64(blocks), "list of imports from %#x to %#x: want at most %d entries of %d bytes", start, stop, maxImports, entry)
	}
	list, err := at(start, stop-start)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for ; len(list) > 0; list = list[entry:] {
		n := u32(list, 0)
		if total += n; total > size {
			return fail(base+stop-int64(len(list)), "paths of imports overlap: up to this one they have %d bytes, more than the object", total)
		}
		if n > maxPath {
			return fail(base+stop-int64(len(list)), "path of %d bytes: want at most %d", n, maxPath)
		}
		path, err := at(u32(list, 4), n)
		if err != nil {
			return nil, err
		}
		p.Imports = append(p.Imports, string(path))
	}
	return p, nil
}
