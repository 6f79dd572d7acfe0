package gobin

// # Build information
//
// The linker writes a blob with the Go version and the module information into
// the section .go.buildinfo (cmd/link/internal/ld/data.go, (*Link).buildinfo;
// read by debug/buildinfo):
//
//	offset  0  14 bytes  "\xff Go buildinf:"
//	offset 14   1 byte   pointer size; unused since Go 1.18
//	offset 15   1 byte   flags: bit 0 big endian, bit 1 strings are inline
//	offset 32            since Go 1.18: uvarint length and bytes of the version,
//	                     then uvarint length and bytes of the module information
//
// The module information is framed by two 16-byte sentinels
// (cmd/go/internal/modload/build.go, infoStart and infoEnd). It is missing when
// nothing told the linker about modules; the version is always there.
//
// debug/buildinfo reads this through debug/elf, which says of itself that it is
// not hardened against hostile files. Here the checked tables of internal/elf
// find the blob, and only the text goes to the standard library's parser.
//
// debug/buildinfo looks at the section first and then, in a file without that
// section, at the first non-empty writable segment (elfExe.DataStart). So does
// this reader: what it cannot find, `go version -m` cannot find either.

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"runtime/debug"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

const (
	buildInfoMagic   = "\xff Go buildinf:"
	buildInfoAlign   = 16
	buildInfoHeader  = 32
	buildInfoInline  = 2       // flag: the strings follow the header
	maxBuildInfoText = 4 << 20 // bytes; cmd/go itself, with 20 modules, has 2 KB
	moduleFrame      = 16      // bytes of the sentinel before and after the text
)

// ReadBuildInfo returns the build information of f. In a program whose build
// system recorded only the Go version all other members are empty.
//
// The error is ErrNotGo when there is none and a *FormatError when what is there
// cannot be read.
func ReadBuildInfo(f *goelf.File) (*debug.BuildInfo, error) {
	blob, off, ok := buildInfoBlob(f)
	if !ok {
		return nil, notGo(f, "no Go build information")
	}
	if blob[15]&buildInfoInline == 0 {
		return nil, errorf(f, off+15, "build information has flags %#x, want bit 1 set: it is of a Go version before 1.18", blob[15])
	}
	version, rest, ok := lengthPrefixed(blob[buildInfoHeader:])
	if !ok {
		return nil, errorf(f, off+buildInfoHeader, "the length of the Go version goes beyond the build information (%d bytes are left)", len(blob)-buildInfoHeader)
	}
	if len(version) == 0 {
		return nil, errorf(f, off+buildInfoHeader, "the Go version is empty")
	}
	mod, _, ok := lengthPrefixed(rest)
	if !ok {
		return nil, errorf(f, off, "the length of the module information goes beyond the build information (%d bytes are left)", len(rest))
	}
	if len(mod) >= 2*moduleFrame+1 && mod[len(mod)-moduleFrame-1] == '\n' {
		mod = mod[moduleFrame : len(mod)-moduleFrame]
	} else {
		mod = nil
	}
	info, err := debug.ParseBuildInfo(string(mod))
	if err != nil {
		return nil, errorf(f, off, "module information: %v", err)
	}
	info.GoVersion = string(version)
	return info, nil
}

// buildInfoBlob returns the bytes from the build information's magic number to
// the end of its section or segment, at least a header, and their file offset.
func buildInfoBlob(f *goelf.File) (blob []byte, off uint64, ok bool) {
	var area []byte
	if s := f.Section(goabi.BuildInfo); s != nil {
		area, _ = f.SectionData(s)
		off = s.Off
	} else {
		for p, data := range segments(f, elf.PF_X|elf.PF_W, elf.PF_W) {
			area, off = data, p.Off
			break
		}
	}
	for i := 0; ; {
		next := bytes.Index(area[i:], []byte(buildInfoMagic))
		if next < 0 {
			return nil, 0, false
		}
		i += next
		if i%buildInfoAlign == 0 && len(area)-i >= buildInfoHeader {
			return area[i:], off + uint64(i), true
		}
		i++
	}
}

// lengthPrefixed splits b into a string that follows its uvarint length and the rest.
func lengthPrefixed(b []byte) (s, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n > maxBuildInfoText || n > uint64(len(b)-width) {
		return nil, nil, false
	}
	return b[width : width+int(n)], b[width+int(n):], true
}

// Setting returns the value of a build setting such as "CGO_ENABLED" or
// "-trimpath", and whether the build system recorded it.
func Setting(info *debug.BuildInfo, key string) (string, bool) {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value, true
		}
	}
	return "", false
}
