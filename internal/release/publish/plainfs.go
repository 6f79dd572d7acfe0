package publish

import (
	"io/fs"
)

// A plainFS has the files of another one as regular files that everybody may read: Bazel's are links to files without write permission.
type plainFS struct{ fs.FS }

func (p plainFS) Open(name string) (fs.File, error) {
	f, err := p.FS.Open(name)
	return plainFile{f}, err
}

// ReadDir is of what links point to.
func (p plainFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(p.FS, name)
	for i, entry := range entries {
		if entry.Type()&fs.ModeSymlink == 0 {
			continue
		}
		info, err := fs.Stat(p.FS, name+"/"+entry.Name())
		if err != nil {
			return nil, err
		}
		entries[i] = fs.FileInfoToDirEntry(info)
	}
	return entries, err
}

type plainFile struct{ fs.File }

func (f plainFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return plainInfo{info}, err
}

type plainInfo struct{ fs.FileInfo }

func (i plainInfo) Mode() fs.FileMode { return i.FileInfo.Mode()&fs.ModeType | 0o644 }
