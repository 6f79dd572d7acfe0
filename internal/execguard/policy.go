package execguard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elfsign"
)

// DefaultMaxFile is the size in bytes of the largest file that is judged by default. A verdict needs about three times the size as memory.
const DefaultMaxFile = 128 << 20

// A Policy says which contents may be executed. The zero Policy refuses everything.
type Policy struct {
	Trust   elfsign.Trust
	Allowed map[[sha256.Size]byte]bool
	MaxFile int64            // size in bytes of the largest file; larger ones are refused
	Now     func() time.Time // when certificates have to be valid; nil leaves that out, as the kernel does for modules
}

// A Verdict says whether a file may be executed, and why.
type Verdict struct {
	Allowed bool
	Reason  string
	SHA256  string // of the whole file in hexadecimal, empty for one that was not read
	Signer  string // who is trusted and signed it, empty for others
}

// AddAllowed adds the digests of a list as sha256sum writes it: 64 hexadecimal digits, two spaces or a space and an asterisk, and a name,
// which says nothing. Empty lines and lines that begin with # count for nothing.
func (p *Policy) AddAllowed(name string, list []byte) error {
	n := 0
	for line := range strings.Lines(string(list)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		digits, rest, _ := strings.Cut(line, " ")
		var digest [sha256.Size]byte
		if raw, err := hex.DecodeString(digits); err != nil || copy(digest[:], raw) != len(digest) || len(raw) != len(digest) ||
			(rest != "" && rest[0] != ' ' && rest[0] != '*') {
			return fmt.Errorf("%s:%d: %q, want a SHA-256 in hexadecimal and the name of the file, as sha256sum writes them", name, n, line)
		}
		if p.Allowed == nil {
			p.Allowed = map[[sha256.Size]byte]bool{}
		}
		p.Allowed[digest] = true
	}
	return nil
}

// Judge reads the file and decides. The caller sees to it that nobody changes the file meanwhile. It returns a verdict, never a panic,
// whatever the file holds.
func (p *Policy) Judge(f *os.File) (v Verdict) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // the file is mapped, and its device may fail
	defer func() {
		if r := recover(); r != nil {
			v = Verdict{Reason: fmt.Sprintf("it could not be read to its end: %v", r)}
		}
	}()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Verdict{Reason: reason(f, err)}
	case !info.Mode().IsRegular():
		return Verdict{Reason: "it is no regular file"}
	case info.Size() > p.MaxFile:
		return Verdict{Reason: fmt.Sprintf("it has %d bytes, more than the %d of --max-file", info.Size(), p.MaxFile)}
	}
	hash := sha256.New()
	if n, err := io.Copy(hash, io.NewSectionReader(f, 0, info.Size())); err != nil || n != info.Size() {
		return Verdict{Reason: fmt.Sprintf("it could not be read: %d of %d bytes, %v", n, info.Size(), err)}
	}
	digest := [sha256.Size]byte(hash.Sum(nil))
	v.SHA256 = hex.EncodeToString(digest[:])
	if p.Allowed[digest] {
		v.Allowed, v.Reason = true, "its digest is on the list"
		return v
	}
	v.Signer, err = p.signer(f)
	if err != nil {
		v.Reason = reason(f, err)
		return v
	}
	v.Allowed, v.Reason = true, "it is signed"
	return v
}

// signer returns who of the trusted ones signed the program.
func (p *Policy) signer(f *os.File) (string, error) {
	var magic [4]byte
	if n, err := f.ReadAt(magic[:], 0); err != nil && n == 0 && !errors.Is(err, io.EOF) {
		return "", err
	}
	switch {
	case bytes.HasPrefix(magic[:], []byte("#!")):
		return "", errors.New("it is a script, which has no signature, and its digest is not on the list")
	case string(magic[:]) != "\x7fELF":
		return "", errors.New("it is no ELF file, and its digest is not on the list")
	}
	file, err := elf.Map(f)
	if err != nil {
		return "", err
	}
	defer file.Close()
	program, err := elfsign.Read(file)
	if err != nil {
		return "", err
	}
	var now time.Time
	if p.Now != nil {
		now = p.Now()
	}
	verdicts, err := p.Trust.Verify(f.Name(), program.Content, program.Signatures, now)
	if err != nil {
		return "", err
	}
	for _, v := range verdicts {
		if v.Trusted {
			return v.Signer, nil
		}
	}
	return "", errors.New("nobody who signed it is trusted") // Verify has refused that
}

// reason returns what err says without the name of the file, which is recorded beside it.
func reason(f *os.File, err error) string {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Op + ": " + e.Err.Error()
	}
	return strings.ReplaceAll(err.Error(), f.Name()+": ", "")
}
