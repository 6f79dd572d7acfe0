package archive

import (
	"archive/zip"
	"bytes"
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
	return buf.Bytes(), nil
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
	total := 0
	for _, f := range zr.File {
		if !f.Mode().IsRegular() || f.Mode()&^fs.ModePerm != 0 {
			return nil, fmt.Errorf("zip: %s: its mode is %v, want a regular file", f.Name, f.Mode())
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("zip: %s: %w", f.Name, err)
		}
		content, err := bounded(r)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("zip: %s: %w", f.Name, err)
		}
		if total += len(content); total > MaxSize {
			return nil, fmt.Errorf("zip: it expands to more than %d bytes", MaxSize)
		}
		if err := c.add(fileset.File{Path: f.Name, Mode: f.Mode(), Data: content}, f.Modified); err != nil {
			return nil, fmt.Errorf("zip: %w", err)
		}
	}
	return c, nil
}
