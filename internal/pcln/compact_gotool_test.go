package pcln

import (
	"bytes"
	"debug/elf"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/machine"
)

const program = `package main

import "fmt"

type box[T any] struct{ v T }

func (b box[T]) get() T { return b.v }

func check(i int, list []string) string { return list[i] }

// Initializers by inlined calls, in an init without prologue.
type pair struct {
	key  key
	kind int
	bits uint64
}

type key string

func raw(i int64) uint64 { return uint64(i) }

func (k key) number(v int) pair { return pair{k, 1, raw(int64(v))} }

var a, b = key("k").number(1), key("k").number(2)

func main() {
	defer func() { fmt.Println(recover(), a, b) }()
	fmt.Println(box[string]{"x"}.get(), check(3, []string{"a"}))
}
`

// build compiles the program with the go command, in the modes it has without a
// C compiler, and returns the files by name.
func build(t testing.TB, goarch string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	gotool.Output(t, dir, goarch, append(append([]string{"build", "-trimpath", "-o", out}, args...), "main.go")...)
	return out
}

func open(t testing.TB, path string) *goelf.File {
	t.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// checkTiers compacts the program at path in each tier. No result is larger than the one before; started, with args, each does
// what the program does.
func checkTiers(t *testing.T, goarch, path string, start bool, args ...string) {
	t.Helper()
	f := open(t, path)
	run := func(path string) string {
		cmd := gotool.Run(t, goarch, path, args...)
		cmd.Dir = filepath.Dir(path)
		b, err := cmd.CombinedOutput()
		if len(b) == 0 {
			t.Fatalf("%s: %v, and nothing printed", path, err)
		}
		return fmt.Sprintf("%s(%v)", strings.ReplaceAll(string(b), path, "PROGRAM"), err)
	}
	want := ""
	if start {
		want = run(path)
	}
	size := len(f.Data)
	for tier := Full; tier <= External; tier++ {
		data, _, err := Compact(f, tier, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		// On machines with large pages a file shrinks by whole pages.
		if len(data) > size || tier == External && len(data) > len(f.Data)*9/10 {
			t.Errorf("%s, %v: %d bytes, after %d", path, tier, len(data), size)
		}
		size = len(data)
		if !start {
			continue
		}
		dir := filepath.Join(filepath.Dir(path), tier.String())
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, filepath.Base(path)) // some programs print their names
		if err := os.WriteFile(out, data, 0o755); err != nil {
			t.Fatal(err)
		}
		if got := run(out); got != want {
			t.Errorf("%s, %v: printed %q, want %q", path, tier, got, want)
		}
		os.Remove(out)
	}
}

// Programs of the go command, in which other sections follow .gopclntab, also
// with addends in a table of relocations, shrink and run.
func TestGoBuild(t *testing.T) {
	for _, test := range []struct {
		name, goarch string
		args         []string
	}{
		{"exe-amd64", "amd64", nil},
		{"exe-riscv64", "riscv64", nil},
		{"pie-amd64", "amd64", []string{"-buildmode=pie"}},
		{"stripped-arm64", "arm64", []string{"-ldflags=-s -w"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A PIE of the go command wants a dynamic loader.
			checkTiers(t, test.goarch, build(t, test.goarch, test.args...), test.name != "pie-amd64")
		})
	}
}

// The first instruction of an init may belong to an inlined call that the compiler says is called from there: from itself.
func TestCallsOfThemselves(t *testing.T) {
	table, err := Read(open(t, build(t, "amd64")), goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	for i := range table.Len() {
		var r funcRecord
		if err := table.readFunc(i, &r); err != nil {
			t.Fatal(err)
		}
		if name, err := table.name(r.name); err != nil || name != "main.init" {
			continue
		}
		inlined, err := table.walkAll(r.pcdata[goabi.PCDataInlTree], r.size, nil)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := table.frames(&r, inlined, valueAt(inlined, 0))
		if err != nil || len(chain) == 0 {
			t.Fatalf("calls inlined at the start of main.init: %+v (%v), want one or more", chain, err)
		}
		if last := chain[len(chain)-1]; last.parent != 0 {
			t.Errorf("the outermost call is called from %#x of main.init, want 0, where it begins itself", last.parent)
		}
		return
	}
	t.Fatal("there is no main.init")
}

var commandsFlag = flag.String("pcln.commands", "cmd/gofmt", "`packages` of Go's commands that TestCommands compacts; cmd/... for all")

// Go's own commands shrink and start.
func TestCommands(t *testing.T) {
	for _, goarch := range machine.GOARCHs() {
		t.Run(goarch, func(t *testing.T) {
			dir := t.TempDir()
			gotool.Output(t, "", goarch, "build", "-trimpath", "-ldflags=-s -w", "-o", dir+"/", *commandsFlag)
			paths, err := filepath.Glob(dir + "/*")
			if err != nil || len(paths) == 0 {
				t.Fatalf("-pcln.commands=%s: no commands (%v)", *commandsFlag, err)
			}
			for _, path := range paths {
				t.Run(filepath.Base(path), func(t *testing.T) { checkTiers(t, goarch, path, true, "-h") })
			}
			t.Logf("%s: %d commands", goarch, len(paths))
		})
	}
}

// What linkcheck reads of functions is the same after compacting without loss, also where short tables moved into the records.
func TestReadByOthers(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		out := filepath.Join(t.TempDir(), "out")
		gotool.Output(t, "", goarch, "build", "-trimpath", "-o", out, "github.com/go3s/rules_go3s/tools/golink/testdata/seed") // a small one has too few records
		f := open(t, out)
		data, _, err := Compact(f, Full, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		g, err := goelf.Parse("compacted", data)
		if err != nil {
			t.Fatal(err)
		}
		before, err := gobin.ReadFuncTable(f)
		if err != nil {
			t.Fatal(err)
		}
		after, err := gobin.ReadFuncTable(g)
		if err != nil {
			t.Fatal(err)
		}
		for i := range before.Len() {
			want, got := before.Info(i, nil), after.Info(i, nil)
			if got.File != want.File || got.Line != want.Line || want.File == "" && want.Line > 0 {
				t.Fatalf("%s: %s is at %s:%d, want %s:%d", goarch, before.At(i).Name, got.File, got.Line, want.File, want.Line)
			}
		}
	}
}

// A section of unknown use after .gopclntab keeps its address. The segment becomes two where there is room for a program
// header; without, the file is as large as it was.
func TestUnmovable(t *testing.T) {
	path := build(t, "amd64")
	f := open(t, path)
	for _, room := range []bool{true, false} {
		data := append([]byte{}, f.Data...)
		for i := range f.Sections {
			if s := &f.Sections[i]; s.Str == ".typelink" { // before Go 1.27
				name := f.Sections[f.Shstrndx].Off + uint64(s.Name)
				copy(data[name:], ".unknown")
			}
		}
		if !room {
			data[f.Header.Shoff+uint64(len(f.Sections))*goelf.SectionHeaderSize+8] = 1
		}
		g, err := goelf.Parse(path, data)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := Compact(g, Functions, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		if (len(out) < len(data)) != room || string(out) == string(data) {
			t.Errorf("room %v: %d bytes of %d", room, len(out), len(data))
		}
		h, err := goelf.Parse(path, out)
		if err != nil {
			t.Fatal(err)
		}
		for i := range g.Sections {
			if a, b := &g.Sections[i], h.Section(g.Sections[i].Str); a.Str != "" && (b == nil || a.Addr != b.Addr) {
				t.Errorf("room %v: section %s was at %#x, is %+v", room, a.Str, a.Addr, b)
			}
		}
		if err := os.WriteFile(path+".out", out, 0o755); err != nil {
			t.Fatal(err)
		}
		if b, err := gotool.Run(t, "amd64", path+".out").CombinedOutput(); err != nil || !strings.Contains(string(b), "index out of range [3]") {
			t.Errorf("room %v: %v: printed %q", room, err, b)
		}
	}
}

// What is compacted once is compacted: another time gives the same bytes.
func TestIdempotent(t *testing.T) {
	f := open(t, build(t, "amd64"))
	for _, tier := range []Tier{Full, Functions} {
		once, _, err := Compact(f, tier, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		g, err := goelf.Parse("once", once)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Compact(g, External, goabi.Refuse); err != nil {
			t.Error(err)
		}
		twice, _, err := Compact(g, tier, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		if len(twice) != len(once) {
			t.Errorf("%v: %d bytes, then %d", tier, len(once), len(twice))
		}
	}
}

func TestExternalTwice(t *testing.T) {
	f := open(t, build(t, "amd64"))
	once, _, err := Compact(f, External, goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	g, err := goelf.Parse("once", once)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(g, External, goabi.Refuse); err == nil || !strings.Contains(err.Error(), "its names are taken out already") {
		t.Errorf("error %v", err)
	}
}

// withFunctions returns the program f with its first n functions only, so that
// fuzzing is fast.
func withFunctions(t testing.TB, f *goelf.File, n uint64) *goelf.File {
	t.Helper()
	table, err := Read(f, goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(f.Data)
	mod := data[f.Section(".go.module").Off:]
	le.PutUint64(data[table.Section.Off+8:], n)
	le.PutUint64(mod[goabi.ModuleFuncTab+8:], n+1)
	le.PutUint64(mod[goabi.ModuleFuncTab+16:], n+1)
	le.PutUint64(mod[goabi.ModuleMaxPC:], table.textAddr+table.entry(int(n)))
	g, err := goelf.Parse("few functions", data)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A span is a part of a file.
type span struct{ off, size uint64 }

// spans returns what of the tables of f is worth changing: module data, the header,
// the function table, and of each function its record and the starts of what that
// refers to. All other bytes belong to functions that f does not have.
func spans(t testing.TB, f *goelf.File) []span {
	t.Helper()
	table, err := Read(f, goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	mod := f.Section(".go.module").Off
	offset := func(part int) uint64 { // of what module data has the address of
		return le.Uint64(f.Data[mod+uint64(part):]) - table.Section.Addr + table.Section.Off
	}
	const stream, data = 24, 32
	functions := uint64(table.count)
	list := []span{
		{mod, table.layout.Size}, {offset(goabi.ModuleHeader), goabi.PCHeaderSize},
		{offset(goabi.ModuleFuncs), functions * goabi.FuncTabEntry}, {offset(goabi.ModuleFindFuncTab), table.findSize()},
	}
	for i := range table.count {
		var r funcRecord
		if err := table.readFunc(i, &r); err != nil {
			t.Fatal(err)
		}
		at := uint64(le.Uint32(table.funcs[i*goabi.FuncTabEntry+4:]))
		list = append(list, span{offset(goabi.ModuleFuncs) + at, goabi.FuncSize + 4*(goabi.NumPCData+goabi.NumFuncData)},
			span{offset(goabi.ModuleFuncNames) + uint64(r.name), 8})
		for _, off := range append(r.pcdata[:], r.sp, r.file, r.line) {
			if off != 0 {
				list = append(list, span{offset(goabi.ModulePCTab) + uint64(off), stream})
			}
		}
		for _, off := range r.funcdata {
			if off != goabi.NoFuncData {
				list = append(list, span{offset(table.layout.GoFunc) + uint64(off), data})
			}
		}
	}
	return list
}

// mutate changes bytes in some of the spans of a program.
func mutate(f *goelf.File, list []span, seed []byte) []byte {
	data := bytes.Clone(f.Data)
	for ; len(seed) >= 5; seed = seed[5:] {
		s := list[int(le.Uint16(seed))%len(list)]
		data[s.off+uint64(le.Uint16(seed[2:]))%s.size] ^= seed[4]
	}
	return data
}

// On damaged tables Compact fails or is right: its verification would not let a
// wrong result through, and it does not panic.
func FuzzCompact(f *testing.F) {
	p := withFunctions(f, open(f, build(f, "amd64", "-ldflags=-s -w")), 100)
	for tier := Full; tier <= External; tier++ {
		if _, _, err := Compact(p, tier, goabi.Refuse); err != nil {
			f.Fatal(err)
		}
	}
	list := spans(f, p)
	f.Add([]byte{0, 0, 0, 0, 0}, byte(0))
	f.Add([]byte{16, 0, 0, 0, 1, 1, 0, 0, 0x80, 7}, byte(1))
	f.Add([]byte{0, 0x90, 2, 0, 0xff, 0, 0xc0, 3, 0, 1}, byte(2))
	f.Fuzz(func(t *testing.T, seed []byte, tier byte) {
		data := mutate(p, list, seed)
		g, err := goelf.Parse("mutant", data)
		if err != nil {
			return
		}
		var out []byte
		var symbols *Symbols
		fuzztest.Bounded(t, len(data), 64, func() { out, symbols, err = Compact(g, Tier(tier%3), goabi.Refuse) })
		if (out == nil) == (err == nil) {
			t.Fatalf("%d bytes and error %v", len(out), err)
		}
		if err != nil {
			return
		}
		if symbols != nil {
			b, err := symbols.Encode()
			if (b == nil) == (err == nil) {
				t.Fatalf("side file of %d bytes and error %v", len(b), err)
			}
			if err == nil {
				if _, err := ReadSymbols("side file", b); err != nil {
					t.Fatal(err)
				}
			}
		}
		h, err := goelf.Parse("output", out)
		if err != nil {
			t.Fatal(err)
		}
		if h.Header.Type != uint16(elf.ET_EXEC) {
			t.Errorf("type %d", h.Header.Type)
		}
	})
}

// Segments move by pages also where p_align says less, as the kernel maps pages.
func TestSmallAlignment(t *testing.T) {
	path := build(t, "amd64")
	f := open(t, path)
	for _, align := range []uint64{0, 1, 8, 2048} {
		data := append([]byte{}, f.Data...)
		for i := range f.Progs {
			if elf.ProgType(f.Progs[i].Type) == elf.PT_LOAD {
				le.PutUint64(data[f.Header.Phoff+uint64(i)*goelf.ProgHeaderSize+48:], align)
			}
		}
		g, err := goelf.Parse(path, data)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := Compact(g, Functions, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) >= len(data) {
			t.Errorf("p_align %d: %d bytes, after %d", align, len(out), len(data))
		}
		if err := os.WriteFile(path+".out", out, 0o755); err != nil {
			t.Fatal(err)
		}
		if b, err := gotool.Run(t, "amd64", path+".out").CombinedOutput(); err != nil || !strings.Contains(string(b), "index out of range [3]") {
			t.Errorf("p_align %d: %v: printed %q", align, err, b)
		}
	}
}
