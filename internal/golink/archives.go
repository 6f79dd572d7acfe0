package golink

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Archives are files of packages, each of them opened once however many read it. They are in memory: where the system can, that is the page
// cache's own, and what is never looked at is never read; a file that is cut off meanwhile makes the access fault (see package elf, Guard).
type Archives struct {
	mu    sync.Mutex
	files map[string]*archive
}

// An archive is what is known of a package before packages are put in order.
type archive struct {
	data    []byte
	objects []openedObject
	err     error // the archive cannot be read
}

// An openedObject is an object, or an error that is said of it.
type openedObject struct {
	*goobj.Object
	member  goobj.Member
	files   []string
	imports []goobj.Import
	err     error
}

// Prelude returns what the compiler's object in the archive file says before its symbols, a copy.
func (a *Archives) Prelude(file string) (*goobj.Prelude, error) {
	r := a.open(file)
	if r.err != nil {
		return nil, r.err
	}
	for _, o := range r.objects {
		switch {
		case o.member.Name != compilerObject:
		case o.err != nil: // of what comes after the prelude, or a release whose tables are not known
			return goobj.ReadPrelude(file, o.member.Data, o.member.Off)
		default:
			p := &goobj.Prelude{Header: o.Header, Directives: o.Directives}
			for _, i := range o.imports {
				p.Imports = append(p.Imports, strings.Clone(i.Path))
			}
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s: no member %s, want an archive made by the Go compiler", file, compilerObject)
}

// Close ends the use of all files. The end of a process does that for less.
func (a *Archives) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.files {
		r.unmap()
	}
	a.files = nil
}

// open opens the objects in an archive.
func (a *Archives) open(file string) *archive {
	a.mu.Lock()
	r := a.files[file]
	a.mu.Unlock()
	if r != nil {
		return r
	}
	r = &archive{}
	r.err = r.read(file)
	a.mu.Lock()
	defer a.mu.Unlock()
	if other := a.files[file]; other != nil { // somebody was faster
		r.unmap()
		return other
	}
	if a.files == nil {
		a.files = map[string]*archive{}
	}
	a.files[file] = r
	return r
}

func (r *archive) unmap() {
	if r.data != nil {
		unmap(r.data)
	}
}

// maxArchive bounds an archive: offsets in objects have 32 bits.
const maxArchive = 1<<32 - 1

// openFile opens an archive, and returns its size.
func openFile(file string) (f *os.File, size int64, err error) {
	if f, err = inputfile.Open(file); err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.Size() == 0:
		err = fmt.Errorf("%s: the file is empty", file)
	case info.Size() > maxArchive:
		err = fmt.Errorf("%s: %d bytes, want at most %d", file, info.Size(), int64(maxArchive))
	default:
		return f, info.Size(), nil
	}
	f.Close()
	return nil, 0, err
}

// compilerObject is the name of the archive member that the compiler writes for the linker.
const compilerObject = "_go_.o"

// read reads the archive file.
func (r *archive) read(file string) error {
	f, size, err := openFile(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if r.data, err = mapFile(f, int(size)); err != nil {
		return err
	}
	members := []goobj.Member{{Name: compilerObject, Data: r.data}}
	if goobj.IsArchive(r.data) {
		if members, err = goobj.Members(file, r.data); err != nil {
			return err
		}
	}
	for _, m := range members {
		name := file + "(" + m.Name + ")"
		switch {
		case m.Name == "__.PKGDEF": // export data, for the compiler
		case m.Name == "dynimportfail", m.Name == "preferlinkext":
			r.objects = append(r.objects, openedObject{member: m, err: fmt.Errorf("%s: %w", name, ErrUnsupported)})
		case len(m.Name) < 16 && !strings.HasSuffix(m.Name, ".o") && !strings.HasSuffix(m.Name, ".syso"):
			// A file of a build tool.
		default:
			r.objects = append(r.objects, openObject(name, m))
		}
	}
	return nil
}

func openObject(name string, m goobj.Member) openedObject {
	o := openedObject{member: m}
	if !goobj.IsObject(m.Data) {
		o.err = fmt.Errorf("%s: found %.20q, want a Go object", name, m.Data[:min(len(m.Data), 20)])
		if bytes.HasPrefix(m.Data, []byte(elf.ELFMAG)) {
			o.err = fmt.Errorf("%s: an ELF object: %w", name, ErrUnsupported)
		}
		return o
	}
	if o.Object, o.err = goobj.OpenObject(name, m.Data, m.Off); o.err != nil {
		return o
	}
	var err error
	o.files, o.err = o.Files()
	o.imports, err = o.Imports()
	o.err = errors.Join(o.err, err)
	return o
}
