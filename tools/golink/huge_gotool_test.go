package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// A program with much to relocate starts the same with and without huge pages, and says so where it cannot. What the
// kernel does is not up to a test, so changes of the entry code's source stand for it. The FIPS 140 sum covers what was copied.
func TestHugePages(t *testing.T) {
	for _, c := range []struct {
		arch    *arch.Arch
		giveUp  string // the branch when there is no huge page
		moved   string // the branch when mremap has not failed
		mremap  string // system call numbers
		munmap  string
		from    string // the first argument of mremap, and what to replace it with for that of the old pages
		fromOld string
	}{
		{amd64.Arch, "JEQ   free", "JCS  free", "mremap 25", "mremap 11", "move:\n\tMOVQ R15, DI", "move:\n\tMOVQ BX, DI"},
		{arm64.Arch, "TBZ  $0, R0, free", "BLO  free", "mremap 216", "mremap 215", "move:\n\tMOVD R15, R0", "move:\n\tMOVD R12, R0"},
		{riscv64.Arch, "BEQ  T0, ZERO, free", "BLTU A0, T0, free", "mremap 216", "mremap 215", "move:\n\tMOV S10, A0", "move:\n\tMOV S7, A0"},
	} {
		t.Run(c.arch.GOARCH, func(t *testing.T) {
			p := linktest.Compile(t, c.arch.GOARCH, "testdata/seed", true)
			// Of small pages some begin in RELRO wherever the program is.
			anyPages := []string{"HUGE (2<<20)", "HUGE (1<<16)", c.giveUp, ""}
			for _, v := range []struct {
				name    string
				edits   []string // of the source, in pairs
				noHuge  bool
				status  int
				message string
			}{
				{name: "as the kernel has it"},
				{name: "not asked for", noHuge: true},
				{name: "any pages", edits: anyPages},
				{name: "mremap refused", edits: slices.Concat(anyPages, []string{c.mremap, "mremap 4000"})},
				{
					name:   "mremap fails and has removed the old pages",
					edits:  slices.Concat(anyPages, []string{c.mremap, c.munmap, c.from, c.fromOld, c.moved, ""}),
					status: 127, message: "static PIE: no memory for the data to relocate.\n",
				},
			} {
				t.Run(v.name, func(t *testing.T) {
					exe := filepath.Join(t.TempDir(), "seed")
					original := c.arch.EntryHuge
					defer func() { c.arch.EntryHuge = original }()
					c.arch.EntryHuge = assembleHuge(t, c.arch.GOARCH, v.edits)
					p.Link(t, cmdlink.ModeStaticPIE, exe, noSymbols, func(c *cmdlink.Config) { c.NoHugePages = v.noHuge })
					if has := bytes.Contains(read(t, exe), c.arch.EntryHuge.Code[24:48]); has == v.noHuge {
						t.Errorf("code for huge pages is there: %t", has)
					}
					out := start(t, c.arch.GOARCH, exe, v.status, []string{"GODEBUG=fips140=on"}, "https://127.0.0.1:1/")
					if v.message == "" {
						if !strings.Contains(out, "connection refused") {
							t.Errorf("printed %q", out)
						}
					} else if out != v.message {
						t.Errorf("printed %q, want %q", out, v.message)
					}
				})
			}
		})
	}
}

// assembleHuge returns the code of entry_huge.s after replacing each of the edits, which are
// pairs, once.
func assembleHuge(t *testing.T, goarch string, edits []string) arch.Stub {
	dir := filepath.Join("..", "..", "internal", "arch", goarch)
	text := string(read(t, filepath.Join(dir, "entry_huge.s")))
	for i := 0; i < len(edits); i += 2 {
		if n := strings.Count(text, edits[i]); n != 1 {
			t.Fatalf("entry_huge.s has %q %d times, want it once", edits[i], n)
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	source := filepath.Join(t.TempDir(), "entry_huge.s")
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := goobj.Parse(source, gotool.Assemble(t, dir, goarch, source))
	if err != nil {
		t.Fatal(err)
	}
	stub, err := link.Stub(link.Object{Name: source, File: f})
	if err != nil {
		t.Fatal(err)
	}
	return stub
}

// The kernel may put the vDSO next to RELRO, where file systems do not have it load the program at a multiple of a huge
// page's size. It must be there after the start.
func TestHugePagesAndVDSO(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("NOT TESTED: the changes of the source are for amd64")
	}
	p := linktest.Compile(t, runtime.GOARCH, "testdata/vdso", true)
	original := amd64.Arch.EntryHuge
	defer func() { amd64.Arch.EntryHuge = original }()
	amd64.Arch.EntryHuge = assembleHuge(t, runtime.GOARCH, []string{"JEQ   free", ""}) // any pages will do
	dirs := []string{t.TempDir()}
	if dir, err := os.MkdirTemp("/dev/shm", "golink"); err == nil {
		defer os.RemoveAll(dir)
		dirs = append(dirs, dir)
	}
	for _, dir := range dirs {
		exe := filepath.Join(dir, "vdso")
		p.Link(t, cmdlink.ModeStaticPIE, exe, noSymbols)
		for range 20 {
			if out := start(t, runtime.GOARCH, exe, 0, nil); !strings.Contains(out, "[vdso]") {
				t.Fatalf("%s: memory map without a vDSO:\n%s", exe, out)
			}
		}
	}
}
