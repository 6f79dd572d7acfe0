package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/strip"
)

// sectionFiles writes the files of the tests below into a new directory.
func sectionFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"config":   "{}\n",
		"a motd":   "welcome\n", // with a space, as a path may have
		"metadata": `{"type": "deb", "name": "greeter", "version": "1.0"}`,
		"note":     "abc",
		"empty":    "",
		"number":   `{"version": 1}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A program reads its sections, also under FIPS 140, before and after it is
// stripped; every tool sees its notes; linkcheck has nothing against it.
func TestSections(t *testing.T) {
	dir := sectionFiles(t)
	for _, goarch := range goarches {
		for _, shared := range []bool{true, false} {
			p := linktest.Compile(t, goarch, "../../examples/sections", shared)
			for _, mode := range modes {
				if mode == cmdlink.ModeStaticPIE && !shared {
					continue
				}
				for _, addr := range []string{"", "@0x40000000"} {
					if mode == cmdlink.ModeStaticPIE && addr != "" {
						continue
					}
					t.Run(fmt.Sprintf("%s/%s%s/shared=%v", goarch, mode, addr, shared), func(t *testing.T) {
						exe := filepath.Join(t.TempDir(), "sections")
						edit := func(c *cmdlink.Config) {
							c.Sections = []string{".motd" + addr + "=" + filepath.Join(dir, "a motd"), ".embed_cfg=" + filepath.Join(dir, "config")}
							c.Notes = []string{"ACME:1=" + filepath.Join(dir, "note"), "Other.Owner:0xffffffff=" + filepath.Join(dir, "empty"), "ACME:2=" + filepath.Join(dir, "config")}
							c.PackageMetadata = filepath.Join(dir, "metadata")
						}
						p.Link(t, mode, exe, edit)
						p.Link(t, mode, exe+".again", edit)
						if !bytes.Equal(read(t, exe), read(t, exe+".again")) {
							t.Error("a second link gave other bytes")
						}
						checkSections(t, goarch, exe, addr)
						checkSymbols(t, exe)
						stripped := exe + ".stripped"
						stripFile(t, exe, stripped)
						checkSections(t, goarch, stripped, addr)
						lint(t, stripped, map[string]string{cmdlink.ModeExe: "nolibc", cmdlink.ModeStaticPIE: "nolibc-pie"}[mode])
					})
				}
			}
		}
	}
}

// checkSections checks what the program prints and its notes.
func checkSections(t *testing.T, goarch, exe, addr string) {
	t.Helper()
	for _, env := range []string{"GODEBUG=", "GODEBUG=fips140=on"} {
		out := start(t, goarch, exe, 0, []string{env})
		where := "0x[0-9a-f]+0"
		if addr != "" {
			where = addr[1:]
		}
		if !regexp.MustCompile(`^\{\}\n` + where + ` welcome\n$`).MatchString(out) {
			t.Errorf("%s: printed %q", env, out)
		}
	}
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]string{
		".motd":             "welcome\n",
		".embed_cfg":        "{}\n",
		".note.package":     "\x04\x00\x00\x00\x35\x00\x00\x00\x7e\x1a\xfe\xcaFDO\x00" + `{"type": "deb", "name": "greeter", "version": "1.0"}` + "\x00\x00\x00\x00",
		".note.ACME":        "\x05\x00\x00\x00\x03\x00\x00\x00\x01\x00\x00\x00ACME\x00\x00\x00\x00abc\x00" + "\x05\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00ACME\x00\x00\x00\x00{}\n\x00",
		".note.Other.Owner": "\x0c\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xffOther.Owner\x00",
	} {
		s := f.Section(name)
		if s == nil {
			t.Errorf("section %s is missing", name)
			continue
		}
		if data, err := s.Data(); err != nil || string(data) != want || s.Flags != elf.SHF_ALLOC {
			t.Errorf("section %s (%v) holds %q, %v; want %q", name, s.Flags, data, err, want)
		}
		covered := map[elf.ProgType]elf.ProgFlag{}
		for _, p := range f.Progs {
			if p.Vaddr <= s.Addr && s.Addr+s.Size <= p.Vaddr+p.Filesz && s.Offset-p.Off == s.Addr-p.Vaddr {
				covered[p.Type] = p.Flags
			}
		}
		if got := covered[elf.PT_LOAD]; got != elf.PF_R {
			t.Errorf("section %s is in a PT_LOAD with %v, want %v", name, got, elf.PF_R)
		}
		note := strings.HasPrefix(name, ".note.")
		if _, ok := covered[elf.PT_NOTE]; ok != note {
			t.Errorf("section %s: is it in a PT_NOTE? %v", name, ok)
		}
	}
	readelf, err := exec.LookPath("readelf")
	if err != nil {
		t.Log("not started: no readelf on PATH")
		return
	}
	out, err := exec.Command(readelf, "-nW", exe).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("arning")) {
		t.Fatalf("readelf: %v\n%s", err, out)
	}
	for _, want := range []string{`(?s)\.note\.package.* FDO .*"name": ?"greeter"`, `(?s)\.note\.ACME.* ACME .*61 62 63`, `Other.Owner +0x00000000`, `Build ID: [0-9a-f]{40}`} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("readelf -n: want %q in\n%s", want, out)
		}
	}
}

// checkSymbols checks the symbols of the sections.
func checkSymbols(t *testing.T, exe string) {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]elf.Symbol{}
	for _, s := range symbols {
		got[s.Name] = s
	}
	for name, section := range map[string]string{"_binary_motd": ".motd", "_binary_embed_cfg": ".embed_cfg"} {
		s := f.Section(section)
		for suffix, want := range map[string]uint64{"_start": s.Addr, "_end": s.Addr + s.Size, "_size": s.Size} {
			sym, ok := got[name+suffix]
			if !ok || sym.Value != want || elf.ST_BIND(sym.Info) != elf.STB_GLOBAL || (sym.Section == elf.SHN_ABS) != (suffix == "_size") {
				t.Errorf("symbol %s%s is %+v, want %#x", name, suffix, sym, want)
			}
		}
	}
}

// stripFile takes all symbols out, as elfstrip does by default.
func stripFile(t *testing.T, from, to string) {
	t.Helper()
	f, err := goelf.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out, err := strip.Strip(f, &strip.Options{Mode: strip.All})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := out.Write(&b, bytes.NewReader(f.Data)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b.Bytes(), 0o777); err != nil {
		t.Fatal(err)
	}
}

// lint checks the file by a linkcheck profile.
func lint(t *testing.T, exe, profile string) {
	t.Helper()
	f, err := goelf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := policy.New(profile)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Check("sections", f).Rules {
		for _, finding := range r.Findings {
			t.Errorf("linkcheck: %s: %+v", r.ID, finding)
		}
	}
}

// What the program, the files and the options do not agree on is refused, without
// an output.
func TestSectionsRefused(t *testing.T) {
	dir := sectionFiles(t)
	file := func(spec, name string) string { return spec + "=" + filepath.Join(dir, name) }
	both := []string{file(".embed_cfg", "config"), file(".motd", "a motd")}
	p := linktest.Compile(t, "amd64", "../../examples/sections", true)
	for _, tt := range []struct {
		name, mode string
		edit       func(*cmdlink.Config)
		err        string
	}{
		{"section that the program reads is missing", "", func(c *cmdlink.Config) { c.Sections = both[:1] }, `package github.com/go3s/rules_go3s/examples/sections/data reads section ".motd", which this program lacks: add it to ` + "`sections`"},
		{"no sections", "", func(c *cmdlink.Config) { c.Sections = nil }, "which this program lacks"},
		{"address inside the program", "", func(c *cmdlink.Config) { c.Sections = append(c.Sections, file(".x@0x410000", "config")) }, "section .x: address 0x410000: the program ends at 0x"},
		{"address in a PIE", cmdlink.ModeStaticPIE, func(c *cmdlink.Config) { c.Sections = append(c.Sections, file(".x@0x40000000", "config")) }, "the kernel chooses"},
		{"no file", "", func(c *cmdlink.Config) { c.Sections = append(c.Sections, file(".x", "none")) }, "section .x: open "},
		{"empty file", "", func(c *cmdlink.Config) { c.Sections = append(c.Sections, file(".x", "empty")) }, "section .x: its file is empty"},
		{"no = in a section", "", func(c *cmdlink.Config) { c.Sections = append(c.Sections, ".x") }, `section ".x": want name=file`},
		{"no file of a note", "", func(c *cmdlink.Config) { c.Notes = []string{file("A:1", "none")} }, "note A: open "},
		{"package metadata that is no JSON", "", func(c *cmdlink.Config) { c.PackageMetadata = filepath.Join(dir, "note") }, "package metadata: invalid character"},
		{"package metadata with a number", "", func(c *cmdlink.Config) { c.PackageMetadata = filepath.Join(dir, "number") }, "want a JSON object of strings"},
		{"empty package metadata", "", func(c *cmdlink.Config) { c.PackageMetadata = filepath.Join(dir, "empty") }, "package metadata: unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := p.Config()
			c.BuildMode, c.Out, c.Sections = cmdlink.ModeExe, filepath.Join(t.TempDir(), "out"), both
			if tt.mode != "" {
				c.BuildMode = tt.mode
			}
			tt.edit(&c)
			if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if _, err := os.Stat(c.Out); !os.IsNotExist(err) {
				t.Errorf("there is an output: %v", err)
			}
		})
	}
}

// Of 300 pages in a section, each byte arrives where its address says.
func TestLargeSection(t *testing.T) {
	dir := sectionFiles(t)
	var big []byte
	for i := range 300 * 4096 / 4 {
		big = binary.LittleEndian.AppendUint32(big, uint32(i))
	}
	big = append(big, "\nend\n"...)
	if err := os.WriteFile(filepath.Join(dir, "big"), big, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, goarch := range goarches {
		p := linktest.Compile(t, goarch, "../../examples/sections", true)
		for _, mode := range modes {
			t.Run(goarch+"/"+mode, func(t *testing.T) {
				exe := filepath.Join(t.TempDir(), "sections")
				p.Link(t, mode, exe, noSymbols, func(c *cmdlink.Config) {
					c.Sections = []string{".embed_cfg=" + filepath.Join(dir, "big"), ".motd=" + filepath.Join(dir, "a motd")}
				})
				if out := start(t, goarch, exe, 0, nil); !strings.HasPrefix(out, string(big)+"0x") || !strings.HasSuffix(out, " welcome\n") {
					t.Errorf("printed %d bytes that differ", len(out))
				}
			})
		}
	}
}
