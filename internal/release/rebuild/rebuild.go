// Package rebuild compares a release with another build of it, file by file, and within archives member by member. It refuses nothing: it
// says what differs.
package rebuild

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/index"
)

// A Row is the comparison of one file.
type Row struct {
	Path   string
	Theirs string // SHA-256; empty where the file is missing
	Ours   string
	Detail string // of what differs in an archive
}

// Same reports whether the file is the same in both.
func (r Row) Same() bool { return r.Theirs == r.Ours }

// Compare returns a row for each file, sorted by path. Signatures are left out: who rebuilds has another key, or none.
func Compare(theirs, ours fs.FS) ([]Row, error) {
	a, err := read(theirs)
	if err != nil {
		return nil, err
	}
	b, err := read(ours)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	var out []Row
	for _, path := range slices.Sorted(maps.Keys(all)) {
		row := Row{Path: path, Theirs: sum(a, path), Ours: sum(b, path)}
		if !row.Same() && row.Theirs != "" && row.Ours != "" {
			row.Detail = detail(path, a[path], b[path])
		}
		out = append(out, row)
	}
	return out, nil
}

func read(fsys fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || signature(path) {
			return err
		}
		files[path], err = inputfile.ReadFS(fsys, path, inputfile.Data)
		return err
	})
	if err == nil && files[index.Sums] == nil {
		err = fmt.Errorf("there is no %s: is it the folder of a release?", index.Sums)
	}
	return files, err
}

func signature(path string) bool {
	return path == index.Sums+index.Minisign || path == index.Sums+index.SSH || strings.HasSuffix(path, index.Provenance+index.Bundle)
}

func sum(files map[string][]byte, path string) string {
	if data, ok := files[path]; ok {
		return index.Sum(data)
	}
	return ""
}

// detail returns which members of two archives differ, or from which byte two other files do.
func detail(path string, a, b []byte) string {
	format := archive.FormatOf(path)
	x, errX := archive.Read(format, a)
	y, errY := archive.Read(format, b)
	if format == "" || errX != nil || errY != nil {
		return firstDifference(a, b)
	}
	members := map[string][2]string{}
	for i, c := range []*archive.Contents{x, y} {
		for _, f := range c.Set.Files() {
			m := members[f.Path]
			m[i] = fmt.Sprintf("%v %s", f.Mode, index.Sum(f.Data))
			members[f.Path] = m
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch m := members[name]; {
		case m[0] == m[1]:
		case m[0] == "":
			out = append(out, name+" (only in yours)")
		case m[1] == "":
			out = append(out, name+" (only in theirs)")
		default:
			out = append(out, name)
		}
	}
	if out == nil {
		return "the same members, in another order, of another date or otherwise compressed"
	}
	return "members differ: " + strings.Join(out, ", ")
}

func firstDifference(a, b []byte) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	line := bytes.Count(a[:i], []byte("\n")) + 1
	return fmt.Sprintf("%d and %d bytes, the first difference is at offset %d (line %d)", len(a), len(b), i, line)
}
