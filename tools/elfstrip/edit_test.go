package main

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func section(t *testing.T, path, name string) []byte {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(name)
	if s == nil {
		return nil
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEditSections(t *testing.T) {
	in := program(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, two := file("one", "first contents"), file("two", "other contents, longer than the first")

	added := filepath.Join(dir, "added")
	elfstrip(t, exitOK, "", "--add-section", ".extra="+one, "-o", added, in)
	if got := section(t, added, ".extra"); string(got) != "first contents" {
		t.Errorf("added section holds %q", got)
	}
	if section(t, added, ".symtab") == nil {
		t.Error("adding a section removed the symbols")
	}
	elfstrip(t, exitFailed, `there is a section ".extra" already`, "--add-section", ".extra="+two, "-o", filepath.Join(dir, "none"), added)

	updated := filepath.Join(dir, "updated")
	elfstrip(t, exitOK, "", "--update-section", ".extra="+two, "-o", updated, added)
	if got := section(t, updated, ".extra"); !bytes.Equal(got, read(t, two)) {
		t.Errorf("updated section holds %q", got)
	}

	renamed := filepath.Join(dir, "renamed")
	elfstrip(t, exitOK, "", "-s", "--no-keep-go-func", "--rename-section", ".extra=.other", "-o", renamed, updated)
	if got := section(t, renamed, ".other"); !bytes.Equal(got, read(t, two)) || section(t, renamed, ".extra") != nil {
		t.Errorf("renamed section holds %q", got)
	}
	if section(t, renamed, ".symtab") != nil {
		t.Error("-s left the symbols")
	}

	dumped := filepath.Join(dir, "dumped")
	elfstrip(t, exitOK, "", "--dump-section", ".text="+dumped, "--dump-section", ".other="+dumped+"2", "-o", filepath.Join(dir, "copy"), renamed)
	if !bytes.Equal(read(t, dumped), section(t, in, ".text")) || !bytes.Equal(read(t, dumped+"2"), read(t, two)) {
		t.Error("dumped sections differ from those of the program")
	}

	again := filepath.Join(dir, "again")
	elfstrip(t, exitOK, "", "-R", ".other", "-o", again, renamed)
	plain := filepath.Join(dir, "plain")
	elfstrip(t, exitOK, "", "-s", "--no-keep-go-func", "-o", plain, in)
	if !bytes.Equal(read(t, again), read(t, plain)) {
		t.Error("a section that was added and removed left a trace")
	}
}

func TestEditRefusals(t *testing.T) {
	in := program(t)
	dir := filepath.Dir(in)
	elfstrip(t, exitOK, "", "--no-keep-go-func", in)
	for _, test := range []struct {
		code int
		want string
		args []string
	}{
		{exitFailed, `there is no section ".none"`, []string{"--dump-section", ".none=" + filepath.Join(dir, "x")}},
		{exitFailed, `there is no section ".none"`, []string{"--update-section", ".none=" + in}},
		{exitFailed, `there is no section ".none"`, []string{"--rename-section", ".none=.some"}},
		{exitFailed, `".text" is loaded (SHF_ALLOC) and its contents cannot be changed`, []string{"--update-section", ".text=" + in}},
		{exitFailed, `".text" cannot be renamed`, []string{"--rename-section", ".text=.code"}},
		{exitFailed, `is rebuilt and cannot be changed`, []string{"--update-section", ".shstrtab=" + in}},
		{exitFailed, `is elf64-x86-64, want elf64-littleriscv`, []string{"-F", "elf64-littleriscv"}},
		{exitFailed, "go:func.* cannot be added", []string{"--keep-govulncheck"}},
		{exitUsage, "no such file", []string{"--add-section", ".x=" + filepath.Join(dir, "none")}},
		{exitUsage, "no such file", []string{"--strip-symbols", filepath.Join(dir, "none")}},
		{exitUsage, `want SECTION=FILE`, []string{"--add-section", ".x"}},
		{exitUsage, `want OLD=NEW without flags`, []string{"--rename-section", ".a=.b,alloc"}},
		{exitUsage, `want one of those that --info prints`, []string{"-O", "binary"}},
		{exitUsage, "use one of both", []string{"--keep-govulncheck", "--no-keep-go-func"}},
		{exitUsage, "use one of both", []string{"--keep-govulncheck", "--traceback=external", "--symbols-file=x"}},
	} {
		elfstrip(t, test.code, test.want, append(test.args, in)...)
	}
	onlyFiles(t, dir, "program")
}

func TestTargetsAndInfo(t *testing.T) {
	in := program(t)
	elfstrip(t, exitOK, "", "-F", "elf64-x86-64", "-I", "elf64-x86-64", in)
	if got := elfstrip(t, exitOK, "", "--info"); got != "elf64-x86-64\nelf64-littleaarch64\nelf64-littleriscv\n" {
		t.Errorf("--info printed %q", got)
	}
}

// Lists of symbols in files, as objcopy reads them.
func TestSymbolFiles(t *testing.T) {
	in := program(t)
	f, err := elf.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	f.Close()
	if err != nil || len(symbols) < 2 {
		t.Fatalf("%d symbols, %v", len(symbols), err)
	}
	var name string
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			name = s.Name
		}
	}
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# comment\n\n  "+name+"  # of the test\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{
		{"--strip-symbols=" + list, "--strip-symbol=" + name},
		{"--strip-unneeded-symbols=" + list, "--strip-unneeded-symbol=" + name},
		{"--strip-unneeded-symbols=" + list, "--strip-symbol=" + name},
		{"--keep-symbols=" + list, "--keep-symbol=" + name},
	} {
		a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
		elfstrip(t, exitOK, "", pair[0], "-o", a, in)
		elfstrip(t, exitOK, "", pair[1], "-o", b, in)
		if !bytes.Equal(read(t, a), read(t, b)) {
			t.Errorf("%s and %s give different files", pair[0], pair[1])
		}
		if has := bytes.Contains(section(t, a, ".strtab"), []byte(name)); has != strings.HasPrefix(pair[0], "--keep") {
			t.Errorf("%s: symbol %s is there: %v", pair[0], name, has)
		}
	}
}

// In place a file keeps its owner and so its set-user-ID bit.
func TestSetUserID(t *testing.T) {
	in := program(t)
	const mode = 0o750 | os.ModeSetuid
	if err := os.Chmod(in, mode); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	elfstrip(t, exitOK, "", "-o", out, in)
	if info, err := os.Stat(out); err != nil || info.Mode() != 0o750 {
		t.Errorf("the other file has mode %v, want -rwxr-x--- (%v)", info.Mode(), err)
	}
	elfstrip(t, exitOK, "", in)
	if info, err := os.Stat(in); err != nil || info.Mode() != mode {
		t.Errorf("in place the file has mode %v, want %v (%v)", info.Mode(), mode, err)
	}
}
