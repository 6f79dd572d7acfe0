package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// # cpio
//
// The "new ASCII" format, which RPM has as its payload (cpio(5)): a magic, 13 numbers of 8 hexadecimal digits, the name with its zero
// byte, the data. Name and data each end at a multiple of 4 bytes. RPM wants "./" before every path.

const (
	cpioMagic  = "070701"
	cpioFields = 13
	cpioHeader = len(cpioMagic) + 8*cpioFields
	cpioEnd    = "TRAILER!!!"
	regular    = 0o100000 // S_IFREG
)

func cpioEntry(out []byte, inode int, mode uint32, date int64, name string, data []byte) []byte {
	out = append(out, cpioMagic...)
	links := 1
	for _, field := range [cpioFields]int64{
		int64(inode), int64(mode), 0, 0, int64(links), date, int64(len(data)), 0, 0, 0, 0, int64(len(name) + 1), 0,
	} {
		out = fmt.Appendf(out, "%08x", field)
	}
	out = append(append(out, name...), 0)
	out = pad(out, 4)
	return pad(append(out, data...), 4)
}

// pad appends zero bytes up to a multiple of n.
func pad(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}

func writeCPIO(set *fileset.Set, date time.Time) []byte {
	var out []byte
	for i, f := range set.Files() {
		out = cpioEntry(out, i+1, regular|uint32(f.Mode), date.Unix(), "./"+f.Path, f.Data)
	}
	return cpioEntry(out, 0, 0, 0, cpioEnd, nil)
}

func readCPIO(data []byte) (*Contents, error) {
	c := &Contents{}
	for off := 0; ; {
		rest := data[min(off, len(data)):]
		if len(rest) < cpioHeader || string(rest[:len(cpioMagic)]) != cpioMagic {
			return nil, fmt.Errorf("cpio: offset %d: no entry", off)
		}
		var field [cpioFields]int
		for i := range field {
			n, err := strconv.ParseUint(string(rest[len(cpioMagic)+8*i:][:8]), 16, 32)
			if err != nil {
				return nil, fmt.Errorf("cpio: offset %d: field %d: %w", off, i, err)
			}
			field[i] = int(n)
		}
		mode, date, size, nameSize := field[1], field[5], field[6], field[11]
		start := cpioHeader + nameSize + (4-(cpioHeader+nameSize)%4)%4
		if nameSize < 1 || start+size > len(rest) {
			return nil, fmt.Errorf("cpio: offset %d: the entry goes beyond the end", off)
		}
		name := strings.TrimSuffix(string(rest[cpioHeader:][:nameSize]), "\x00")
		if name == cpioEnd {
			if len(rest) != start {
				return nil, errors.New("cpio: bytes follow the end")
			}
			return c, nil
		}
		if mode&^int(fs.ModePerm) != regular || field[2] != 0 || field[3] != 0 {
			return nil, fmt.Errorf("cpio: %s: mode %#o, owner %d:%d, want a file of 0:0", name, mode, field[2], field[3])
		}
		f := fileset.File{Path: strings.TrimPrefix(name, "./"), Mode: fs.FileMode(mode) & fs.ModePerm, Data: rest[start:][:size]}
		if err := c.add(f, time.Unix(int64(date), 0)); err != nil {
			return nil, fmt.Errorf("cpio: %w", err)
		}
		off += start + size + (4-(start+size)%4)%4
	}
}
