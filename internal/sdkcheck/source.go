package sdkcheck

import (
	"errors"
	"fmt"
	"go/build"
	"go/version"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/machine"
)

// goarches are the machines that the tools support.
var goarches = machine.GOARCHs()

// GOARCHes returns the machines that the check is about.
func GOARCHes() []string { return slices.Clone(goarches) }

// A source is the folder src of an SDK.
type source struct {
	dir     string
	context []build.Context // one for each machine
}

// contexts returns what decides which files of an SDK are compiled. The release tags are the SDK's, not those of the
// Go that built this program. No experiment is on: golink refuses programs with one.
func contexts(series string) []build.Context {
	var tags []string
	minor, _ := strconv.Atoi(strings.TrimPrefix(version.Lang(series), "go1."))
	for i := 1; i <= minor; i++ {
		tags = append(tags, "go1."+strconv.Itoa(i))
	}
	var out []build.Context
	for _, goarch := range goarches {
		out = append(out, build.Context{GOOS: "linux", GOARCH: goarch, Compiler: "gc", ReleaseTags: tags})
	}
	return out
}

// built reports whether a file is compiled for one of the machines.
func (s *source) built(dir, name string) (bool, error) {
	for i := range s.context {
		ok, err := s.context[i].MatchFile(dir, name)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// files returns the files of a package that are compiled for one of the machines, without tests. dir is below src.
func (s *source) files(dir string) ([]string, error) {
	folder := filepath.Join(s.dir, filepath.FromSlash(dir))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !slices.Contains([]string{".go", ".s", ".h"}, path.Ext(name)) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if err := inputfile.Check(filepath.Join(folder, name)); err != nil {
			return nil, err
		}
		ok, err := s.built(folder, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(folder, name), err)
		}
		if ok {
			out = append(out, path.Join(dir, name))
		}
	}
	return out, nil
}

func (s *source) read(file string) ([]byte, error) {
	return inputfile.Read(filepath.Join(s.dir, filepath.FromSlash(file)), maxFile)
}

// declarations splits a file of any kind. An assembly file is one declaration.
func (s *source) declarations(file string) ([]declaration, error) {
	text, err := s.read(file)
	if err != nil {
		return nil, err
	}
	if path.Ext(file) != ".go" {
		return []declaration{{name: fileName, digest: assembly(text)}}, nil
	}
	return declarations(filepath.Join(s.dir, file), text)
}

// fileName stands for all of an assembly file.
const fileName = "file"

// formats adds the digests of what w names. A file or declaration that the SDK lacks is left out: that its table has it
// makes a difference of that, and one series may have files that another lacks.
func (s *source) formats(w watch, to map[key]string) error {
	files := []string{w.path}
	if path.Ext(w.path) == "" {
		var err error
		if files, err = s.files(w.path); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
	}
	for _, file := range files {
		list, err := s.declarations(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, d := range list {
			if len(w.names) == 0 || slices.Contains(w.names, d.name) {
				to[key{file, d.name}] = d.digest
			}
		}
	}
	return nil
}

// readers adds the digests of what in a package reads tables of functions.
func (s *source) readers(dir string, to map[key]string) error {
	files, err := s.files(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if path.Ext(file) != ".go" {
			continue
		}
		list, err := s.declarations(file)
		if err != nil {
			return err
		}
		for _, d := range list {
			if readsTables(d) {
				to[key{file, d.name}] = d.digest
			}
		}
	}
	return nil
}
