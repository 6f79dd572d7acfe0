// Package initramfs writes the first file system of Linux: an uncompressed cpio archive that the kernel unpacks into memory, and of which
// it starts /init as process 1. The bytes follow from the files alone: no dates, no owners, entries in the order of their names.
package initramfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/cpio"
)

// MaxSize is the most bytes that an archive may have: 1 GiB, which is more than firmware loads on the machines that we know.
const MaxSize = 1 << 30

// maxName is the longest path that the kernel takes, in bytes (PATH_MAX, with the zero byte).
const maxName = 4096

// A File is a regular file of the file system.
type File struct {
	Path string      // absolute, such as /init, without ".", ".." and empty elements
	Mode fs.FileMode // permissions
	Data []byte
}

// Build returns an archive with the files, the directories that they are in (mode 0755), and /dev/console, by which the kernel gives
// /init its input and output. It refuses two files of one path, a file where another needs a directory, and a file system without an
// executable /init.
func Build(files []File) ([]byte, error) {
	entries := map[string]cpio.Entry{
		"dev":         {Name: "dev", Mode: cpio.Directory | 0o755},
		"dev/console": {Name: "dev/console", Mode: cpio.Device | 0o600, Major: 5, Minor: 1},
	}
	size := 0
	for _, f := range files {
		name := strings.TrimPrefix(f.Path, "/")
		if name == f.Path || name == "" || path.Clean(f.Path) != f.Path || len(name) >= maxName || strings.ContainsRune(name, 0) ||
			name == cpio.Trailer {
			return nil, fmt.Errorf("initramfs: path %q: want an absolute path without \".\", \"..\" and empty elements, such as /bin/server",
				f.Path)
		}
		if f.Mode&^fs.ModePerm != 0 {
			return nil, fmt.Errorf("initramfs: %s: mode %v, want permissions alone", f.Path, f.Mode)
		}
		if _, ok := entries[name]; ok {
			return nil, fmt.Errorf("initramfs: %s: it is there twice, or another file's directory; give it another path", f.Path)
		}
		entries[name] = cpio.Entry{Name: name, Mode: cpio.Regular | uint32(f.Mode), Data: f.Data}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			e, ok := entries[dir]
			if ok && e.Mode&cpio.Directory == 0 {
				return nil, fmt.Errorf("initramfs: %s: /%s is a file, want a directory; give one of them another path", f.Path, dir)
			}
			entries[dir] = cpio.Entry{Name: dir, Mode: cpio.Directory | 0o755}
		}
		if size += len(f.Data); size > MaxSize {
			return nil, fmt.Errorf("initramfs: the files have more than %d MiB together, up to %s; leave some out", MaxSize>>20, f.Path)
		}
	}
	if init, ok := entries["init"]; !ok || init.Mode&cpio.Regular == 0 || init.Mode&0o111 == 0 {
		return nil, errors.New("initramfs: no executable file /init, which the kernel starts; add a static program under that path")
	}
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names) // a directory comes before what is in it
	var archive []byte
	for i, name := range names {
		e := entries[name]
		e.Inode = i + 1
		archive = cpio.Append(archive, e)
	}
	return cpio.End(archive), nil
}
