package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// A program with much to relocate starts the same with and without huge pages. Whether
// it gets some is up to the kernel, so a branch of its entry code is taken out, after
// which any pages will do. The FIPS 140 sum covers what was copied.
func TestHugePages(t *testing.T) {
	le := binary.LittleEndian
	for _, c := range []struct {
		arch *arch.Arch
		give func(code []byte) bool // whether it begins with the branch that gives up
		nop  []byte
	}{
		// TESTB, JEQ
		{amd64.Arch, func(b []byte) bool { return bytes.HasPrefix(b, []byte{0xf6, 0x44, 0x24, 0xf8, 1, 0x74}) }, bytes.Repeat([]byte{0x90}, 7)},
		// TBZ
		{arm64.Arch, func(b []byte) bool { return le.Uint32(b)&0xfff8001f == 0x36000000 }, []byte{0x1f, 0x20, 0x03, 0xd5}},
		// BEQZ X5
		{riscv64.Arch, func(b []byte) bool { return le.Uint32(b)&0x01fff07f == 5<<15|0x63 }, []byte{0x13, 0, 0, 0}},
	} {
		goarch := c.arch.GOARCH
		t.Run(goarch, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "seed")
			p := linktest.Compile(t, goarch, "testdata/seed", true)
			p.Link(t, cmdlink.ModeStaticPIE, exe+".small", strip, func(c *cmdlink.Config) { c.NoHugePages = true })
			if small := read(t, exe+".small"); bytes.Contains(small, c.arch.EntryHuge.Code[24:48]) {
				t.Error("it uses huge pages in spite of NoHugePages")
			}
			p.Link(t, cmdlink.ModeStaticPIE, exe, strip)
			data := read(t, exe)
			f, err := elf.NewFile(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			text := f.Section(".text")
			code := data[f.Entry-text.Addr+text.Offset:][:len(c.arch.EntryHuge.Code)]
			if !c.arch.Is(c.arch.EntryHuge, code) {
				t.Fatalf("entry code %x, want that for huge pages", code)
			}
			var branches []int
			for i := 0; i+8 <= len(code); i++ {
				if c.give(code[i:]) {
					branches = append(branches, i)
				}
			}
			if len(branches) != 1 {
				t.Fatalf("branches at %d of %x, want one", branches, code)
			}
			copy(code[branches[0]:], c.nop)
			forced := exe + ".forced"
			if err := os.WriteFile(forced, data, 0o777); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{exe + ".small", exe, forced} {
				out := start(t, goarch, file, 0, []string{"GODEBUG=fips140=on"}, "https://127.0.0.1:1/")
				if !strings.Contains(out, "connection refused") {
					t.Errorf("%s: printed %q", filepath.Base(file), out)
				}
			}
		})
	}
}
