// Package pack makes programs smaller by compressing them: the packed file is a
// static program that unpacks the original into memory and continues there. It
// refuses programs that need a dynamic loader, and segments that are writable and
// executable.
//
// # What a packed file is
//
// An ELF file of the type of its original (ET_DYN for a static PIE, ET_EXEC), with
// three segments. The first is read-only and has what tools want to read without
// unpacking, copies of the original's notes, build ID among them, and of its Go
// build information. The second is executable and has the unpacker. The third is read-only
// and has the unpacker's header ([unpacker.Header]) and the payload. What is in the original
// file but not in its memory, such as its section headers, follows compressed in the same
// segment, where no strip program removes it, so that [Unpack] gives the original back to the
// last bit. Section headers name these parts. A note of the name "go3s" holds the
// original's SHA-256 and says where what is.
//
// # The image
//
// The payload is the original's memory as the kernel would have made it from the
// PT_LOAD segments, as LZ4 blocks between which is zero. Before, reversible filters
// changed it for the better ([image.filter]). The unpacker maps memory for all of it, in one
// piece and so that huge pages fit, decodes and undoes the filters (of a large Go program in
// two threads), gives every segment its protection,
// corrects the entries of the auxiliary vector that describe the program, and
// jumps to the original's entry, which relocates a PIE as ever. No memory is ever
// writable and executable.
//
// # Damage
//
// A checksum over header and payload is verified before they are used; it is no
// protection against intent. The decoder does not leave its bounds whatever it
// reads. Unpack compares the SHA-256 too, and Pack unpacks what it has made.
//
// # Debugging
//
// "elfstrip --unpack" gives the original back: what is wrong with that was wrong before. If the original runs and the packed program
// does not, strace shows how far the unpacker came: memory for the image, mprotect for each segment, and munmap of the payload, the last
// call before the original begins. gdb stops there ("catch syscall munmap"), and knows the original's functions after
// "add-symbol-file" (docs/packing.md). "packed program: the file is damaged" is the checksum, or a decoder or filter that met its bounds:
// TestStartsDamaged and FuzzUnpack have such files. "go run ./bench/packed FILE" prints what each part of the program takes, in literals
// and matches.
package pack

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
)

//go:generate go run ./genunpacker

var le = binary.LittleEndian

// archOf returns the machine of f.
func archOf(f *goelf.File) (*arch.Arch, error) {
	if a := all.Of(f.GOARCH()); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("%s: machine %v cannot be packed", f.Name, elf.Machine(f.Header.Machine))
}

// Pack returns the packed file of the program f. The error names the file, what
// was found and what to do.
func Pack(f *goelf.File) ([]byte, error) {
	a, err := archOf(f)
	if err != nil {
		return nil, err
	}
	if err := check(f); err != nil {
		return nil, err
	}
	m, err := newImage(f, a)
	if err != nil {
		return nil, err
	}
	out, err := m.write()
	if err != nil {
		return nil, err
	}
	if err := verify(f, out); err != nil {
		return nil, err
	}
	if len(out) >= len(f.Data) {
		return nil, fmt.Errorf("%s: packed it would have %d bytes, not less than the %d it has: leave it as it is", f.Name, len(out), len(f.Data))
	}
	return out, nil
}

// verify unpacks packed and compares it with the original f.
func verify(f *goelf.File, packed []byte) error {
	p, err := goelf.Parse(f.Name, packed)
	if err != nil {
		return err
	}
	back, err := Unpack(p)
	if err == nil {
		defer back.Close()
		if !bytes.Equal(back.Data, f.Data) {
			err = errors.New("it unpacks to another file")
		}
	}
	if err != nil {
		return fmt.Errorf("%s: packing failed its own test, please report it: %w", f.Name, err)
	}
	return nil
}

// check refuses what the kernel alone does not start, and what is packed.
func check(f *goelf.File) error {
	if t := elf.Type(f.Header.Type); t != elf.ET_EXEC && t != elf.ET_DYN {
		return fmt.Errorf("%s: type %v, want an executable", f.Name, t)
	}
	if n, err := findNote(f); err != nil {
		return err
	} else if n != nil {
		return fmt.Errorf("%s: is packed already", f.Name)
	}
	for i := range f.Progs {
		p := &f.Progs[i]
		switch t := elf.ProgType(p.Type); {
		case t == elf.PT_INTERP:
			return fmt.Errorf("%s: program header [index %d] is %v: the program needs a dynamic loader; link it statically", f.Name, i, t)
		case t == elf.PT_LOAD && elf.ProgFlag(p.Flags)&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X:
			return fmt.Errorf("%s: program header [index %d] is writable and executable: the unpacked program would never be both", f.Name, i)
		case t == elf.PT_GNU_STACK && elf.ProgFlag(p.Flags)&elf.PF_X != 0:
			return fmt.Errorf("%s: program header [index %d] wants an executable stack, which a packed program does not have", f.Name, i)
		}
	}
	return checkDynamic(f)
}

// checkDynamic refuses programs of type ET_DYN that do not relocate themselves,
// as far as can be seen.
func checkDynamic(f *goelf.File) error {
	dynamic := -1
	for i := range f.Progs {
		if elf.ProgType(f.Progs[i].Type) == elf.PT_DYNAMIC {
			dynamic = i
		}
	}
	if dynamic < 0 {
		if elf.Type(f.Header.Type) == elf.ET_DYN {
			return fmt.Errorf("%s: type ET_DYN without PT_DYNAMIC: want a static PIE", f.Name)
		}
		return nil
	}
	entries, _, err := f.DynamicEntries(&f.Progs[dynamic])
	if err != nil {
		return err
	}
	for _, d := range entries {
		switch tag := elf.DynTag(d.Tag); tag {
		case elf.DT_NEEDED, elf.DT_TEXTREL:
			return fmt.Errorf("%s: PT_DYNAMIC has %v: the program needs a dynamic loader, or writes to its code; link it as a static PIE", f.Name, tag)
		}
	}
	return nil
}
