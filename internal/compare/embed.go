package compare

// # Embedded files
//
// A variable of type embed.FS points to a slice of files that precedes its
// elements (cmd/compile/internal/staticdata/embed.go, WriteEmbed):
//
//	offset  0  address of offset 24, count, count
//	offset 24  for each file 48 bytes: name and data, both strings (address, length),
//	           and 16 bytes of a hash of the data; for a folder, whose name ends with a
//	           slash, no data and zeros
//
// The hash is SHA-256 with the first byte inverted for up to 1,024 bytes of data, else
// SHA-256 of a byte 1 and the data (cmd/internal/hash, Sum32 and New32).
// So they are found without symbols. A file embedded as a string is one of the
// program's strings; one embedded as bytes is data.

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

const (
	embedHeader = 24
	embedEntry  = 48
)

func (r *reader) readEmbedded() error {
	for i := range r.f.Sections {
		s := &r.f.Sections[i]
		flags := elf.SectionFlag(s.Flags)
		if flags&elf.SHF_ALLOC == 0 || flags&elf.SHF_EXECINSTR != 0 || s.Str == goabi.PCLnTab {
			continue
		}
		b, err := r.f.SectionData(s)
		if err != nil {
			return err
		}
		for at := -s.Addr & 7; at+embedHeader+embedEntry <= uint64(len(b)); at += 8 {
			word := func(off uint64) uint64 { return binary.LittleEndian.Uint64(b[at+off:]) }
			n := word(8)
			if word(0) != s.Addr+at+embedHeader || n == 0 || n != word(16) || n > uint64(len(b))/embedEntry {
				continue
			}
			if end := at + embedHeader + n*embedEntry; end <= uint64(len(b)) {
				r.readFiles(b[at+embedHeader : end])
			}
		}
	}
	return nil
}

// readFiles notes the files of one embed.FS, unless the entries are something else.
func (r *reader) readFiles(b []byte) {
	files := map[string]string{}
	for ; len(b) >= embedEntry; b = b[embedEntry:] {
		// What is none of it often gives a large part of the program for a name: no copy of it, and no look at all of it.
		text, ok := r.bytesAt(b)
		if !ok || bytes.IndexByte(text, 0) >= 0 {
			return
		}
		name := string(text)
		path, isFolder := strings.CutSuffix(name, "/")
		if !fs.ValidPath(path) {
			return
		}
		if isFolder {
			if [embedEntry - 16]byte(b[16:]) != [embedEntry - 16]byte{} {
				return
			}
			files[name] = "folder"
			continue
		}
		data, ok := r.bytesAt(b[16:])
		if !ok || embedHash(data) != [16]byte(b[32:]) {
			return
		}
		sum := sha256.Sum256(data)
		files[name] = fmt.Sprintf("%d bytes, sha256:%s", len(data), hex.EncodeToString(sum[:]))
	}
	for name, what := range files {
		// Two variables may embed different files of one name.
		if have := r.embedded[name]; have != "" && have != what {
			what = min(have, what) + " and " + max(have, what)
		}
		r.embedded[name] = what
	}
}

// embedHash is the hash of an embedded file.
func embedHash(data []byte) [16]byte {
	h := sha256.New()
	if len(data) > 1024 {
		h.Write([]byte{1})
	}
	h.Write(data)
	sum := [16]byte(h.Sum(nil))
	if len(data) <= 1024 {
		sum[0] ^= 0xff
	}
	return sum
}

// bytesAt returns the bytes of the string whose address and length are at the start of b.
func (r *reader) bytesAt(b []byte) ([]byte, bool) {
	addr, n := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if n == 0 {
		return nil, true
	}
	data, err := r.f.Bytes(addr, n)
	return data, err == nil
}
