package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// What readers refuse is not written.
func TestNoBombs(t *testing.T) {
	set := &fileset.Set{}
	if err := set.Add(fileset.File{Path: "zeros", Mode: 0o644, Data: make([]byte, 16<<20)}); err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats {
		if data, err := Write(format, set, date); err == nil || data != nil || !strings.Contains(err.Error(), "which readers refuse as a bomb") {
			t.Errorf("%s: %d bytes, error %v", format, len(data), err)
		}
	}
}

// What expands to too much is refused before there is memory for it, and streams that say less than they have are damaged.
func TestExpandBounded(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range 512 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
	fuzztest.Bounded(t, b.Len(), 1, func() {
		if out, err := Gunzip(b.Bytes()); err == nil || out != nil || !strings.Contains(err.Error(), "expand to more than") {
			t.Errorf("%d bytes, error %v", len(out), err)
		}
	})
	size := int(Most(1000)) - 100
	if out, err := Gunzip(append(gzipOf(t, make([]byte, size)), 0)); err == nil || out != nil {
		t.Errorf("with a byte after it: %d bytes", len(out))
	}
	for n := range 5 { // the last block of a stream may have no bytes, as after a multiple of 32 KiB
		n <<= 15
		if out, err := Gunzip(gzipOf(t, make([]byte, n))); err != nil || len(out) != n {
			t.Errorf("%d bytes: error %v, %d bytes", n, err, len(out))
		}
	}
	if out, err := Gunzip(gzipOf(t, make([]byte, size))); err != nil || len(out) != size {
		t.Errorf("%d bytes, want %d: %v", len(out), size, err)
	}
}

func gzipOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A sparse file (PAX format 1.0 of GNU tar) has more bytes than the archive, all zeros.
func TestSparseTar(t *testing.T) {
	var out []byte
	add := func(name string, flag byte, data string) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(data))
		w.Flush()
		header := b.Bytes()
		header[156] = flag
		sum := 0
		copy(header[148:], "        ")
		for _, c := range header[:512] {
			sum += int(c)
		}
		copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
		out = append(out, header...)
	}
	const size = 1 << 40
	records := ""
	for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=zeros", fmt.Sprintf("GNU.sparse.realsize=%d", size)} {
		records += fmt.Sprintf("%d %s\n", len(r)+4, r)
	}
	add("pax", tar.TypeXHeader, records)
	add("zeros", tar.TypeReg, fmt.Sprintf("%-512s", fmt.Sprintf("1\n%d\n0\n", size)))
	out = append(out, make([]byte, 1024)...)
	if h, err := tar.NewReader(bytes.NewReader(out)).Next(); err != nil || h.Size != size {
		t.Fatalf("no sparse file: %v, %v", h, err)
	}
	fuzztest.Bounded(t, len(out), 1, func() {
		if c, err := ReadTar(out); err == nil || c != nil || !strings.Contains(err.Error(), "more bytes than the archive") {
			t.Errorf("%v, error %v", c, err)
		}
	})
}
