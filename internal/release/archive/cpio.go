package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/cpio"
	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// # cpio
//
// What RPM has as its payload. RPM wants "./" before every path.

func writeCPIO(set *fileset.Set, date time.Time) []byte {
	var out []byte
	for i, f := range set.Files() {
		out = cpio.Append(out, cpio.Entry{Name: "./" + f.Path, Mode: cpio.Regular | uint32(f.Mode), Inode: i + 1, Date: date.Unix(), Data: f.Data})
	}
	return cpio.End(out)
}

func readCPIO(data []byte) (*Contents, error) {
	c := &Contents{}
	for off := 0; ; {
		rest := data[min(off, len(data)):]
		if len(rest) < cpio.HeaderSize || string(rest[:len(cpio.Magic)]) != cpio.Magic {
			return nil, fmt.Errorf("cpio: offset %d: no entry", off)
		}
		var field [cpio.Fields]int
		for i := range field {
			n, err := strconv.ParseUint(string(rest[len(cpio.Magic)+8*i:][:8]), 16, 32)
			if err != nil {
				return nil, fmt.Errorf("cpio: offset %d: field %d: %w", off, i, err)
			}
			field[i] = int(n)
		}
		mode, date, size, nameSize := field[1], field[5], field[6], field[11]
		start := cpio.HeaderSize + nameSize + (4-(cpio.HeaderSize+nameSize)%4)%4
		if nameSize < 1 || start+size > len(rest) {
			return nil, fmt.Errorf("cpio: offset %d: the entry goes beyond the end", off)
		}
		name := strings.TrimSuffix(string(rest[cpio.HeaderSize:][:nameSize]), "\x00")
		if name == cpio.Trailer {
			if len(rest) != start {
				return nil, errors.New("cpio: bytes follow the end")
			}
			return c, nil
		}
		if mode&^int(fs.ModePerm) != cpio.Regular || field[2] != 0 || field[3] != 0 {
			return nil, fmt.Errorf("cpio: %s: mode %#o, owner %d:%d, want a file of 0:0", name, mode, field[2], field[3])
		}
		f := fileset.File{Path: strings.TrimPrefix(name, "./"), Mode: fs.FileMode(mode) & fs.ModePerm, Data: rest[start:][:size]}
		if err := c.add(f, time.Unix(int64(date), 0)); err != nil {
			return nil, fmt.Errorf("cpio: %w", err)
		}
		off += start + size + (4-(start+size)%4)%4
	}
}
