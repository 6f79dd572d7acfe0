package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

func TestMain(m *testing.M) { linktest.Main(m) }

var goarches = []string{"amd64", "arm64", "riscv64"}
var modes = []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE}

func noSymbols(c *cmdlink.Config) { c.StripSymbols = true }

// start starts program for goarch and returns all that it printed. want is the
// exit status.
func start(t *testing.T, goarch, program string, want int, env []string, args ...string) string {
	t.Helper()
	cmd := gotool.Run(t, goarch, program, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("%s %q: exit status %d, %v; want %d\n%s", program, args, got, err, want, out)
	}
	return string(out)
}

func TestHello(t *testing.T) {
	for _, goarch := range goarches {
		p := linktest.Compile(t, goarch, "testdata/hello", true)
		for _, mode := range modes {
			for _, variant := range []struct {
				name  string
				edits []func(*cmdlink.Config)
			}{
				{"with DWARF", nil},
				{"stripped", []func(*cmdlink.Config){noSymbols}},
			} {
				t.Run(goarch+"/"+mode+"/"+variant.name, func(t *testing.T) {
					exe := filepath.Join(t.TempDir(), "hello")
					edits := append(variant.edits, func(c *cmdlink.Config) {
						c.XDefs = []string{"main.version=v1 {BETA}", "main.version=v1 final"}
						c.BuildInfo.Main = "example.com/hello@v1.2.3"
					})
					p.Link(t, mode, exe, edits...)
					checkFile(t, goarch, mode, exe)
					again := exe + ".again"
					p.Link(t, mode, again, edits...)
					if a, b := read(t, exe), read(t, again); !bytes.Equal(a, b) {
						t.Error("a second link gave other bytes")
					}
					for _, env := range []string{"GODEBUG=", "GODEBUG=fips140=on"} {
						if got, want := start(t, goarch, exe, 0, []string{env, "GREETING=hi"}, "a", "b c"), "hello v1 final [a b c] hi\n"; got != want {
							t.Errorf("%s: printed %q, want %q", env, got, want)
						}
					}
				})
			}
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkCodePages checks that the pages of 4 KiB of the file that are mapped executable hold one section, and what fills them up.
func checkCodePages(t *testing.T, f *elf.File, file []byte) {
	t.Helper()
	const page = 4096
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X == 0 {
			continue
		}
		text := f.Section(".text")
		if p.Off%page != 0 || p.Off != text.Offset || p.Filesz < text.Size {
			t.Errorf("the executable segment is at offset %#x with %#x bytes, .text at %#x with %#x: want both at the beginning of a page", p.Off, p.Filesz, text.Offset, text.Size)
		}
		end := text.Offset + text.Size
		rest := file[end:min((end+page-1)&^(page-1), uint64(len(file)))]
		for _, fill := range []string{"\x00", "\xcc", "\x20\x00\x20\xd4"} { // zeros, LLD's traps
			rest = bytes.TrimRight(rest, fill)
		}
		if len(rest) > 0 {
			t.Errorf("the last page of .text, which ends at %#x, has % x after it", end, rest[:min(len(rest), 16)])
		}
	}
}

// checkFile checks the file alone.
func checkFile(t *testing.T, goarch, mode, exe string) {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	types := map[elf.ProgType]int{}
	for _, p := range f.Progs {
		types[p.Type]++
		if p.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X {
			t.Errorf("%v is writable and executable", p.ProgHeader)
		}
	}
	checkCodePages(t, f, read(t, exe))
	pie := map[string]int{cmdlink.ModeExe: 0, cmdlink.ModeStaticPIE: 1}[mode]
	if types[elf.PT_INTERP] != 0 || types[elf.PT_GNU_STACK] != 1 || types[elf.PT_DYNAMIC] != pie || types[elf.PT_GNU_RELRO] != pie {
		t.Errorf("segments %v", types)
	}
	sdk := strings.Fields(gotool.Output(t, "", goarch, "env", "GOROOT", "GOVERSION"))
	info, err := buildinfo.ReadFile(exe)
	if err != nil || info.GoVersion != sdk[1] || info.Main.Version != "v1.2.3" {
		t.Fatalf("build information %v, %v", info, err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["GOARCH"] != goarch || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
		t.Errorf("build settings %v", settings)
	}
	for _, s := range []string{sdk[0], os.TempDir() + "/"} {
		if bytes.Contains(read(t, exe), []byte(s)) {
			t.Errorf("path of this machine %q is in the file", s)
		}
	}
}

// The seed program holds crypto/tls: the FIPS 140 check at start covers real code.
func TestSeed(t *testing.T) {
	for _, goarch := range goarches {
		p := linktest.Compile(t, goarch, "testdata/seed", true)
		for _, mode := range modes {
			t.Run(goarch+"/"+mode, func(t *testing.T) {
				exe := filepath.Join(t.TempDir(), "seed")
				p.Link(t, mode, exe, noSymbols)
				for _, env := range []string{"GODEBUG=", "GODEBUG=fips140=on"} {
					if got := start(t, goarch, exe, 0, []string{env}, "https://127.0.0.1:1/"); !strings.Contains(got, "connection refused") {
						t.Errorf("%s: printed %q", env, got)
					}
				}
			})
		}
	}
}

// A flipped bit in the code that the FIPS 140 sum covers is found at start.
func TestFIPSNoticesChange(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "seed")
	linktest.Compile(t, "amd64", "testdata/seed", true).Link(t, cmdlink.ModeStaticPIE, exe)
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	image := read(t, exe)
	for _, s := range symbols {
		if s.Name == "crypto/internal/fips140/sha512.fips140_sha512_New" || s.Name == "crypto/internal/fips140/sha512.New" {
			text := f.Section(".text")
			image[text.Offset+s.Value-text.Addr] ^= 1
			break
		}
	}
	if bytes.Equal(image, read(t, exe)) {
		t.Fatal("found no function of the FIPS 140 module")
	}
	if err := os.WriteFile(exe, image, 0o777); err != nil {
		t.Fatal(err)
	}
	if out := start(t, "amd64", exe, 2, []string{"GODEBUG=fips140=on"}, "https://127.0.0.1:1/"); !strings.Contains(out, "fips140") {
		t.Errorf("printed %q", out)
	}
}

// Archives that were compiled for a fixed address can still be linked so.
func TestFixedAddressArchives(t *testing.T) {
	for _, goarch := range goarches {
		t.Run(goarch, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "hello")
			linktest.Compile(t, goarch, "testdata/hello", false).Link(t, cmdlink.ModeExe, exe)
			if got := start(t, goarch, exe, 0, nil); got != "hello unset [] \n" {
				t.Errorf("printed %q", got)
			}
		})
	}
}

var mapLine = regexp.MustCompile(`(?m)^[0-9a-f]+-[0-9a-f]+ (....) .* (\S+)$`)

// Memory is never writable and executable, and what a PIE has relocated is
// read-only.
func TestMemoryMap(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "maps")
			linktest.Compile(t, runtime.GOARCH, "testdata/maps", true).Link(t, mode, exe)
			var perms []string
			out := start(t, runtime.GOARCH, exe, 0, nil)
			for _, m := range mapLine.FindAllStringSubmatch(out, -1) {
				if strings.Contains(m[1], "wx") {
					t.Errorf("memory is %s: %s", m[1], m[0])
				}
				if m[2] == exe {
					perms = append(perms, m[1])
				}
			}
			want := map[string]string{cmdlink.ModeExe: "r--p r-xp r--p rw-p", cmdlink.ModeStaticPIE: "r--p r-xp r--p r--p rw-p"}[mode]
			if got := strings.Join(perms, " "); got != want {
				t.Errorf("the file is mapped %s, want %s", got, want)
			}
			if !strings.HasSuffix(out, "recovered map[a:[b]]\n") {
				t.Errorf("printed %q", out)
			}
		})
	}
}

// A static PIE runs wherever it is loaded: also with address randomization off,
// which every debugger does.
func TestNoRandomization(t *testing.T) {
	setarch, err := exec.LookPath("setarch")
	if err != nil {
		t.Skip("not started: no setarch on PATH")
	}
	exe := filepath.Join(t.TempDir(), "hello")
	linktest.Compile(t, runtime.GOARCH, "testdata/hello", true).Link(t, cmdlink.ModeStaticPIE, exe)
	if out, err := exec.Command(setarch, "-R", exe).CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "hello") {
		t.Errorf("printed %q, %v", out, err)
	}
}

// The dynamic loader of this machine either leaves a static PIE alone (glibc since
// 2.35), or the program says what is wrong. It does not crash.
func TestStartedByThisLoader(t *testing.T) {
	loaders, err := filepath.Glob("/lib*/ld-*.so*")
	if err != nil || len(loaders) == 0 {
		t.Skip("not started: no dynamic loader in /lib*")
	}
	exe := filepath.Join(t.TempDir(), "hello")
	linktest.Compile(t, runtime.GOARCH, "testdata/hello", true).Link(t, cmdlink.ModeStaticPIE, exe)
	for _, loader := range loaders {
		cmd := exec.Command(loader, exe)
		out, _ := cmd.CombinedOutput()
		switch code := cmd.ProcessState.ExitCode(); {
		case code == 0 && strings.HasPrefix(string(out), "hello"):
		case code == 127 && strings.HasPrefix(string(out), "static PIE: "):
		default:
			t.Errorf("%s: %v, printed %q", loader, cmd.ProcessState, out)
		}
	}
}

// A dynamic loader that has relocated the program has filled in DT_DEBUG. The program
// says what is wrong instead of relocating itself a second time.
func TestStartedByLoader(t *testing.T) {
	for _, goarch := range goarches {
		t.Run(goarch, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "hello")
			linktest.Compile(t, goarch, "testdata/hello", true).Link(t, cmdlink.ModeStaticPIE, exe)
			f, err := elf.Open(exe)
			if err != nil {
				t.Fatal(err)
			}
			dyn := f.Section(".dynamic")
			image := read(t, exe)
			for off := dyn.Offset; off < dyn.Offset+dyn.Size; off += 16 {
				if elf.DynTag(image[off]) == elf.DT_DEBUG {
					image[off+8] = 1
				}
			}
			if err := os.WriteFile(exe, image, 0o777); err != nil {
				t.Fatal(err)
			}
			if got, want := start(t, goarch, exe, 127, nil), "static PIE: this program relocates itself: start it directly, not by a dynamic loader.\n"; got != want {
				t.Errorf("printed %q, want %q", got, want)
			}
		})
	}
}

// gdb finds functions, arguments and callers in a static PIE.
func TestDebugger(t *testing.T) {
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		t.Skip("not started: no gdb on PATH")
	}
	exe := filepath.Join(t.TempDir(), "maps")
	linktest.Compile(t, runtime.GOARCH, "testdata/maps", true).Link(t, cmdlink.ModeStaticPIE, exe)
	out, err := exec.Command(gdb, "-q", "-nx", "-batch", "-ex", "break main.inner if n==0", "-ex", "run", "-ex", "bt", exe).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`#0  main.inner \(n=0`, `#3  0x[0-9a-f]+ in main.inner `, `#4  0x[0-9a-f]+ in main.main \(\) at .*main.go:\d+`} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
}

// The command line works in an empty environment with relative paths, prints
// nothing, and leaves nothing but the output.
func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	p := linktest.Compile(t, "arm64", "testdata/hello", true)
	var c cmdlink.Config
	p.Link(t, cmdlink.ModeExe, filepath.Join(dir, "reference"), func(e *cmdlink.Config) { c = *e })
	copyFile := func(from, to string) {
		to = filepath.Join(dir, to)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o777), os.WriteFile(to, read(t, from), 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	copyFile(c.Linker, "link")
	copyFile(c.Main, "main.a")
	packages := "runtime/cgo\nno/such/package\n"
	for _, a := range c.Archives {
		copyFile(a.File, filepath.Join("std/linux_arm64", a.PkgPath+".a"))
		packages += a.PkgPath + "\n"
	}
	params := strings.Join([]string{
		"link", "--linker", "link", "--package-list", "packages", "--stdlib", "std", "--main", "main.a", "--goarch", "arm64",
		"--main-path", c.BuildInfo.Path, "--x-def", "example.com/hello.version={STABLE_V}", "--main-importmap", "example.com/hello",
		"--stamp", "status", "--ldflag", "-X", "--ldflag", "runtime.godebugDefault=panicnil=1", "--map", "hello.map", "-o", "hello",
	}, "\n")
	for name, text := range map[string]string{"packages": packages, "params": params, "status": "STABLE_V stamped value\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(linktest.Golink(t), "@params")
	cmd.Dir, cmd.Env = dir, []string{}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("printed %q, %v", out, err)
	}
	if m := string(read(t, filepath.Join(dir, "hello.map"))); !strings.Contains(m, " main.main\n") {
		t.Error("main.main is not in the link map")
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if got, want := start(t, "arm64", filepath.Join(dir, "hello"), 0, nil), "hello stamped value [] \n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

// What is loaded, and so the build-id, is the same with and without symbols and DWARF: one debug file fits all.
func TestDebugInformationIsApart(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, "testdata/hello", true)
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			var want map[string][]byte
			for _, c := range []struct {
				name string
				edit func(*cmdlink.Config)
			}{
				{"all", func(*cmdlink.Config) {}},
				{"no DWARF", func(c *cmdlink.Config) { c.StripDWARF = true }},
				{"no symbols", noSymbols},
			} {
				exe := filepath.Join(dir, c.name)
				p.Link(t, mode, exe, c.edit)
				f, err := elf.Open(exe)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				got := map[string][]byte{}
				for _, s := range f.Sections {
					if s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOBITS {
						if got[s.Name], err = s.Data(); err != nil {
							t.Fatal(err)
						}
					}
				}
				if len(got[".note.gnu.build-id"]) == 0 {
					t.Fatalf("%s: no build-id", c.name)
				}
				if id := gotool.Output(t, "", runtime.GOARCH, "tool", "buildid", exe); strings.Count(id, "/") != 3 || strings.HasPrefix(id, "0000") {
					t.Errorf("%s: Go build ID %q, want four parts derived from the contents", c.name, id)
				}
				if want == nil {
					want = got
				} else if !reflect.DeepEqual(got, want) {
					for name, data := range got {
						if !bytes.Equal(data, want[name]) {
							t.Errorf("%s: section %s differs", c.name, name)
						}
					}
				}
			}
		})
	}
}
