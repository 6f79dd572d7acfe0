// Package initramfs writes the first file system of Linux: an uncompressed cpio archive that the kernel unpacks into memory, and of which
// it starts /init as process 1. The bytes follow from the files alone: no dates, no owners, entries in the order of their names.
package initramfs

import (
	"bytes"
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

var console = cpio.Entry{Name: "dev/console", Mode: cpio.Device | 0o600, Major: 5, Minor: 1}

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
		"dev":        {Name: "dev", Mode: cpio.Directory | 0o755},
		console.Name: console,
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

// Files returns the regular files of an archive, in its order. It refuses what Build does not write.
func Files(archive []byte) ([]File, error) {
	var files []File
	err := cpio.Read(archive, func(e cpio.Entry) error {
		switch mode := e.Mode &^ uint32(fs.ModePerm); {
		case mode == cpio.Regular:
			files = append(files, File{"/" + e.Name, fs.FileMode(e.Mode) & fs.ModePerm, e.Data})
		case mode != cpio.Directory && e.Name != console.Name:
			return fmt.Errorf("%s: mode %#o, want a file, a directory or /%s", e.Name, e.Mode, console.Name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	again, err := Build(files)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, archive) {
		return nil, errors.New("initramfs: it has entries besides its files and their directories, or in another order: it was not made by uki")
	}
	return files, nil
}
