package strip

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

const debugLinkName = ".gnu_debuglink"

// A DebugLink tells debuggers which file holds the debug information (GDB
// manual, "Debugging Information in Separate Files").
type DebugLink struct {
	Name string // base name of the file
	CRC  uint32 // CRC-32 (IEEE 802.3) of its contents
}

// NewDebugLink returns the link to the file at path, which it reads.
func NewDebugLink(path string) (*DebugLink, error) {
	f, err := inputfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	crc := crc32.NewIEEE()
	if _, err := io.Copy(crc, f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &DebugLink{filepath.Base(path), crc.Sum32()}, nil
}

// section returns the section .gnu_debuglink: the name, padded with NUL to a
// multiple of 4 bytes, and the checksum.
func (l *DebugLink) section() section {
	data := append([]byte(l.Name), 0)
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	data = binary.LittleEndian.AppendUint32(data, l.CRC)
	return section{
		header: elf.Section64{Type: uint32(elf.SHT_PROGBITS), Size: uint64(len(data)), Addralign: 4},
		name:   debugLinkName,
		source: source{data: data},
	}
}
