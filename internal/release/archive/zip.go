package archive

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// zipEpoch is the first date that a zip archive can hold (APPNOTE 4.4.6).
var zipEpoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func writeZip(set *fileset.Set, date time.Time) ([]byte, error) {
	if date.Before(zipEpoch) {
		return nil, fmt.Errorf("zip: the date %s is before %s, the first that the format holds",
			date.Format(time.RFC3339), zipEpoch.Format(time.RFC3339))
	}
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	zw.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) })
	for _, f := range set.Files() {
		h := &zip.FileHeader{Name: f.Path, Method: zip.Deflate, Modified: date}
		h.SetMode(f.Mode.Perm())
		w, err := zw.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, err
		}
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	size := 0
	for _, f := range set.Files() {
		size += len(f.Data)
	}
	return checked(size, buf.Bytes())
}

func readZip(data []byte) (*Contents, error) {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	if zr.Comment != "" {
		return nil, fmt.Errorf("zip: it has a comment of %d bytes, want none", len(zr.Comment))
	}
	c := &Contents{}
	left := uint64(Most(len(data)))
	for _, f := range zr.File {
		if !f.Mode().IsRegular() || f.Mode()&^fs.ModePerm != 0 {
			return nil, fmt.Errorf("zip: %s: its mode is %v, want a regular file", f.Name, f.Mode())
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("zip: %d bytes expand to more than %d", len(data), Most(len(data)))
		}
		left -= f.UncompressedSize64
		content, err := unzip(f)
		if err != nil {
			return nil, fmt.Errorf("zip: %s: %w", f.Name, err)
		}
		if err := c.add(fileset.File{Path: f.Name, Mode: f.Mode(), Data: content}, f.Modified); err != nil {
			return nil, fmt.Errorf("zip: %w", err)
		}
	}
	return c, nil
}

// unzip returns the contents of a file of an archive: as many bytes as it says, which the caller has found to be few enough.
func unzip(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out := make([]byte, f.UncompressedSize64)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, err
	}
	// The end of the stream is where its checksum is compared.
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("its end is not after the %d bytes that it says: %w", len(out), cmp.Or(err, zip.ErrFormat))
	}
	return out, nil
}
