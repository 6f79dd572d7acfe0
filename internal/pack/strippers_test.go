package pack_test

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// Other strip programs leave of a packed file what it is unpacked with.
func TestStrippedByOthers(t *testing.T) {
	original := executable(elf.EM_X86_64, 1000)
	packed := packData(t, "test", original)
	for _, tool := range [][]string{
		{"strip"}, {"strip", "-g"}, {"objcopy", "-S"}, {"eu-strip"}, {"eu-strip", "-g"},
		{"llvm-strip"}, {"llvm-strip", "--strip-all-gnu"}, {"llvm-strip", "--strip-sections"}, {"llvm-objcopy", "--strip-all"},
	} {
		t.Run(strings.Join(tool, " "), func(t *testing.T) {
			if _, err := exec.LookPath(tool[0]); err != nil {
				t.Skipf("NOT TESTED: there is no %s on PATH", tool[0])
			}
			path := filepath.Join(t.TempDir(), "packed")
			if err := os.WriteFile(path, packed, 0o755); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(tool[0], append(slices.Clone(tool[1:]), path)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := unpackData("test", data); err != nil || !bytes.Equal(back, original) {
				t.Errorf("unpacked %d bytes, %v; want the original's %d", len(back), err, len(original))
			}
		})
	}
}

// Where the part is in no segment, as in files of earlier releases, those tools drop it, and the message says so.
func TestUnpackDropped(t *testing.T) {
	data := packData(t, "test", executable(elf.EM_X86_64, 1000))
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	rest := f.Section(".packed.rest")
	m := elftest.Image{Data: bytes.Clone(data)}
	for i := range f.Progs {
		if p := &f.Progs[i]; elf.ProgType(p.Type) == elf.PT_LOAD && p.Off+p.Filesz == rest.Off+rest.Size {
			field := int(f.Header.Phoff) + i*goelf.ProgHeaderSize
			m.Put64(field+32, p.Filesz-rest.Size)
			m.Put64(field+40, p.Filesz-rest.Size)
		}
	}
	if _, err := unpackData("test", m.Data); err != nil {
		t.Errorf("with the section in no segment: %v", err)
	}
	m.Data = m.Data[:rest.Off]
	m.Put64(40, 0) // e_shoff
	m.Put16(60, 0)
	m.Put16(62, 0)
	const want = "section .packed.rest, which has what the original has outside of its memory, is in no segment and no section"
	if _, err := unpackData("test", m.Data); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "damaged") {
		t.Errorf("without the section: error %v, want %q in it", err, want)
	}
}
