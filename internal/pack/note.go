package pack

import (
	"bytes"
	"encoding/binary"
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// The note that marks a packed file.
const (
	noteName    = "go3s"
	noteType    = 0x6b636170 // "pack"
	noteVersion = 3
)

// A packNote is the descriptor of the note: where the parts of the packed file are
// and what the original was. All integers are little-endian.
type packNote struct {
	Version uint32
	_       uint32
	Size    uint64   // bytes of the original
	SHA256  [32]byte // of the original

	Header, End uint64 // file offsets of the unpacker's header and of the end of what is summed

	Rest       uint64 // file offset of an LZ4 block with the rest of the original
	RestPacked uint64 // bytes of the block
	RestSize   uint64 // bytes that it decodes to
}

// encode returns the whole note.
func (n *packNote) encode() []byte {
	return goelf.AppendNote(nil, noteName+"\x00", noteType, goelf.Encode(n))
}

// findNote returns the note of a packed file, nil when f is none.
func findNote(f *goelf.File) (*packNote, error) {
	notes, err := f.Notes()
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		if note.Name != noteName || note.Type != noteType {
			continue
		}
		if v := le.Uint32(append(bytes.Clone(note.Desc), 0, 0, 0, 0)); v != noteVersion {
			return nil, fmt.Errorf("%s: offset %#x: packed in version %d of the format, want %d: use the elfstrip that packed it", f.Name, note.Off, v, noteVersion)
		}
		n := &packNote{}
		if err := binary.Read(bytes.NewReader(note.Desc), le, n); err != nil || len(note.Desc) != binary.Size(n) {
			return nil, fmt.Errorf("%s: offset %#x: the note of the packed file has %d bytes, want %d: the file is damaged", f.Name, note.Off, len(note.Desc), binary.Size(n))
		}
		return n, nil
	}
	return nil, nil
}
