package link

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// fileTable returns the start of a function table with these file names, and one compilation unit that has them all and a file that no
// function needs.
func fileTable(files ...string) []byte {
	b := make([]byte, goabi.PCHeaderSize)
	le.PutUint64(b[goabi.PCHeaderUnits:], uint64(len(b)))
	off := uint32(0)
	for _, f := range files {
		b = le.AppendUint32(b, off)
		off += uint32(len(f)) + 1
	}
	b = le.AppendUint32(b, goabi.NoFile)
	le.PutUint64(b[goabi.PCHeaderFiles:], uint64(len(b)))
	for _, f := range files {
		b = append(append(b, f...), 0)
	}
	le.PutUint64(b[goabi.PCHeaderPCTab:], uint64(len(b)))
	return append(b, "pctab"...)
}

// unitFiles returns the names of the files of the unit.
func unitFiles(b []byte) (files []string) {
	names := b[le.Uint64(b[goabi.PCHeaderFiles:]):]
	for at := le.Uint64(b[goabi.PCHeaderUnits:]); at < le.Uint64(b[goabi.PCHeaderFiles:]); at += 4 {
		if off := le.Uint32(b[at:]); off != goabi.NoFile {
			name, _, _ := bytes.Cut(names[off:], []byte{0})
			files = append(files, string(name))
		}
	}
	return files
}

func TestTrimFiles(t *testing.T) {
	before := fileTable("a/b.go", "bazel-out/k8-fastbuild-ST-7d44/bin/a/gen.go", "", "bazel-out/cfg/bin/external/x~1/y.go", "z/bazel-out/cfg/bin/n.go", "bazel-out/n.go", "end.go")
	want := []string{"a/b.go", "a/gen.go", "", "external/x~1/y.go", "z/bazel-out/cfg/bin/n.go", "bazel-out/n.go", "end.go"}
	o := newTestObject(false)
	o.section(".gopclntab").data = before
	out, f := mustLink(t, o, Options{})
	s := f.Section(".gopclntab")
	if got := unitFiles(out.File[s.Offset:]); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("files %q, want %q", got, want)
	}
	if s.Size != uint64(len(before)) || !bytes.HasSuffix(out.File[s.Offset:s.Offset+s.Size], []byte("pctab")) || bytes.Contains(out.File, []byte("k8-fastbuild")) {
		t.Errorf("%d bytes, want %d with the pc tables where they were: %q", s.Size, len(before), out.File[s.Offset:s.Offset+s.Size])
	}
	if e, err := Prepare("go.o", o.bytes(), Options{}); err != nil || bytes.Contains(e.Object, []byte("k8-fastbuild")) || !bytes.Contains(e.Object, []byte("end.go\x00")) {
		t.Errorf("for another linker: %v", err)
	}
	for name, damage := range map[string]func(b []byte){
		"want them inside":  func(b []byte) { le.PutUint64(b[goabi.PCHeaderPCTab:], 1<<40) },
		"where none begins": func(b []byte) { le.PutUint32(b[goabi.PCHeaderSize:], 1) },
	} {
		b := bytes.Clone(before)
		damage(b)
		o.section(".gopclntab").data = b
		if _, err := Link("go.o", o.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}
