// Package fileset holds the files that a release puts into its archives, packages and images. It refuses paths that
// leave the archive, and two files of one path.
package fileset

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A File is a regular file.
type File struct {
	Path string      // relative, with slashes
	Mode fs.FileMode // permission bits
	Data []byte
}

// A Set is files of different paths. The zero value is empty.
type Set struct {
	files []File
}

// Add puts a file into the set. The error names the path and says what is wrong with it.
func (s *Set) Add(f File) error {
	if !fs.ValidPath(f.Path) || f.Path == "." || strings.ContainsAny(f.Path, "\\\x00\n") {
		return fmt.Errorf("path %q: want a relative path without \".\", \"..\", backslashes and newlines", f.Path)
	}
	for _, other := range s.files {
		switch {
		case other.Path == f.Path:
			return fmt.Errorf("path %q is there twice; give one of the two another name or path", f.Path)
		case strings.HasPrefix(other.Path, f.Path+"/"), strings.HasPrefix(f.Path, other.Path+"/"):
			return fmt.Errorf("path %q: %q is there as well, and one of them would have to be a folder", f.Path, other.Path)
		}
	}
	f.Mode &= fs.ModePerm
	s.files = append(s.files, f)
	return nil
}

// Files returns the files in the order of their paths.
func (s *Set) Files() []File {
	files := slices.Clone(s.files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// Under returns a set with the files of s in the folder dir.
func (s *Set) Under(dir string) *Set {
	out := &Set{}
	for _, f := range s.files {
		f.Path = path.Join(dir, f.Path)
		out.files = append(out.files, f)
	}
	return out
}

// Folders returns the folders that hold the files, parents first.
func (s *Set) Folders() []string {
	seen := map[string]bool{}
	for _, f := range s.files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			seen[dir] = true
		}
	}
	var out []string
	for dir := range seen {
		out = append(out, dir)
	}
	slices.Sort(out)
	return out
}
