package cmdlink

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// An Archive is a compiled package other than main.
type Archive struct {
	ImportPath string // as source files import it
	PkgPath    string // as the compiler was told by -p ("importmap" in Bazel rules); unique in a link
	File       string // the .a file
	Label      string // the build target, for messages
}

// ParseArchive parses the fields importpath, importmap, file and label, with a tab between them.
func ParseArchive(s string) (Archive, error) {
	f := strings.Split(s, "\t")
	if len(f) != 4 || f[0] == "" || f[1] == "" || f[2] == "" {
		return Archive{}, fmt.Errorf("archive %q: want importpath, importmap, file and label with a tab between them", s)
	}
	return Archive{ImportPath: f[0], PkgPath: f[1], File: f[2], Label: f[3]}, nil
}

const (
	arMagic      = "!<arch>\n"
	arHeaderSize = 60
	// firstBytes bounds what is read of an archive: up to its first member's
	// header line.
	firstBytes = len(arMagic) + arHeaderSize + 1024
)

// ReadObjectHeader reads the header line of the first member of the Go archive
// file.
func ReadObjectHeader(file string) (goobj.Header, error) {
	f, err := inputfile.Open(file)
	if err != nil {
		return goobj.Header{}, err
	}
	defer f.Close()
	buf := make([]byte, firstBytes)
	n, err := io.ReadFull(f, buf)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return goobj.Header{}, err
	}
	return parseObjectHeader(file, buf[:n])
}

func parseObjectHeader(file string, b []byte) (goobj.Header, error) {
	if !bytes.HasPrefix(b, []byte(arMagic)) || len(b) < len(arMagic)+arHeaderSize {
		return goobj.Header{}, fmt.Errorf("%s: offset 0: found %q, want an archive (%q) made by the Go compiler", file, b[:min(len(b), 8)], arMagic)
	}
	h, _, err := goobj.ParseHeader(b[len(arMagic)+arHeaderSize:])
	if err != nil {
		return goobj.Header{}, fmt.Errorf("%s: offset %d: %w", file, len(arMagic)+arHeaderSize, err)
	}
	return h, nil
}
