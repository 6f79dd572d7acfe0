package compare

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go3s/rules_go3s/internal/compare/stdtable"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/strip"
)

func TestMain(m *testing.M) { linktest.Main(m) }

var goarches = []string{"amd64", "arm64", "riscv64"}

var modes = []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE}

// read reads the linked program at path.
func read(t testing.TB, path string) *Program {
	t.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := Read(filepath.Base(path), f, goStd(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var sdk struct {
	sync.Once
	std *Std
}

// goStd returns the table of the Go release that builds the programs.
func goStd(t testing.TB) *Std {
	t.Helper()
	env := strings.Fields(gotool.Output(t, "", runtime.GOARCH, "env", "GOROOT", "GOVERSION"))
	sdk.Do(func() {
		sdk.std = ShippedStd()
		if sdk.std.check("", env[1]) == nil {
			return
		}
		text, err := stdtable.Make(env[:1], env[1:])
		if err == nil {
			sdk.std, err = ParseStd("stdtable", text)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	return sdk.std
}

// stripped is what link calls the fixed-address program without symbols.
const stripped = "stripped"

// link builds the program in dir in each mode, and strips one.
func link(t testing.TB, goarch, dir string, edits ...func(*cmdlink.Config)) map[string]*Program {
	t.Helper()
	p := linktest.Compile(t, goarch, dir, true)
	out := map[string]*Program{}
	for _, mode := range modes {
		file := filepath.Join(t.TempDir(), goarch)
		p.Link(t, mode, file, edits...)
		out[mode] = read(t, file)
		if mode != cmdlink.ModeExe {
			continue
		}
		f, err := goelf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		image, err := strip.Strip(f, &strip.Options{Mode: strip.All})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := image.Write(&b, bytes.NewReader(f.Data)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".stripped", b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		out[stripped] = read(t, file+".stripped")
	}
	return out
}

// findings compares and returns the differences that nothing explains.
func findings(t testing.TB, programs []*Program) []Difference {
	t.Helper()
	differences, err := Compare(programs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(differences) < 200 {
		t.Errorf("%d differences, want hundreds: the runtime alone has them", len(differences))
	}
	return slices.DeleteFunc(differences, func(d Difference) bool { return d.Rule != "" })
}

// app copies testdata/app, with the changes, into a new directory.
func app(t testing.TB, changes func(edit func(file, old, new string))) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/app")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "go.mod.txt"), filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		text := strings.Repeat("All machines have this line.\n", 42+i) + "end"
		if err := os.WriteFile(filepath.Join(dir, "web", fmt.Sprint(i)), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	changes(func(file, old, new string) {
		path := filepath.Join(dir, file)
		data, err := os.ReadFile(path)
		if err != nil && old != "" {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), old) {
			t.Fatalf("%s does not contain %q", file, old)
		}
		if old != "" {
			new = strings.Replace(string(data), old, new, 1)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(new), 0o666); err != nil {
			t.Fatal(err)
		}
	})
	return dir
}

// A plant is a change of the program on one architecture.
type plant struct {
	name   string
	goarch string
	files  [][3]string                           // file, text in it, or "" for a new file, and what takes its place
	link   func(t testing.TB, c *cmdlink.Config) // nil for nothing
	// want are the findings, each as "kind subject"; bySymbol those that a stripped program does not give.
	want, bySymbol []string
}

var plants = []plant{
	{name: "function in a file with a suffix", goarch: "arm64",
		files: [][3]string{{"door_arm64.go", "", "package main\n\nimport \"os\"\n\nfunc init() {\n\tif os.Getenv(\"DOOR\") != \"\" {\n\t\topen()\n\t}\n}\n\n//go:noinline\nfunc open() { os.Remove(\"x\") }\n"}},
		want:  []string{"functions main.init.(door_arm64.go:5)", "functions main.open", `strings "DOOR"`}},
	{name: "function in a file with a tag", goarch: "riscv64",
		files: [][3]string{{"door.go", "", "//go:build riscv64\n\npackage main\n\nvar Sum int\n\nfunc init() { Sum = twist(len(version)) }\n\nfunc twist(n int) int { return n*31 + 7 }\n"}},
		want:  []string{"functions main.init.(door.go:7)", "functions main.twist", "data main.Sum"}},
	{name: "call", goarch: "amd64",
		files: [][3]string{{"store/store.go", "\treturn s.texts[name] + s.url", "\tif runtime.GOARCH == \"amd64\" {\n\t\ts.Put(name, name)\n\t}\n\treturn s.texts[name] + s.url"}, {"store/store.go", "\t\"sync\"", "\t\"runtime\"\n\t\"sync\""}},
		want:  []string{"calls example.com/app/store.(*Store).Get -> example.com/app/store.(*Store).Put"}},
	{name: "call by an inlined function of the standard library", goarch: "amd64",
		files: [][3]string{{"store/store.go", "\treturn s.texts[name] + s.url", "\tif slices.ContainsFunc([]string{name}, isShort) {\n\t\treturn name\n\t}\n\treturn s.texts[name] + s.url"}},
		want:  []string{"calls example.com/app/store.(*Store).Get -> example.com/app/store.isShort"}},
	{name: "function value", goarch: "arm64",
		files: [][3]string{{"main.go", "\ts.Put(", "\tgo greet(\"nobody\")\n\ts.Put("}},
		want:  []string{"functions main.main.gowrap1", "calls main.main -> main.main.gowrap1"}},
	{name: "closure that is inlined elsewhere", goarch: "riscv64",
		files: [][3]string{{"store/store.go", "return len(s.Get(a))", "s.Put(a, b); return len(s.Get(a))"}},
		want:  []string{"functions example.com/app/store.(*Store).Longest.(*Store).byLength.func2"}},
	{name: "closure that others inline", goarch: "amd64",
		files: [][3]string{{"store/store.go", "return len(s.Get(a))", "s.Put(a, b); return len(s.Get(a))"}},
		want:  []string{"functions example.com/app/store.(*Store).byLength.func1"}},
	{name: "package", goarch: "riscv64",
		files: [][3]string{{"phone/phone.go", "", "package phone\n\nimport \"syscall\"\n\n//go:noinline\nfunc Home() { syscall.RawSyscall(39, 0, 0, 0) }\n"}, {"home_riscv64.go", "", "package main\n\nimport \"example.com/app/phone\"\n\nfunc init() { phone.Home() }\n"}},
		want:  []string{"packages example.com/app/phone", "functions example.com/app/phone.Home"}},
	{name: "string", goarch: "arm64",
		files: [][3]string{{"main.go", "updates.example.com/feed", "updates.example.net/feed"}},
		want:  []string{`strings "https://updates.example.com/feed"`, `strings "https://updates.example.net/feed"`}},
	{name: "longer string", goarch: "riscv64",
		files: [][3]string{{"main.go", "updates.example.com/feed", "updates.example.com/feeds"}},
		want:  []string{`strings "https://updates.example.com/feeds"`}},
	{name: "string that is compared with its negative", goarch: "arm64",
		files: [][3]string{{"main.go", `\x1aE\xdf\xa3`, `\x1aE\xdf\xa2`}},
		want:  []string{`strings "\x1aEߣ"`}},
	{name: "embedded file", goarch: "amd64",
		files: [][3]string{{"web/index.html", "index", "<script>"}},
		want:  []string{"embedded-files web/index.html", `strings "<html><script></html>\n"`}},
	{name: "one more embedded file", goarch: "arm64",
		files: [][3]string{{"web/more.html", "", "more"}},
		want:  []string{"embedded-files web/more.html"}},
	{name: "embedded string", goarch: "riscv64",
		files: [][3]string{{"web/banner.txt", "welcome", "go away"}},
		want:  []string{"embedded-files web/banner.txt", `strings "go away\n"`}},
	{name: "table", goarch: "arm64",
		files: [][3]string{{"main.go", "9, 2, 6", "9, 2, 7"}},
		want:  []string{"data main.table"}},
	{name: "number that looks like an address", goarch: "riscv64",
		files: [][3]string{{"main.go", "0x4c0000", "0x4c0008"}},
		want:  []string{"data main.places"}},
	{name: "value of the linker", goarch: "amd64",
		link: func(_ testing.TB, c *cmdlink.Config) { c.XDefs = append(c.XDefs, "main.version=hacked") },
		want: []string{"data main.version", "data main.version.str"}},
	{name: "runtime function", goarch: "riscv64",
		files: [][3]string{{"main.go", "\ts.Put(", "\truntime.Gosched()\n\ts.Put("}},
		want:  []string{"calls main.main -> runtime.Gosched"}},
	{name: "build setting", goarch: "arm64",
		link: func(_ testing.TB, c *cmdlink.Config) {
			c.BuildInfo.Settings = append(c.BuildInfo.Settings, "-tags=door")
		},
		want: []string{"build-info build -tags"}},
	{name: "section", goarch: "riscv64",
		link: func(t testing.TB, c *cmdlink.Config) {
			file := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(file, []byte("door"), 0o666); err != nil {
				t.Fatal(err)
			}
			c.Sections = append(c.Sections, ".embed_config="+file)
		},
		want: []string{"sections .embed_config"}},
	{name: "function named as the compiler names those by signature", goarch: "amd64",
		files: [][3]string{
			{"door_amd64.go", "", "package main\n\nimport (\n\t\"os\"\n\t_ \"unsafe\"\n)\n\n" +
				"//go:linkname open type:.eq.SM11\n//go:noinline\n//line <autogenerated>:1\nfunc open() { os.Remove(\"x\") }\n"},
			{"main.go", "\ts.Put(", "\topen()\n\ts.Put("}},
		want: []string{"functions type:.eq.SM11", "calls main.main -> type:.eq.SM11"}},
	{name: "function named as the compiler's", goarch: "amd64",
		files: [][3]string{
			{"door_amd64.go", "", "package main\n\nimport (\n\t\"os\"\n\t_ \"unsafe\"\n)\n\n//go:linkname open type:.eq.os.fileStat2\n//go:noinline\n//line <autogenerated>:1\nfunc open() { os.Remove(\"x\") }\n"},
			{"main.go", "\ts.Put(", "\topen()\n\ts.Put("}},
		want: []string{"functions type:.eq.os.fileStat2", "calls main.main -> type:.eq.os.fileStat2"}},

	// What hides in the files of a package that has code for each architecture anyway.
	{name: "kernel for amd64", goarch: "amd64",
		files: [][3]string{
			{"kernel/sum_amd64.go", "\treturn block(", "\tlisten()\n\tread(text)\n\tlater()\n\tenter()\n\treturn block("},
			{"kernel/a_amd64.go", "", "package kernel\n\nimport \"syscall\"\n\n//go:noinline\nfunc listen() { syscall.Socket(2, 1, 0) }\n"},
			{"kernel/b_amd64.go", "", "package kernel\n\nimport \"os\"\n\n//go:noinline\nfunc read(name string) { wide = os.Getenv(name) != \"\" }\n"},
			{"kernel/c_amd64.go", "", "package kernel\n\n//go:noinline\nfunc later() { go block(nil) }\n"},
			{"kernel/d_amd64.s", "", "#include \"textflag.h\"\n\nTEXT ·enter(SB), NOSPLIT, $0\n\tMOVQ $57, AX\n\tSYSCALL\n\tRET\n"},
			{"kernel/e_amd64.go", "", "package kernel\n\nfunc enter()\n"}},
		want: []string{"functions example.com/app/kernel.listen", "functions example.com/app/kernel.read", "functions example.com/app/kernel.later", "functions example.com/app/kernel.enter"}},
	{name: "kernel for arm64", goarch: "arm64",
		files: [][3]string{
			{"kernel/sum_generic.go", "!amd64", "!amd64 && !arm64"},
			{"kernel/sum_arm64.go", "", "package kernel\n\nimport \"os\"\n\nfunc init() { Strict = false }\n\n//go:noinline\nfunc sum(text string) uint64 {\n\tos.StartProcess(text, nil, &os.ProcAttr{})\n\ttell(feed())\n\treturn generic(text)\n}\n\n//go:noinline\nfunc tell(string) {}\n\nfunc feed() string { return \"198.51.100.7:443\" }\n"}},
		want: []string{"calls example.com/app/kernel.sum -> os.StartProcess", "functions example.com/app/kernel.init.(sum_arm64.go:5)", `strings "198.51.100.7:443"`}},
	{name: "kernel for riscv64", goarch: "riscv64",
		files: [][3]string{
			{"kernel/sum_generic.go", "!amd64", "!amd64 && !riscv64"},
			{"store/load.go", "", "package store\n\nimport \"os\"\n\n//go:noinline\nfunc Load(name string) { os.Remove(name) }\n"},
			{"kernel/sum_riscv64.go", "", "package kernel\n\nimport (\n\t\"os\"\n\n\t\"example.com/app/store\"\n)\n\nvar hook = os.Exit\n\n//go:noinline\nfunc sum(text string) uint64 {\n\tstore.Load(text)\n\tclean()\n\treturn generic(text)\n}\n\n//go:noinline\nfunc clean() { os.Args = nil }\n"}},
		want:     []string{"functions example.com/app/store.Load"},
		bySymbol: []string{"functions example.com/app/kernel.clean"}},
}

// A program that is the same everywhere gives no finding, in both modes, and what is
// planted on one architecture is found.
func TestPlants(t *testing.T) {
	same := app(t, func(func(string, string, string)) {})
	clean := map[string]map[string]*Program{}
	for _, goarch := range goarches {
		clean[goarch] = link(t, goarch, same)
	}
	programs := func(mode string, planted map[string]*Program) []*Program {
		var out []*Program
		for _, goarch := range goarches {
			p := clean[goarch][mode]
			if planted != nil && planted[mode].GOARCH == goarch {
				p = planted[mode]
			}
			out = append(out, p)
		}
		return out
	}
	for _, mode := range append(modes, stripped) {
		for _, d := range findings(t, programs(mode, nil)) {
			t.Errorf("%s: the same program: %s %s: %v", mode, d.Kind, d.Subject, &d)
		}
	}
	for _, plant := range plants {
		t.Run(plant.name, func(t *testing.T) {
			dir := app(t, func(edit func(file, old, new string)) {
				for _, f := range plant.files {
					edit(f[0], f[1], f[2])
				}
			})
			planted := link(t, plant.goarch, dir, func(c *cmdlink.Config) {
				if plant.link != nil {
					plant.link(t, c)
				}
			})
			for _, mode := range append(modes, stripped) {
				found := map[string]bool{}
				for _, d := range findings(t, programs(mode, planted)) {
					found[fmt.Sprintf("%s %s", d.Kind, d.Subject)] = true
				}
				for _, want := range slices.Concat(plant.want, plant.bySymbol) {
					if kind, _, _ := strings.Cut(want, " "); mode == stripped && (kind == string(Strings) || kind == string(Data) ||
						slices.Contains(plant.bySymbol, want)) {
						continue // told apart by symbols only
					}
					if !found[want] {
						t.Errorf("%s: no finding %s; there are %q", mode, want, slices.Sorted(maps.Keys(found)))
					}
				}
			}
		})
	}
}

// TestArithmetic: what changes the result of a function and nothing that it refers to is not found (docs/compare.md, Limits).
func TestArithmetic(t *testing.T) {
	same := app(t, func(func(string, string, string)) {})
	planted := app(t, func(edit func(file, old, new string)) { edit("kernel/kernel.go", "out*31", "out*33") })
	found := findings(t, []*Program{link(t, "amd64", same)[cmdlink.ModeExe], link(t, "arm64", planted)[cmdlink.ModeExe]})
	if len(found) > 0 {
		t.Errorf("found: %v; say so in docs/compare.md", found)
	}
}

// TestRelocationClasses: a program with pointers to relocate differs from those without.
func TestRelocationClasses(t *testing.T) {
	dir := app(t, func(func(string, string, string)) {})
	found := findings(t, []*Program{link(t, "amd64", dir)[cmdlink.ModeExe], link(t, "arm64", dir)[cmdlink.ModeStaticPIE]})
	if !slices.ContainsFunc(found, func(d Difference) bool { return d.Kind == Relocations && slices.Equal(d.In, []string{"arm64"}) }) {
		t.Errorf("no finding about relocations of arm64; there are %v", found)
	}
}

// TestEveryKindHasAPlant: so that no kind of difference is shown on made-up files only.
func TestEveryKindHasAPlant(t *testing.T) {
	have := map[Kind]bool{Relocations: true} // TestRelocationClasses
	for _, p := range plants {
		for _, want := range p.want {
			kind, _, _ := strings.Cut(want, " ")
			have[Kind(kind)] = true
		}
	}
	for _, k := range Kinds {
		if !have[k] {
			t.Errorf("nothing is planted that is a difference of kind %s", k)
		}
	}
}
