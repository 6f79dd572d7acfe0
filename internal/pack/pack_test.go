package pack_test

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/pack"
)

// executable returns an executable for machine that exits with status 0 and is worth
// packing. It has bss bytes of zero-filled data.
func executable(machine elf.Machine, bss uint64) []byte {
	return build(machine, bss).Build().Data
}

func build(machine elf.Machine, bss uint64) *elftest.Spec {
	spec := elftest.Executable(machine)
	for i := range spec.Sections {
		switch s := &spec.Sections[i]; s.Name {
		case ".text":
			r := rand.New(rand.NewPCG(5, 6))
			for len(s.Data) < 60_000 { // calls of few places, and what looks random
				s.Data = append(s.Data, 0xe8)
				s.Data = binary.LittleEndian.AppendUint32(s.Data, uint32(r.IntN(16)*256-len(s.Data)))
				s.Data = append(s.Data, byte(r.Uint32()))
			}
		case ".bss":
			s.Size = bss
		}
	}
	return spec
}

func packData(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	f, err := goelf.Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pack.Pack(f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unpackData(name string, data []byte) ([]byte, error) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return nil, err
	}
	original, err := pack.Unpack(f)
	if err != nil {
		return nil, err
	}
	defer original.Close()
	return bytes.Clone(original.Data), nil
}

func TestUnpackGivesOriginal(t *testing.T) {
	for _, machine := range elftest.Machines {
		original := executable(machine, 1000)
		packed := packData(t, "test", original)
		if back, err := unpackData("test", packed); err != nil || !bytes.Equal(back, original) {
			t.Errorf("%v: unpacked %d bytes, %v; want the original's %d", machine, len(back), err, len(original))
		}
	}
}

// What shrinks more than Unpack believes is padded. A file that says more of itself than its size allows is refused.
func TestUnpackedSize(t *testing.T) {
	const much = 64 << 20
	spec := build(elf.EM_X86_64, 1000)
	spec.Sections[1].Data = append(spec.Sections[1].Data, make([]byte, much)...)
	original := spec.Build().Data
	packed := packData(t, "test", original)
	if back, err := unpackData("test", packed); err != nil || !bytes.Equal(back, original) {
		t.Errorf("unpacked %d bytes, %v; want the original's %d", len(back), err, len(original))
	}
	if least := (much - 8<<20) / 8; len(packed) < least || len(packed) > least+100<<10 {
		t.Errorf("packed it has %d bytes, want about %d", len(packed), least)
	}

	const most = 8<<20 + 8*(much/8) // more than the file may unpack to, less than LZ4 could make of it
	bomb := bytes.Clone(packed)
	f, err := goelf.Parse("test", bomb)
	if err != nil {
		t.Fatal(err)
	}
	header := bomb[f.Section(".packed").Off:]
	for _, at := range []int{32, 40, 48} { // Image, Span, Room
		binary.LittleEndian.PutUint64(header[at:], most+much)
	}
	pack.MendSums("test", bomb)
	if _, err := unpackData("test", bomb); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("are said to unpack to %d, want at most", most+much)) {
		t.Errorf("a file that is said to unpack to more than its size allows: error %v", err)
	}
}

// What readers find in a packed file without unpacking it.
func TestPackedFile(t *testing.T) {
	for _, machine := range elftest.Machines {
		data := packData(t, "test", executable(machine, 1000))
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if f.Type != elf.ET_EXEC || f.Machine != machine {
			t.Errorf("%v: packed it is %v for %v", machine, f.Type, f.Machine)
		}
		for _, p := range f.Progs {
			if p.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X || p.Type == elf.PT_LOAD && p.Flags&elf.PF_W != 0 || p.Type == elf.PT_INTERP {
				t.Errorf("%v: segment %v with %v", machine, p.Type, p.Flags)
			}
		}
		note := f.Section(".note.test")
		if note == nil {
			t.Fatalf("%v: no section .note.test", machine)
		}
		got, err := note.Data()
		if want := elftest.Note("test", 1, []byte("description")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: the copied note is %q, %v; want %q", machine, got, err, want)
		}
		text := f.Section(".text")
		if text == nil || f.Entry != text.Addr {
			t.Errorf("%v: entry %#x is not where .text begins", machine, f.Entry)
		}
	}
}

// The sequences cover all of the image once, and have each byte of the packed blocks.
func TestEachSequence(t *testing.T) {
	for _, machine := range elftest.Machines {
		data := packData(t, "test", executable(machine, 1000))
		f, err := goelf.Parse("test", data)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pack.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var want, got, matches uint64
		for _, b := range p.Header.Blocks() {
			want += b.Packed
		}
		next := 0
		err = p.Each(func(s pack.Sequence) {
			if s.At != next {
				t.Fatalf("%v: a sequence begins at %#x, want %#x", machine, s.At, next)
			}
			next += s.Literals + s.Match
			got += uint64(s.Literals + s.Extra)
			if s.Match > 0 {
				matches++
			}
		})
		if err != nil || got != want || uint64(next) != p.Header.Image || matches < 5000 {
			t.Errorf("%v: %d bytes in %d sequences for %#x of memory, want %d for %#x: %v", machine, got, matches, next, want, p.Header.Image, err)
		}
		spread, err := p.Spread([]uint64{p.Header.Base})
		if err != nil || spread[0] != want {
			t.Errorf("%v: the only part takes %d bytes, want %d: %v", machine, spread, want, err)
		}
		if _, err := pack.Open(&goelf.File{Name: "none"}); err == nil {
			t.Error("opened what is not packed")
		}
	}
}

func TestRefused(t *testing.T) {
	const machine = elf.EM_X86_64
	for _, tt := range []struct {
		name string
		edit func(*elftest.Spec)
		want string
	}{
		{"interpreter", func(s *elftest.Spec) {
			s.Progs = append(s.Progs, elftest.Prog{Type: elf.PT_INTERP, Flags: elf.PF_R, Section: ".gopclntab"})
		}, "needs a dynamic loader"},
		{"writable code", func(s *elftest.Spec) {
			for i := range s.Sections {
				if s.Sections[i].Name == ".text" {
					s.Sections[i].Flags |= elf.SHF_WRITE
				}
			}
		}, "writable and executable"},
		{"executable stack", func(s *elftest.Spec) { s.Progs[1].Flags |= elf.PF_X }, "executable stack"},
		{"no static PIE", func(s *elftest.Spec) { s.Type = elf.ET_DYN }, "without PT_DYNAMIC"},
		{"dynamic", func(s *elftest.Spec) {
			s.Sections[3].Data = append([]byte{1}, make([]byte, 31)...) // DT_NEEDED
			s.Progs = append(s.Progs, elftest.Prog{Type: elf.PT_DYNAMIC, Flags: elf.PF_R, Section: ".data"})
		}, "DT_NEEDED"},
		{"small", func(s *elftest.Spec) { s.Sections[1].Data = s.Sections[1].Data[:64] }, "leave it as it is"},
		{"relocatable", func(s *elftest.Spec) { s.Type = elf.ET_REL }, "want an executable"},
	} {
		spec := build(machine, 1000)
		tt.edit(spec)
		f, err := goelf.Parse("test", spec.Build().Data)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if out, err := pack.Pack(f); err == nil || !strings.Contains(err.Error(), tt.want) || out != nil {
			t.Errorf("%s: %d bytes, error %v; want one with %q", tt.name, len(out), err, tt.want)
		}
	}
	packed := packData(t, "test", executable(machine, 1000))
	f, err := goelf.Parse("test", packed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pack.Pack(f); err == nil || !strings.Contains(err.Error(), "packed already") {
		t.Errorf("packing twice: error %v", err)
	}
	if _, err := unpackData("test", executable(machine, 1000)); err == nil || !strings.Contains(err.Error(), "is not packed") {
		t.Errorf("unpacking what is not packed: error %v", err)
	}
}

// A file in another version of the format is refused, by name.
func TestUnpackOtherVersion(t *testing.T) {
	packed := packData(t, "test", executable(elf.EM_X86_64, 1000))
	for _, version := range []uint32{0, 1, pack.NoteVersion + 1} {
		other := bytes.Clone(packed)
		note := elftest.Note("go3s", 0x6b636170, binary.LittleEndian.AppendUint32(nil, pack.NoteVersion))
		at := bytes.Index(other, note[12:]) // after the sizes and the type
		if at < 0 {
			t.Fatal("no note")
		}
		binary.LittleEndian.PutUint32(other[at+len(note)-16:], version)
		want := fmt.Sprintf("packed in version %d of the format, want %d", version, pack.NoteVersion)
		if back, err := unpackData("test", other); err == nil || back != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("version %d: %d bytes, error %v; want one with %q", version, len(back), err, want)
		}
	}
}

// A packed file that was changed gives the original or an error.
func TestUnpackDamaged(t *testing.T) {
	original := executable(elf.EM_AARCH64, 1000)
	packed := packData(t, "test", original)
	refused := 0
	for i := 0; i < len(packed); i += 1 + i/512 {
		damaged := bytes.Clone(packed)
		damaged[i] ^= 1 << (i % 8)
		back, err := unpackData("test", damaged)
		switch {
		case err != nil:
			refused++
			if back != nil {
				t.Errorf("offset %#x: %d bytes and error %v", i, len(back), err)
			}
		case !bytes.Equal(back, original):
			t.Errorf("offset %#x: another file without error", i)
		}
	}
	if refused < 300 {
		t.Errorf("%d damaged files were refused", refused)
	}
	for _, n := range []int{0, 63, 64, len(packed) / 2, len(packed) - 1} {
		if back, err := unpackData("test", packed[:n]); err == nil && !bytes.Equal(back, original) {
			t.Errorf("cut to %d bytes: another file without error", n)
		}
	}
}

// Whatever the file is, Unpack fails or gives what has the SHA-256 in the file: of a
// mutant that still says the original's, that is the original.
func FuzzUnpack(f *testing.F) {
	var sums [][]byte
	for _, machine := range elftest.Machines {
		// Small ones, for the fuzzer is slow with large ones.
		spec := build(machine, 1000)
		spec.Sections[1].Data = append(spec.Sections[1].Data[:500:500], make([]byte, 20_000)...)
		original := spec.Build().Data
		sum := sha256.Sum256(original)
		sums = append(sums, sum[:])
		f.Add(packData(f, "test", original), uint32(0), byte(0), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint32, value byte, mend bool) {
		if len(data) == 0 {
			return
		}
		data = bytes.Clone(data)
		data[int(at)%len(data)] ^= value
		if mend {
			pack.MendSums("fuzz", data)
		}
		var back []byte
		var err error
		// A small file unpacks to up to 256 times its size.
		fuzztest.Bounded(t, len(data), 1<<11, func() { back, err = unpackData("fuzz", data) })
		if (err == nil) == (back == nil) {
			t.Fatal(fmt.Sprintf("%d bytes and error %v", len(back), err))
		}
		if err != nil {
			return
		}
		got := sha256.Sum256(back)
		if !bytes.Contains(data, got[:]) {
			t.Fatalf("unpacked %d bytes with SHA-256 %x, which the file does not have", len(back), got)
		}
		for _, sum := range sums {
			if bytes.Contains(data, sum) && !bytes.Equal(got[:], sum) {
				t.Fatalf("unpacked %d bytes with SHA-256 %x, want %x", len(back), got, sum)
			}
		}
	})
}
