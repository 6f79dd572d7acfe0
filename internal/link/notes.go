package link

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// # Notes
//
// All notes of the output (gABI, chapter 5, "Note Section") follow one
// another at the start of the first segment, and one PT_NOTE covers them: a core
// dump has that page, and readers of segments see what readers of sections see.

// A Note is an ELF note that Link adds to the program, in a section named .note
// and its owner.
type Note struct {
	Owner string // who defines Type, for example "ACME"
	Type  uint32
	Desc  []byte // contents; may be empty
}

const (
	noteAlign    = 4
	maxNotes     = 128     // of the user
	maxNoteOwner = 64      // bytes
	maxNotesSize = 1 << 20 // bytes, of all contents together: core dumps hold them
)

// reservedOwners are owners of notes that mean something to a linker, a kernel or
// a debugger.
var reservedOwners = map[string]string{
	"GNU":   "the build-id is set by --build-id-note",
	"Go":    "the Go build id is set by --buildid",
	"CORE":  "it is for core dumps",
	"LINUX": "it is for core dumps",
}

// reservedNotes are the note sections that are not named after an owner.
var reservedNotes = []string{".note.gnu", ".note.go", ".note.package", ".note.GNU-stack"}

// The package metadata note (specification "Package Metadata for Executable Files"
// of the UAPI group): a JSON object that ends with a zero byte.
const (
	packageOwner   = "FDO"
	packageType    = 0xcafe1a7e
	packageSection = ".note.package"
)

// ParseNote parses "owner:type=file", where type is what Go takes as an integer.
// Desc stays empty.
func ParseNote(spec string) (n Note, file string, err error) {
	key, file, ok := strings.Cut(spec, "=")
	owner, typ, ok2 := strings.Cut(key, ":")
	if !ok || !ok2 || file == "" {
		return Note{}, "", fmt.Errorf("note %q: want owner:type=file", spec)
	}
	v, err := strconv.ParseUint(typ, 0, 32)
	if err != nil {
		return Note{}, "", fmt.Errorf("note %s: type %q: want an integer of 32 bits", owner, typ)
	}
	return Note{Owner: owner, Type: uint32(v)}, file, nil
}

// encode returns the note as it is in the file.
func (n *Note) encode() []byte {
	return goelf.AppendNote(nil, n.Owner+"\x00", n.Type, n.Desc)
}

// checkNotes checks the notes of the user by themselves.
func (l *linker) checkNotes() error {
	if n := len(l.opt.Notes); n > maxNotes {
		return fmt.Errorf("%d notes are added, want at most %d", n, maxNotes)
	}
	total := 0
	for i := range l.opt.Notes {
		n := &l.opt.Notes[i]
		if len(n.Owner) > maxNoteOwner || !plainName(n.Owner, ".-") {
			return fmt.Errorf("note %q: want an owner of at most %d letters, digits and _ . - that begins with a letter or _", n.Owner, maxNoteOwner)
		}
		if why, ok := reservedOwners[n.Owner]; ok {
			return fmt.Errorf("note %s: this owner is reserved: %s", n.Owner, why)
		}
		if slices.ContainsFunc(reservedNotes, func(r string) bool { return continues(".note."+n.Owner, r) }) {
			return fmt.Errorf("note %s: this owner is reserved: its section .note.%s means something else; choose another", n.Owner, n.Owner)
		}
		if n.Owner == packageOwner && n.Type == packageType {
			return fmt.Errorf("note %s: type %#x is the package metadata note: use --package-metadata (attribute package_note)", n.Owner, n.Type)
		}
		if total += len(n.Desc); total > maxNotesSize {
			return fmt.Errorf("note %s: with it, the added notes have %d bytes, want at most %d", n.Owner, total, maxNotesSize)
		}
	}
	return checkPackageMetadata(l.opt.PackageMetadata)
}

// checkPackageMetadata checks that b is nil or a JSON object whose values are
// strings.
func checkPackageMetadata(b []byte) error {
	if b == nil {
		return nil
	}
	if len(b) > maxNotesSize {
		return fmt.Errorf("package metadata: %d bytes, want at most %d", len(b), maxNotesSize)
	}
	var fields map[string]string
	if err := json.Unmarshal(b, &fields); err != nil {
		return fmt.Errorf("package metadata: %w: want a JSON object of strings", err)
	}
	if fields == nil || !utf8.Valid(b) {
		return fmt.Errorf("package metadata: want a JSON object of strings, in UTF-8")
	}
	return nil
}

// userNotes returns the note sections of the user: package metadata first, then
// one for each owner in the order in which the owners first appear.
func (l *linker) userNotes() []*section {
	var out []*section
	add := func(name string, n Note) {
		i := slices.IndexFunc(out, func(s *section) bool { return s.name == name })
		if i < 0 {
			i = len(out)
			out = append(out, &section{name: name, typ: elf.SHT_NOTE, flags: elf.SHF_ALLOC, align: noteAlign})
		}
		s := out[i]
		s.data = append(s.data, n.encode()...)
		s.size = uint64(len(s.data))
	}
	if b := l.opt.PackageMetadata; b != nil {
		add(packageSection, Note{Owner: packageOwner, Type: packageType, Desc: append(slices.Clone(b), 0)})
	}
	for _, n := range l.opt.Notes {
		add(".note."+n.Owner, n)
	}
	return out
}
