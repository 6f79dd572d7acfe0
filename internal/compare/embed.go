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

// maxSummed bounds the bytes of all that looks like an embedded file, as a multiple of the program's.
const maxSummed = 8

func (r *reader) readEmbedded() error {
	r.expectFiles()
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
				if err := r.readFiles(b[at+embedHeader : end]); err != nil {
					return fmt.Errorf("%s: offset %#x: %w", r.f.Name, s.Off+at, err)
				}
			}
		}
	}
	return nil
}

// maxPath is how many bytes the name of an embedded file has at most: what Linux takes for a path.
const maxPath = 4096

func (r *reader) expectFiles() {
	r.summed, r.toSum = map[[16]byte]embeddedFile{}, maxSummed*len(r.f.Data)
}

// readFiles notes the files of one embed.FS, unless the entries are something else.
func (r *reader) readFiles(b []byte) error {
	files := map[string]string{}
	for ; len(b) >= embedEntry; b = b[embedEntry:] {
		raw, ok := r.bytesAt(b)
		if !ok || len(raw) > maxPath || bytes.IndexByte(raw, 0) >= 0 {
			return nil
		}
		name := string(raw)
		path, isFolder := strings.CutSuffix(name, "/")
		if !fs.ValidPath(path) {
			return nil
		}
		if isFolder {
			if [embedEntry - 16]byte(b[16:]) != [embedEntry - 16]byte{} {
				return nil
			}
			files[name] = "folder"
			continue
		}
		f, ok, err := r.embeddedFile(b[16:])
		if err != nil {
			return err
		}
		if !ok || f.hash != [16]byte(b[32:]) {
			return nil
		}
		files[name] = f.what
	}
	for name, what := range files {
		// Two variables may embed different files of one name.
		if have := r.embedded[name]; have != "" && have != what {
			what = min(have, what) + " and " + max(have, what)
		}
		r.embedded[name] = what
	}
	return nil
}

// An embeddedFile is what entries of embed.FS are compared by.
type embeddedFile struct {
	hash [16]byte
	what string
}

// embeddedFile returns the file whose address and length are at the start of b; ok is false where there is none. What merely looks like
// files may name the same megabytes again and again, so each is summed once, and all of them together are bounded.
func (r *reader) embeddedFile(b []byte) (f embeddedFile, ok bool, err error) {
	at := [16]byte(b)
	if f, ok = r.summed[at]; ok {
		return f, true, nil
	}
	data, ok := r.bytesAt(b)
	if !ok {
		return f, false, nil
	}
	if r.toSum -= len(data); r.toSum < 0 {
		return f, false, fmt.Errorf("what looks like embedded files overlaps: it has more than %d times the bytes of the program", maxSummed)
	}
	sum := sha256.Sum256(data)
	f = embeddedFile{embedHash(data), fmt.Sprintf("%d bytes, sha256:%s", len(data), hex.EncodeToString(sum[:]))}
	r.summed[at] = f
	return f, true, nil
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

// bytesAt returns the string whose address and length are at the start of b.
func (r *reader) bytesAt(b []byte) ([]byte, bool) {
	addr, n := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if n == 0 {
		return nil, true
	}
	data, err := r.f.Bytes(addr, n)
	return data, err == nil
}
