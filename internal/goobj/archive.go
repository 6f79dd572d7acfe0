package goobj

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// A Member is a file in an archive.
type Member struct {
	Name string // at most 16 bytes: the compiler's archives have no longer names, they are cut off
	Off  int64  // of Data in the archive
	Data []byte // shared with the archive
}

const (
	archiveMagic = "!<arch>\n"
	memberHeader = 60
	memberEnd    = "`\n"
)

func fault(name string, off int, format string, args ...any) error {
	return &FormatError{name, int64(off), fmt.Sprintf(format, args...)}
}

// IsArchive reports whether b begins as an archive does.
func IsArchive(b []byte) bool { return bytes.HasPrefix(b, []byte(archiveMagic)) }

// Members returns the files in the archive b; name is for messages.
func Members(name string, b []byte) ([]Member, error) {
	if !IsArchive(b) {
		return nil, fault(name, 0, "found %.20q, want an archive, which begins with %q", b[:min(len(b), 20)], archiveMagic)
	}
	var out []Member
	for off := len(archiveMagic); off < len(b); {
		h := b[off:]
		if len(h) < memberHeader || string(h[memberHeader-2:memberHeader]) != memberEnd {
			return nil, fault(name, off, "no header of an archive member, which has %d bytes and ends with %q", memberHeader, memberEnd)
		}
		field := strings.TrimRight(string(h[48:58]), " ")
		size, err := strconv.ParseUint(field, 10, 40)
		if err != nil || size > uint64(len(h)-memberHeader) {
			return nil, fault(name, off+48, "size %q of an archive member: want a number up to %d", field, len(h)-memberHeader)
		}
		from := off + memberHeader
		to := from + int(size)
		out = append(out, Member{Name: strings.TrimRight(string(h[:16]), " "), Off: int64(from), Data: b[from:to:to]})
		off = to + to%2
	}
	return out, nil
}
