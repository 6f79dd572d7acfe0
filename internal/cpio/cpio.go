// Package cpio writes archives in the "new ASCII" format of cpio(5): RPM's payload, and what Linux unpacks as its initramfs
// (Documentation/driver-api/early-userspace/buffer-format.rst). It reads none.
package cpio

import "fmt"

const (
	// Magic begins every entry. 13 numbers of 8 hexadecimal digits follow it, then the name with a zero byte, then the data. Name and
	// data each end at a multiple of 4 bytes.
	Magic = "070701"
	// Fields is the count of numbers.
	Fields = 13
	// HeaderSize is the size of an entry before its name, in bytes.
	HeaderSize = len(Magic) + 8*Fields
	// Trailer is the name of the entry that ends an archive.
	Trailer = "TRAILER!!!"
)

// Types of files, of which one is set in Mode (stat(2)).
const (
	Device    = 0o020000 // a character device
	Directory = 0o040000
	Regular   = 0o100000
	Link      = 0o120000 // a symbolic link: the data is its target
)

// An Entry is one file of an archive. Its owner is 0:0.
type Entry struct {
	Name         string
	Mode         uint32 // type and permissions
	Inode        int
	Date         int64 // seconds since 1970
	Major, Minor int   // of a device
	Data         []byte
}

// Append adds e to an archive. A name or data of 4 GiB or more has no place in the format: the caller sees to that.
func Append(archive []byte, e Entry) []byte {
	const links = 1
	archive = append(archive, Magic...)
	for _, field := range [Fields]int64{
		int64(e.Inode), int64(e.Mode), 0, 0, links, e.Date, int64(len(e.Data)), 0, 0, int64(e.Major), int64(e.Minor),
		int64(len(e.Name) + 1), 0,
	} {
		archive = fmt.Appendf(archive, "%08x", field)
	}
	archive = pad(append(append(archive, e.Name...), 0))
	return pad(append(archive, e.Data...))
}

// End adds the last entry to an archive.
func End(archive []byte) []byte { return Append(archive, Entry{Name: Trailer}) }

// pad appends zero bytes up to a multiple of 4.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
