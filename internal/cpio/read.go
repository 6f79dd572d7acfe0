package cpio

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxName is the longest name that Read takes, in bytes (PATH_MAX, with the zero byte).
const maxName = 4096

// Read calls add for the entries of an archive in their order, without the trailer. It refuses an archive with bytes after that, other
// numbers than Append writes for links, owners and checksum, and padding with anything but zero. The data of an entry is part of archive.
func Read(archive []byte, add func(Entry) error) error {
	for off := 0; ; {
		rest := archive[min(off, len(archive)):]
		if len(rest) < HeaderSize || string(rest[:len(Magic)]) != Magic {
			return fmt.Errorf("cpio: offset %d: no entry", off)
		}
		var field [Fields]int
		for i := range field {
			text := string(rest[len(Magic)+8*i:][:8])
			n, err := strconv.ParseUint(text, 16, 32)
			if err != nil || text != fmt.Sprintf("%08x", n) {
				return fmt.Errorf("cpio: offset %d: field %d: %q, want 8 hexadecimal digits in lower case", off, i, text)
			}
			field[i] = int(n)
		}
		size, nameSize := field[6], field[11]
		start := alignUp(HeaderSize + nameSize)
		end := start + alignUp(size)
		if nameSize < 1 || nameSize > maxName || end > len(rest) {
			return fmt.Errorf("cpio: offset %d: a name of %d bytes and data of %d bytes, and %d bytes are left for both", off, nameSize, size,
				len(rest)-HeaderSize)
		}
		name := string(rest[HeaderSize:][:nameSize-1])
		if padding := string(rest[HeaderSize+nameSize-1:start]) + string(rest[start+size:end]); strings.Trim(padding, "\x00") != "" ||
			strings.ContainsRune(name, 0) {
			return fmt.Errorf("cpio: offset %d: %q: name or padding are not as cpio(5) has them", off, name)
		}
		off += end
		if name == Trailer {
			if off != len(archive) || string(rest) != string(End(nil)) {
				return errors.New("cpio: bytes follow the end, or it has data")
			}
			return nil
		}
		if field[2] != 0 || field[3] != 0 || field[4] != 1 || field[7] != 0 || field[8] != 0 || field[12] != 0 {
			return fmt.Errorf("cpio: %s: owner %d:%d, links %d, device %d:%d, checksum %d; want 0:0, 1, 0:0, 0", name, field[2], field[3],
				field[4], field[7], field[8], field[12])
		}
		e := Entry{Name: name, Inode: field[0], Mode: uint32(field[1]), Date: int64(field[5]), Major: field[9], Minor: field[10],
			Data: rest[start:][:size]}
		if err := add(e); err != nil {
			return fmt.Errorf("cpio: %w", err)
		}
	}
}

func alignUp(n int) int { return (n + 3) &^ 3 }
