package golink

import (
	"bytes"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

var (
	identityPackages = flag.String("identity.packages", "", "more main `packages` to link, with commas between them")
	identityDir      = flag.String("identity.dir", "", "`directory` of those packages' module")
	identityArch     = flag.String("identity.goarch", "amd64,arm64,riscv64", "`machines` to link for, with commas between them")
)

// archives compiles package pkg in directory dir, with further flags for the go command, and returns its archives and the file of import
// configuration.
func archives(t testing.TB, goarch, dir, pkg string, flags ...string) (cfg Config, importcfg string) {
	t.Helper()
	cfg = Config{Packages: map[string]string{}, GOROOT: gotool.Output(t, "", goarch, "env", "GOROOT")}
	const format = "{{if .Export}}{{.Name}} {{.ImportPath}}={{.Export}}{{end}}"
	args := append([]string{"list", "-export", "-deps", "-f", format}, flags...)
	var text strings.Builder
	for line := range strings.Lines(gotool.Output(t, dir, goarch, append(args, pkg)...)) {
		name, entry, _ := strings.Cut(strings.TrimSpace(line), " ")
		path, file, _ := strings.Cut(entry, "=")
		if name == "main" {
			cfg.Main = file
			continue
		}
		cfg.Packages[path] = file
		fmt.Fprintf(&text, "packagefile %s\n", entry)
	}
	importcfg = filepath.Join(t.TempDir(), "importcfg")
	if err := os.WriteFile(importcfg, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, importcfg
}

// cmdLink returns the command "go tool link -w" with further flags, which writes the program into its directory.
func cmdLink(t testing.TB, goarch string, cfg Config, importcfg string, flags ...string) *exec.Cmd {
	args := append([]string{"tool", "link", "-w", "-importcfg", importcfg, "-o", linked}, flags...)
	cmd := gotool.Command(t, goarch, append(args, cfg.Main)...)
	cmd.Dir = t.TempDir()
	return cmd
}

const linked = "linked" // what cmdLink writes

func morePackages() []string {
	return strings.FieldsFunc(*identityPackages, func(r rune) bool { return r == ',' })
}

// A program is compiled, and linked by cmd/link.
type program struct {
	cfg  Config
	want []byte // what cmd/link made
}

// compile compiles package pkg in directory dir and links it by cmd/link with further flags.
func compile(t testing.TB, goarch, dir, pkg string, flags ...string) program {
	t.Helper()
	cfg, importcfg := archives(t, goarch, dir, pkg)
	link := cmdLink(t, goarch, cfg, importcfg, append([]string{"-s", "-buildmode=exe"}, flags...)...)
	if out, err := link.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", link, err, out)
	}
	want, err := os.ReadFile(filepath.Join(link.Dir, linked))
	if err != nil {
		t.Fatal(err)
	}
	return program{cfg, want}
}

// check links p and fails the test unless the file is that of cmd/link.
func (p program) check(t *testing.T) {
	t.Helper()
	checkWorkers(t, func() *linker { return newLinker(p.cfg) }, p.want)
}

// checkWorkers links with one worker and with several, and fails the test unless that gives want, which cmd/link made.
func checkWorkers(t *testing.T, newLinker func() *linker, want []byte) {
	t.Helper()
	for _, workers := range []int{1, 4} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			l := newLinker()
			l.cfg.Archives = &Archives{}
			defer l.cfg.Archives.Close()
			got, err := l.link()
			if err != nil {
				t.Fatalf("%d workers: %v", workers, err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d workers:", workers)
				l.differences(t, got, want)
			}
		}()
	}
}

// differences reports in what got differs from want, which cmd/link made.
func (l *linker) differences(t *testing.T, got, want []byte) {
	t.Helper()
	t.Error("the file differs from that of cmd/link")
	wantELF, err := elf.NewFile(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	gotELF, err := elf.NewFile(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range wantELF.Sections[1:] {
		section := gotELF.Section(want.Name)
		if section == nil {
			t.Errorf("%s: missing", want.Name)
			continue
		}
		if section.SectionHeader != want.SectionHeader {
			t.Errorf("%s: header %+v, want %+v", want.Name, section.SectionHeader, want.SectionHeader)
		}
		if want.Type == elf.SHT_NOBITS {
			continue
		}
		w, err := want.Data()
		if err != nil {
			t.Fatal(err)
		}
		g, err := section.Data()
		if err != nil {
			t.Fatal(err)
		}
		for i := range min(len(w), len(g)) {
			if w[i] != g[i] {
				addr := want.Addr + uint64(i)
				t.Errorf("%s: first difference at %#x, in %s: % x, want % x",
					want.Name, addr, l.symbolAt(addr), g[i:min(i+16, len(g))], w[i:min(i+16, len(w))])
				break
			}
		}
	}
}

// symbolAt names the symbol at an address, for messages of tests.
func (l *linker) symbolAt(addr uint64) string {
	lists := append([][]sym{l.text}, l.buckets[:]...)
	for _, list := range lists {
		for _, s := range list {
			if v := l.values[s]; v <= addr && addr-v < l.size(s) {
				return fmt.Sprintf("%s+%#x", l.name(s), addr-v)
			}
		}
	}
	return "no symbol"
}

// TestIdentity links programs and compares the files, byte for byte, with those of the SDK's linker.
func TestIdentity(t *testing.T) {
	testdata := filepath.Join("..", "..", "tools", "golink", "testdata")
	for _, goarch := range strings.Split(*identityArch, ",") {
		for _, tt := range []struct {
			name, dir string
			flags     []string
			set       func(*Config)
		}{
			{name: "hello", dir: filepath.Join(testdata, "hello")},
			{name: "seed", dir: filepath.Join(testdata, "seed")},
			{name: "language", dir: filepath.Join("testdata", "language")},
			{
				name: "strings", dir: filepath.Join("testdata", "language"),
				flags: []string{
					"-buildid=action/content/more/id", "-X=main.version=1.2", "-X=main.version=1.3", "-X=main.unused=x", "-X=main.empty=",
				},
				set: func(c *Config) {
					c.BuildID = "action/content/more/id"
					c.XDefs = [][2]string{{"main.version", "1.2"}, {"main.version", "1.3"}, {"main.unused", "x"}, {"main.empty", ""}}
				},
			},
		} {
			t.Run(goarch+"/"+tt.name, func(t *testing.T) {
				p := compile(t, goarch, tt.dir, ".", tt.flags...)
				if tt.set != nil {
					tt.set(&p.cfg)
				}
				p.check(t)
			})
		}
		for _, pkg := range morePackages() {
			t.Run(goarch+"/"+pkg, func(t *testing.T) { compile(t, goarch, *identityDir, pkg).check(t) })
		}
	}
}

// TestObject compares the object for an external linker with that of cmd/link.
func TestObject(t *testing.T) {
	external, err := exec.LookPath("true") // it links nothing: cmd/link fails after it, and the object stays
	if err != nil {
		t.Fatal(err)
	}
	shared := []string{"-gcflags=all=-shared", "-asmflags=all=-shared"}
	for _, goarch := range strings.Split(*identityArch, ",") {
		programs := [][2]string{{"../../tools/golink/testdata/hello", "."}, {"testdata/language", "."}}
		for _, pkg := range morePackages() {
			programs = append(programs, [2]string{*identityDir, pkg})
		}
		for _, p := range programs {
			cfg, importcfg := archives(t, goarch, p[0], p[1], shared...)
			cfg.BuildID = "an/id"
			for _, mode := range []string{"exe", "pie"} {
				t.Run(goarch+"/"+filepath.Base(p[0])+"/"+p[1]+"/"+mode, func(t *testing.T) {
					tmp := t.TempDir()
					link := cmdLink(t, goarch, cfg, importcfg, "-buildid", cfg.BuildID, "-buildmode="+mode,
						"-linkmode=external", "-extld="+external, "-tmpdir", tmp)
					out, _ := link.CombinedOutput()
					want, err := os.ReadFile(filepath.Join(tmp, "go.o"))
					if err != nil {
						t.Fatalf("%v: %v\n%s", link, err, out)
					}
					cfg := cfg
					cfg.PIE = mode == "pie"
					checkWorkers(t, func() *linker {
						l := newLinker(cfg)
						l.object = true
						return l
					}, want)
				})
			}
		}
	}
}
