package goobj

import (
	"bytes"
	"fmt"
	"strings"
)

// A Header is the text line that begins every Go object,
// "go object GOOS GOARCH VERSION [GOAMD64=v1 …] [X:experiments]".
type Header struct {
	GOOS, GOARCH string
	Version      string // Go release, such as "go1.26.8"
	Level        string // instruction set level, such as "GOAMD64=v1"; "" for none
}

const (
	headerPrefix = "go object "
	// maxHeaderLine bounds the search for the end of the line.
	maxHeaderLine = 1024
)

// ParseHeader reads the header line at the start of b and returns what follows it.
// The error does not name the file.
func ParseHeader(b []byte) (h Header, rest []byte, err error) {
	end := bytes.IndexByte(b[:min(len(b), maxHeaderLine)], '\n')
	line := string(b[:max(end, 0)])
	text, isGo := strings.CutPrefix(line, headerPrefix)
	if !isGo {
		return Header{}, nil, fmt.Errorf("found %.40q, want a line that begins with %q: not made by the Go compiler or assembler", b[:min(len(b), 40)], headerPrefix)
	}
	f := strings.Fields(text)
	if len(f) < 3 {
		return Header{}, nil, fmt.Errorf("header line %q: want GOOS, GOARCH and version after %q", line, headerPrefix)
	}
	h = Header{GOOS: f[0], GOARCH: f[1], Version: f[2]}
	if len(f) > 3 && strings.HasPrefix(f[3], "GO") && strings.Contains(f[3], "=") {
		h.Level = f[3]
	}
	return h, b[end+1:], nil
}
