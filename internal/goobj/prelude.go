package goobj

import "strings"

// A Prelude is what the compiler's object of a package says before its symbols.
type Prelude struct {
	Header
	Directives [][]string // //go:cgo_* directives, split into words
	Imports    []string   // package paths of what the package imports, as the linker loads them
}

const (
	cgoStart = "\n$$  // cgo\n" // cmd/compile/internal/gc/obj.go, dumpLinkerObj
	cgoEnd   = "\n$$\n"
)

// ReadPrelude reads the prelude of the object b, which is at file offset base of the file name. It looks at no symbol, so it reads objects
// with tables that OpenObject does not know. What it returns is a copy.
func ReadPrelude(name string, b []byte, base int64) (*Prelude, error) {
	o, err := openText(name, b, base)
	if err != nil {
		return nil, err
	}
	if err := o.readBlock(blkAutolib, 0); err != nil {
		return nil, err
	}
	if err := o.readBlock(blkAutolib+1, o.blk[blkAutolib]); err != nil {
		return nil, err
	}
	if n := o.blk[blkAutolib+1] - o.blk[blkAutolib]; n%importSize != 0 {
		return nil, o.errorf(o.blk[blkAutolib], "list of imports of %d bytes, want a multiple of %d", n, importSize)
	}
	paths, err := o.strings(blkAutolib, len(o.b))
	if err != nil {
		return nil, err
	}
	p := &Prelude{Header: o.Header, Directives: o.Directives}
	for _, path := range paths {
		p.Imports = append(p.Imports, strings.Clone(path))
	}
	return p, nil
}
