package compare

import (
	"debug/elf"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// What only looks like the table of an embed.FS is none: numbers may look like addresses.
func TestReadFiles(t *testing.T) {
	const text = "web/\x00/a.txtdata"
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections[3].Data = []byte(text) // .data
	f, err := goelf.Parse("test", spec.Build().Data)
	if err != nil {
		t.Fatal(err)
	}
	base := f.Section(".data").Addr
	entry := func(name, nameSize, data, dataSize uint64, hash string) []byte {
		var b []byte
		for _, w := range []uint64{base + name, nameSize, base + data, dataSize} {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		if dataSize == 0 {
			clear(b[16:])
		}
		return append(b, append([]byte(hash), make([]byte, 16)...)[:16]...)
	}
	hash := embedHash([]byte("data"))
	file := entry(6, 5, 11, 4, string(hash[:]))
	folder := entry(0, 4, 0, 0, "")
	for _, tt := range []struct {
		name  string
		table []byte
		want  []string
	}{
		{"file and folder", slices.Concat(folder, file), []string{"a.txt", "web/"}},
		{"folder with data", entry(0, 4, 11, 4, ""), nil},
		{"folder with a hash", entry(0, 4, 0, 0, "x"), nil},
		{"no path", entry(3, 1, 0, 0, ""), nil},
		{"a path with a zero", entry(0, 9, 11, 4, string(hash[:])), nil},
		{"another hash", entry(6, 5, 11, 4, "x"), nil},
		{"a name outside of the file", entry(0, 1<<40, 0, 0, ""), nil},
	} {
		r := &reader{f: f, Program: &Program{embedded: map[string]string{}}}
		r.expectFiles()
		if err := r.readFiles(tt.table); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := slices.Sorted(maps.Keys(r.embedded)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}

	// Files that share their bytes have no more than the program, unless somebody made them so.
	r := &reader{f: f, Program: &Program{embedded: map[string]string{}}}
	r.expectFiles()
	r.toSum = 3
	if err := r.readFiles(file); err == nil {
		t.Error("more bytes than allowed: no error")
	}
	r.toSum = 4
	if err := r.readFiles(slices.Concat(file, file, file)); err != nil {
		t.Errorf("the same file three times: %v", err)
	}
}
