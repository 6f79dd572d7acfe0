package link

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// # Names of generated sources
//
// Bazel puts generated files into bazel-out/CONFIGURATION/bin, and the configuration's name depends on the build machine, on -c and on flags
// that change nothing in the program. The compiler's name of a generated source begins with that, and tracebacks print it. So
// equal programs would differ, and tell of the machine. The output has these names from the package on, as those of other
// sources are. Debugging information keeps them: debuggers look for the files.

// outputFolder matches what precedes the package in the name of a generated file.
var outputFolder = regexp.MustCompile(`^bazel-out/[^/]+/bin/`)

// trimFileNames returns the function table with outputFolder taken out of its file names, nil if there is none. It keeps its size: the
// file names end sooner.
func (o *object) trimFileNames(in *inSection) ([]byte, error) {
	if !bytes.Contains(in.data, []byte("bazel-out/")) {
		return nil, nil
	}
	out := bytes.Clone(in.data)
	var units, files, end uint64
	if len(out) >= goabi.PCHeaderSize {
		units, files, end = le.Uint64(out[goabi.PCHeaderUnits:]), le.Uint64(out[goabi.PCHeaderFiles:]), le.Uint64(out[goabi.PCHeaderPCTab:])
	}
	if units < goabi.PCHeaderSize || units > files || files > end || end > uint64(len(out)) {
		return nil, o.errorf(in.Off, "section %s: file names from %#x to %#x after compilation units at %#x, want them inside %#x bytes", in.Str, files, end, units, len(out))
	}
	names := out[files:end]
	moved := map[uint32]uint32{} // new offset of each name by the old one
	var table []byte
	for off := 0; off < len(names); {
		n := bytes.IndexByte(names[off:], 0)
		if n < 0 {
			break
		}
		moved[uint32(off)] = uint32(len(table))
		name := names[off : off+n]
		table = append(append(table, name[len(outputFolder.Find(name)):]...), 0)
		off += n + 1
	}
	for at := units; at+4 <= files; at += 4 {
		off := le.Uint32(out[at:])
		if off == goabi.NoFile {
			continue
		}
		to, ok := moved[off]
		if !ok {
			return nil, o.errorf(in.Off+at, "section %s: a compilation unit has a file name at %#x, where none begins", in.Str, off)
		}
		le.PutUint32(out[at:], to)
	}
	clear(names)
	copy(names, table)
	return out, nil
}

// functionTable returns the section of the function table.
func (o *object) functionTable() *inSection {
	i := slices.IndexFunc(o.sections, func(in inSection) bool { return in.Section != nil && in.Str == goabi.PCLnTab })
	return &o.sections[i]
}

// trimFiles takes outputFolder out of the names of files in the function table.
func (l *linker) trimFiles() error {
	in := l.obj.functionTable()
	trimmed, err := l.obj.trimFileNames(in)
	if trimmed != nil {
		in.data = trimmed
	}
	return err
}
