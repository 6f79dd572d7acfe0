package cmdlink

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// An Archive is a compiled package other than main.
type Archive struct {
	ImportPath string // as source files import it
	PkgPath    string // as the compiler was told by -p ("importmap" in Bazel rules); unique in a link
	File       string // the .a file
	Label      string // the build target, for messages
}

// ParseArchive parses "importpath=pkgpath=file=label". Only label may hold '='.
func ParseArchive(s string) (Archive, error) {
	f := strings.SplitN(s, "=", 4)
	if len(f) != 4 || f[0] == "" || f[1] == "" || f[2] == "" {
		return Archive{}, fmt.Errorf("archive %q: want importpath=importmap=file=label", s)
	}
	return Archive{ImportPath: f[0], PkgPath: f[1], File: f[2], Label: f[3]}, nil
}

// An ObjectHeader is the first line of a Go object file,
// "go object GOOS GOARCH VERSION [GOAMD64=v1 …] [X:experiments]".
type ObjectHeader struct {
	GOOS, GOARCH, Version string
}

const (
	arMagic      = "!<arch>\n"
	arHeaderSize = 60
	objectPrefix = "go object "
	// maxHeaderLine bounds the search for the end of the header line.
	maxHeaderLine = 1024
)

// ReadObjectHeader reads the header line of the first member of the Go archive
// file.
func ReadObjectHeader(file string) (ObjectHeader, error) {
	f, err := os.Open(file)
	if err != nil {
		return ObjectHeader{}, err
	}
	defer f.Close()
	buf := make([]byte, len(arMagic)+arHeaderSize+maxHeaderLine)
	n, err := io.ReadFull(f, buf)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return ObjectHeader{}, err
	}
	return parseObjectHeader(file, buf[:n])
}

func parseObjectHeader(file string, b []byte) (ObjectHeader, error) {
	if !bytes.HasPrefix(b, []byte(arMagic)) || len(b) < len(arMagic)+arHeaderSize {
		return ObjectHeader{}, fmt.Errorf("%s: offset 0: found %q, want an archive (%q) made by the Go compiler", file, b[:min(len(b), 8)], arMagic)
	}
	b = b[len(arMagic)+arHeaderSize:]
	line, _, ok := bytes.Cut(b, []byte("\n"))
	rest, isGo := strings.CutPrefix(string(line), objectPrefix)
	if !ok || !isGo {
		return ObjectHeader{}, fmt.Errorf("%s: offset %d: found %.40q, want %q: not an archive made by the Go compiler",
			file, len(arMagic)+arHeaderSize, line, objectPrefix)
	}
	f := strings.Fields(rest)
	if len(f) < 3 {
		return ObjectHeader{}, fmt.Errorf("%s: header line %q: want GOOS, GOARCH and version after %q", file, line, objectPrefix)
	}
	return ObjectHeader{GOOS: f[0], GOARCH: f[1], Version: f[2]}, nil
}
