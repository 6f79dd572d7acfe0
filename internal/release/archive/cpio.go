package archive

import (
	"fmt"
	"io/fs"
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
		out = cpio.Append(out, cpio.Entry{Name: "./" + f.Path, Mode: cpio.Regular | uint32(f.Mode), Inode: i + 1, Date: date.Unix(),
			Data: f.Data})
	}
	return cpio.End(out)
}

func readCPIO(data []byte) (*Contents, error) {
	c := &Contents{}
	err := cpio.Read(data, func(e cpio.Entry) error {
		if e.Mode&^uint32(fs.ModePerm) != cpio.Regular {
			return fmt.Errorf("%s: mode %#o, want a regular file", e.Name, e.Mode)
		}
		f := fileset.File{Path: strings.TrimPrefix(e.Name, "./"), Mode: fs.FileMode(e.Mode) & fs.ModePerm, Data: e.Data}
		return c.add(f, time.Unix(e.Date, 0))
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}
