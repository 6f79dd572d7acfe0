// Package exportdata reads from a compiled Go package which packages it imports, package
// unsafe among them. The compiler writes that into the export data, for those that import the
// package (cmd/compile/internal/noder/writer.go, pkgIdx), and it is the only trace of an import of unsafe: object code has none.
//
// It reads nothing else of export data, and only the unified format in the versions of the series that goabi
// knows (internal/pkgbits, Version); it refuses any other. The reader is bounded: it
// checks every offset and count before use and never panics.
package exportdata

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/goobj"
)

// A Package is what export data says of a package.
type Package struct {
	Path    string   // import path as compiled (-p); of a main package "main"
	Name    string   // of the package clause
	Imports []string // import paths of the packages that its files import, sorted, each once
}

// A FormatError says where a file departs from the format.
type FormatError struct {
	File string
	Off  int // file offset
	Msg  string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: offset %#x: %s", e.File, e.Off, e.Msg)
}

const (
	archiveMagic = "!<arch>\n"
	entrySize    = 60 // header of a file in an archive
	entryName    = "__.PKGDEF"

	dataBegin = "\n$$B\nu" // binary export data in the unified format follow
	dataEnd   = "\n$$\n"

	fingerprintSize = 8
)

// Sections of the unified format (internal/pkgbits/reloc.go).
const (
	sectionString = 0
	sectionMeta   = 1
	sectionPkg    = 3
	numSections   = 10
)

// Read reads the archive b that `go tool compile` wrote with -o; name is for messages.
func Read(name string, b []byte) (*Package, error) {
	fail := func(off int, format string, args ...any) (*Package, error) {
		return nil, &FormatError{name, off, fmt.Sprintf(format, args...)}
	}
	first := len(archiveMagic) + entrySize
	if len(b) < first || string(b[:len(archiveMagic)]) != archiveMagic || !strings.HasPrefix(string(b[len(archiveMagic):first]), entryName+" ") {
		return fail(0, "want an archive that begins with %s: give the file of `go tool compile -o`, not that of -linkobj", entryName)
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(b[len(archiveMagic)+48 : first-2])))
	if err != nil || size < 0 || size > len(b)-first {
		return fail(len(archiveMagic)+48, "size %q of %s, want a number up to %d", b[len(archiveMagic)+48:first-2], entryName, len(b)-first)
	}
	entry := b[first : first+size]
	header, _, err := goobj.ParseHeader(entry)
	if err != nil {
		return fail(first, "%v", err)
	}
	series, err := goabi.For(header.Version)
	if err != nil {
		return fail(first, "%v", err)
	}
	begin := bytes.Index(entry, []byte(dataBegin))
	if begin < 0 {
		return fail(first, "%s holds no export data in the unified format", entryName)
	}
	begin += len(dataBegin)
	end := bytes.LastIndex(entry, []byte(dataEnd))
	if end < begin {
		return fail(first+begin, "the export data does not end with %q", dataEnd)
	}
	d := &decoder{name: name, base: first + begin, data: entry[begin:end], text: string(entry[begin:end])}
	return d.root(series)
}

// A decoder holds the export data: elements one after the other, and how many of them each section has.
type decoder struct {
	name  string
	base  int // file offset of data
	data  []byte
	text  string              // the same, so that strings share it
	ends  [numSections]uint32 // number of elements up to the end of each section
	elems int                 // offset of the first element
}

func (d *decoder) errorf(off int, format string, args ...any) error {
	return &FormatError{d.name, d.base + off, fmt.Sprintf(format, args...)}
}

func (d *decoder) u32(off int) uint32 { return binary.LittleEndian.Uint32(d.data[off:]) }

// root reads the description of the compiled package.
func (d *decoder) root(series *goabi.Series) (*Package, error) {
	const header = 4 + 4 + 4*numSections
	if len(d.data) < header+fingerprintSize {
		return nil, d.errorf(0, "export data of %d bytes, want %d or more", len(d.data), header+fingerprintSize)
	}
	if v, flags := d.u32(0), d.u32(4); !slices.Contains(series.ExportData, v) || flags != 0 {
		return nil, d.errorf(0, "export data of version %d with flags %#x, want a version of %s, which are %d, without flags", v, flags, series.Name, series.ExportData)
	}
	for i := range d.ends {
		d.ends[i] = d.u32(8 + 4*i)
		if i > 0 && d.ends[i] < d.ends[i-1] {
			return nil, d.errorf(8+4*i, "section %d ends before it begins", i)
		}
	}
	count := uint64(d.ends[numSections-1])
	if count > uint64(len(d.data)-header-fingerprintSize)/4 {
		return nil, d.errorf(8, "%d elements, which %d bytes cannot hold", count, len(d.data))
	}
	d.elems = header + 4*int(count)
	limit := uint32(len(d.data) - d.elems - fingerprintSize)
	for off, prev := header, uint32(0); off < d.elems; off += 4 {
		end := d.u32(off)
		if end < prev || end > limit {
			return nil, d.errorf(off, "an element is at %#x to %#x, want it after the one before and inside %#x bytes", prev, end, limit)
		}
		prev = end
	}
	root, err := d.element(sectionMeta, 0)
	if err != nil {
		return nil, err
	}
	self, err := root.ref(sectionPkg)
	if err != nil {
		return nil, err
	}
	return d.pkg(self)
}

// pkg reads the package element with that index.
func (d *decoder) pkg(index int) (*Package, error) {
	e, err := d.element(sectionPkg, index)
	if err != nil {
		return nil, err
	}
	p := &Package{}
	if p.Path, err = e.string(); err != nil {
		return nil, err
	}
	if p.Name, err = e.string(); err != nil {
		return nil, err
	}
	n, err := e.uint()
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	for range n {
		ref, err := e.ref(sectionPkg)
		if err != nil {
			return nil, err
		}
		if seen[ref] {
			continue
		}
		seen[ref] = true
		imported, err := d.element(sectionPkg, ref)
		if err != nil {
			return nil, err
		}
		path, err := imported.string()
		if err != nil {
			return nil, err
		}
		p.Imports = append(p.Imports, path)
	}
	slices.Sort(p.Imports)
	p.Imports = slices.Compact(p.Imports)
	return p, nil
}

// bounds returns where an element is in the data. Elements do not overlap.
func (d *decoder) bounds(section, index int) (from, to int, err error) {
	first := 0
	if section > 0 {
		first = int(d.ends[section-1])
	}
	if index < 0 || index >= int(d.ends[section])-first {
		return 0, 0, d.errorf(8+4*section, "section %d has %d elements, but element %d is referred to", section, int(d.ends[section])-first, index)
	}
	at := d.elems - 4*int(d.ends[numSections-1]) + 4*(first+index) // of the element's end
	if first+index > 0 {
		from = int(d.u32(at - 4))
	}
	return d.elems + from, d.elems + int(d.u32(at)), nil
}

// An element is a sequence of numbers, some of which count the references that precede them.
type element struct {
	d    *decoder
	off  int // of what comes next
	end  int
	refs [][2]int // section and index of other elements
}

func (d *decoder) element(section, index int) (*element, error) {
	from, to, err := d.bounds(section, index)
	if err != nil {
		return nil, err
	}
	e := &element{d: d, off: from, end: to}
	n, err := e.uint()
	if err != nil {
		return nil, err
	}
	for range n {
		section, err := e.uint()
		if err != nil {
			return nil, err
		}
		index, err := e.uint()
		if err != nil {
			return nil, err
		}
		e.refs = append(e.refs, [2]int{section, index})
	}
	return e, nil
}

// uint reads a number, which is smaller than 1<<31. Each takes a byte or more, so that a loop over a count
// of them ends with the element.
func (e *element) uint() (int, error) {
	v, n := binary.Uvarint(e.d.data[e.off:e.end])
	if n <= 0 || v >= 1<<31 {
		return 0, e.d.errorf(e.off, "want a number below 1<<31 in an element that ends at %#x", e.d.base+e.end)
	}
	e.off += n
	return int(v), nil
}

// ref reads a reference to an element of that section and returns its index.
func (e *element) ref(section int) (int, error) {
	off := e.off
	i, err := e.uint()
	if err != nil {
		return 0, err
	}
	if i >= len(e.refs) || e.refs[i][0] != section {
		return 0, e.d.errorf(off, "want one of %d references, to section %d, found number %d", len(e.refs), section, i)
	}
	return e.refs[i][1], nil
}

func (e *element) string() (string, error) {
	index, err := e.ref(sectionString)
	if err != nil {
		return "", err
	}
	from, to, err := e.d.bounds(sectionString, index)
	if err != nil {
		return "", err
	}
	return e.d.text[from:to], nil
}
