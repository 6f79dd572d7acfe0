package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// WriteTar writes folders and files, sorted by path, as a tar archive: owner 0, no names, one date (POSIX.1-2001, ustar
// where that suffices).
func WriteTar(w io.Writer, set *fileset.Set, date time.Time) error {
	return writeTar(w, "", set, date)
}

// WriteDotTar is WriteTar with "./" before every path, as dpkg-deb writes it.
func WriteDotTar(w io.Writer, set *fileset.Set, date time.Time) error {
	return writeTar(w, "./", set, date)
}

func writeTar(w io.Writer, prefix string, set *fileset.Set, date time.Time) error {
	tw := tar.NewWriter(w)
	folders := set.Folders()
	if prefix != "" {
		folders = append([]string{""}, folders...)
	}
	for _, dir := range folders {
		name := strings.TrimSuffix(prefix+dir, "/") + "/"
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: date}); err != nil {
			return err
		}
	}
	for _, f := range set.Files() {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: prefix + f.Path, Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data)), ModTime: date}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		if _, err := tw.Write(f.Data); err != nil {
			return err
		}
	}
	return tw.Close()
}

// ReadTar returns what a tar archive of WriteTar or WriteDotTar holds.
func ReadTar(data []byte) (*Contents, error) {
	in := bytes.NewReader(data)
	r := tar.NewReader(in)
	c := &Contents{}
	left := int64(len(data)) // bytes that files can still have: a sparse one says that it has more
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("tar: %w", err)
		}
		if left -= h.Size; left < 0 {
			return nil, fmt.Errorf("tar: %s: with it the files have more bytes than the archive, %d", h.Name, len(data))
		}
		if err := c.addTar(h, r); err != nil {
			return nil, fmt.Errorf("tar: %w", err)
		}
	}
	// What follows the end of the archive no program extracts.
	if rest := bytes.TrimRight(data[len(data)-in.Len():], "\x00"); len(rest) != 0 {
		return nil, fmt.Errorf("tar: %d bytes follow the end of the archive, want none", len(rest))
	}
	return c, nil
}

func (c *Contents) addTar(h *tar.Header, r io.Reader) error {
	if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" {
		return fmt.Errorf("%s: it belongs to %d:%d (%q, %q), want 0:0 without names", h.Name, h.Uid, h.Gid, h.Uname, h.Gname)
	}
	if h.Mode&^int64(fs.ModePerm) != 0 {
		return fmt.Errorf("%s: its mode is %#o, want permission bits alone", h.Name, h.Mode)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if h.Mode != 0o755 {
			return fmt.Errorf("%s: its mode is %#o, want 0755", h.Name, h.Mode)
		}
		return nil
	case tar.TypeReg:
	default:
		return fmt.Errorf("%s: it is an entry of type %q, want files and folders", h.Name, h.Typeflag)
	}
	data := make([]byte, h.Size)
	if _, err := io.ReadFull(r, data); err != nil {
		return fmt.Errorf("%s: %w", h.Name, err)
	}
	return c.add(fileset.File{Path: strings.TrimPrefix(h.Name, "./"), Mode: fs.FileMode(h.Mode), Data: data}, h.ModTime)
}
