package main

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/sizes"
)

// A tree is a directory with Go sources in it.
type tree struct {
	t   *testing.T
	dir string
}

func newTree(t *testing.T, files map[string]string) *tree {
	t.Helper()
	w := &tree{t, t.TempDir()}
	for name, text := range files {
		w.write(name, text)
	}
	return w
}

func (w *tree) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		w.t.Fatal(err)
	}
}

// build runs "golink build" for goarch in the directory sub and returns what it printed.
func (w *tree) build(goarch, sub string, env []string, args ...string) (string, error) {
	w.t.Helper()
	cmd := gotool.Command(w.t, goarch, "version") // for its environment
	cmd = &exec.Cmd{Path: linktest.Golink(w.t), Args: append([]string{"golink", "build"}, args...), Dir: filepath.Join(w.dir, sub), Env: cmd.Env}
	cmd.Env = append(append(cmd.Env, "GOWORK=", "GOPROXY=off", "GOFIPS140=off"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *tree) mustBuild(goarch, sub string, env []string, args ...string) string {
	w.t.Helper()
	out, err := w.build(goarch, sub, env, args...)
	if err != nil {
		w.t.Fatalf("golink build %q: %v\n%s", args, err, out)
	}
	return out
}

func (w *tree) path(name string) string { return filepath.Join(w.dir, name) }

// greeter is a module with a package, and one with a program that uses it.
var greeter = map[string]string{
	"lib/go.mod":      "module example.com/lib\n\ngo 1.26\n",
	"lib/lib.go":      "package lib\n\nfunc Greeting() string { return \"hello\" }\n",
	"app/go.mod":      "module example.com/app\n\ngo 1.26\n\nrequire example.com/lib v1.0.0\n\nreplace example.com/lib => ../lib\n",
	"app/cmd/hi/m.go": "package main\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/lib\"\n)\n\nvar version = \"none\"\n\nfunc main() { fmt.Println(lib.Greeting(), version) }\n",
}

// In every kind of tree, for every machine, in both modes, with all that can be done to a program.
func TestBuild(t *testing.T) {
	for _, goarch := range goarches {
		w := newTree(t, greeter)
		for _, c := range []struct {
			name string
			args []string
			typ  elf.Type
		}{
			{"default", nil, elf.ET_DYN},
			{"fixed address", []string{"-buildmode=exe"}, elf.ET_EXEC},
			{"functions", []string{"--traceback", "functions"}, elf.ET_DYN},
			{"packed", []string{"-pack=lz4", "-traceback=external", "-reports", "out"}, elf.ET_DYN},
			{"not trimmed", []string{"-trimpath=false", "-strip=none"}, elf.ET_DYN},
		} {
			t.Run(goarch+"/"+c.name, func(t *testing.T) {
				w.t = t
				exe := w.path("app/hi")
				w.mustBuild(goarch, "app", nil, append(c.args, "-ldflags=-X main.version=v1", "-o", exe, "./cmd/hi")...)
				if got := start(t, goarch, exe, 0, nil); got != "hello v1\n" {
					t.Errorf("printed %q", got)
				}
				f, err := elf.Open(exe)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if f.Type != c.typ || slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
					t.Errorf("%v, want %v without PT_INTERP", f.Type, c.typ)
				}
				info, err := buildinfo.ReadFile(exe)
				if err != nil || info.Path != "example.com/app/cmd/hi" || len(info.Deps) != 1 || info.Deps[0].Path != "example.com/lib" {
					t.Fatalf("build information %v, %v", info, err)
				}
				want := map[elf.Type]string{elf.ET_DYN: "pie", elf.ET_EXEC: "exe"}[c.typ]
				if i := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-buildmode" }); i < 0 || info.Settings[i].Value != want {
					t.Errorf("settings %v, want -buildmode=%s", info.Settings, want)
				}
			})
		}
		checkPackedSizes(t, w.path("app/out/hi.sizes.json"))
		for _, name := range []string{"hi.linkcheck.json", "hi.sizes.json", "hi.sizes.html", "hi.symbols", "hi.debug"} {
			if _, err := os.Stat(w.path("app/out/" + name)); err != nil {
				t.Error(err)
			}
		}
		report, err := os.ReadFile(w.path("app/out/hi.linkcheck.json"))
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Files []struct{ Profile, GOARCH string }
		}
		if err := json.Unmarshal(report, &r); err != nil || len(r.Files) != 2 || r.Files[0].Profile != "static-pie" || r.Files[1].Profile != "packed" ||
			r.Files[1].GOARCH != goarch {
			t.Errorf("report on %+v, %v; want one on the program and one on the packed one", r, err)
		}
	}
}

// checkPackedSizes checks the size report of a packed program: to the last byte, and with its functions by name.
func checkPackedSizes(t *testing.T, file string) {
	t.Helper()
	r, err := sizes.ParseReport(read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	b, sum, main := r.Files[0], uint64(0), uint64(0)
	for _, m := range b.Modules {
		for _, p := range m.Packages {
			for _, i := range p.Items {
				sum += i.Bytes
				if p.Name == "main" && i.Name == "main" && i.Section == ".packed" && i.Type == sizes.TypeCode {
					main = i.Bytes
				}
			}
		}
	}
	if sum != b.Size || main == 0 || b.Types[sizes.TypePacked] == 0 {
		t.Errorf("%d of %d bytes are of an item, and main.main has %d; types %v", sum, b.Size, main, b.Types)
	}
}

// A workspace, and a vendor directory.
func TestBuildTrees(t *testing.T) {
	w := newTree(t, greeter)
	w.write("go.work", "go 1.26\n\nuse (\n\t./app\n\t./lib\n)\n")
	w.mustBuild("amd64", "app", nil, "-o", w.path("workspace"), "./cmd/hi")
	if err := os.Remove(w.path("go.work")); err != nil {
		t.Fatal(err)
	}
	gotool.Output(t, w.path("app"), "amd64", "mod", "vendor")
	w.mustBuild("amd64", "app", nil, "-mod=vendor", "-o", w.path("vendored"), "./cmd/hi")
	w.mustBuild("amd64", "", nil, "-C", "app", "-o", w.path("elsewhere"), "./cmd/hi")
	for _, exe := range []string{"workspace", "vendored", "elsewhere"} {
		if got := start(t, "amd64", w.path(exe), 0, nil); got != "hello none\n" {
			t.Errorf("%s: printed %q", exe, got)
		}
	}
}

var linked = regexp.MustCompile(`(?m)golink['"]? toolexec .*/link -o `)

// A program is linked again when something has changed, and only then.
func TestBuildCache(t *testing.T) {
	w := newTree(t, greeter)
	w.write("policy.json", `{"schema": 1}`)
	build := func(args ...string) bool {
		t.Helper()
		return linked.MatchString(w.mustBuild("amd64", "app", nil, append(args, "-x", "-policy=../policy.json", "-o", w.path("hi"), "./cmd/hi")...))
	}
	for _, step := range []struct {
		what   string
		change func()
		args   []string
		links  bool
	}{
		{"the first time", func() {}, nil, true},
		{"nothing", func() {}, nil, false},
		{"a source", func() { w.write("lib/lib.go", "package lib\n\nfunc Greeting() string { return \"hi\" }\n") }, nil, true},
		{"nothing again", func() {}, nil, false},
		{"an option of golink", func() {}, []string{"-traceback=functions"}, true},
		{"nothing with that option", func() {}, []string{"-traceback=functions"}, false},
		{"an option of cmd/link", func() {}, []string{"-traceback=functions", "-ldflags=-X main.version=v2"}, true},
		{"the policy", func() { w.write("policy.json", `{"schema": 1, "size_budget": "90MB"}`) }, []string{"-traceback=functions", "-ldflags=-X main.version=v2"}, true},
		{"the program is gone", func() { os.Remove(w.path("hi")) }, []string{"-traceback=functions", "-ldflags=-X main.version=v2"}, true},
	} {
		step.change()
		if links := build(step.args...); links != step.links {
			t.Errorf("%s: linked %v, want %v", step.what, links, step.links)
		}
	}
	if got := start(t, "amd64", w.path("hi"), 0, nil); got != "hi v2\n" {
		t.Errorf("printed %q", got)
	}
	// Two builds of the same sources in different places are the same program, build IDs included.
	other := newTree(t, greeter)
	other.write("lib/lib.go", "package lib\n\nfunc Greeting() string { return \"hi\" }\n")
	other.write("policy.json", `{"schema": 1, "size_budget": "90MB"}`)
	other.mustBuild("amd64", "app", nil, "-traceback=functions", "-ldflags=-X main.version=v2", "-o", other.path("hi"), "./cmd/hi")
	w.mustBuild("amd64", "app", nil, "-traceback=functions", "-ldflags=-X main.version=v2", "-o", w.path("hi"), "./cmd/hi")
	if string(read(t, w.path("hi"))) != string(read(t, other.path("hi"))) {
		t.Error("the same sources in another directory gave another program")
	}
}

// What golink build refuses, and that it leaves no program then.
func TestBuildRefusals(t *testing.T) {
	w := newTree(t, greeter)
	w.write("app/cmd/c/c.go", "package main\n\nimport \"C\"\n\nfunc main() {}\n")
	w.write("policy.json", `{"schema": 1, "forbidden": {"packages": ["fmt"]}}`)
	w.write("bad.json", `{"schema": 7}`)
	for _, c := range []struct {
		name string
		env  []string
		args []string
		want string
	}{
		{"system", []string{"GOOS=windows"}, nil, "GOOS=windows: golink makes programs for Linux"},
		{"race", nil, []string{"-race"}, "-race: it needs cgo"},
		{"toolexec", nil, []string{"-toolexec=x"}, "-toolexec: golink is the toolexec program"},
		{"build mode", nil, []string{"-buildmode=c-shared"}, `want "static-pie" or "exe"`},
		{"machine", []string{"GOARCH=386"}, nil, "linux/386: want linux/amd64, linux/arm64 or linux/riscv64"},
		{"linker option", nil, []string{"-ldflags=-linkmode=internal"}, "linker option -linkmode: refused: golink decides it"},
		{"tier without side file", nil, []string{"-traceback=external"}, "-traceback=external needs -reports"},
		{"tier", nil, []string{"-traceback=none"}, `want one of ["full" "functions" "external"]`},
		{"packed with symbols", nil, []string{"-pack=lz4", "-strip=debug"}, "a packed program holds no symbols"},
		{"finding", nil, []string{"-policy=../policy.json"}, `fmt: this package is in the program, but "fmt" is forbidden`},
		{"budget", nil, []string{"-size-budget=1KB"}, "more than its budget of 1000"},
		{"policy", nil, []string{"-policy=../bad.json"}, "bad.json: schema"},
		{"profile", nil, []string{"-profile=statik"}, "static"},
		{"nothing is checked", nil, []string{"-profile=none", "-size-budget=1KB"}, "nothing is checked"},
		{"flag of go", nil, []string{"-no-such-flag"}, "flag provided but not defined: -no-such-flag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			out, err := w.build("amd64", "app", c.env, append(c.args, "-o", w.path("hi"), "./cmd/hi")...)
			if err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v, printed %q; want %q in it", err, out, c.want)
			}
			if _, err := os.Stat(w.path("hi")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("there is a program: %v", err)
			}
		})
	}
	if out, err := w.build("amd64", "app", nil, "-o", w.path("hi"), "./cmd/c"); err == nil || !strings.Contains(out, "build constraints exclude all Go files") {
		t.Errorf("cgo: %v, %q", err, out)
	}
}

// Plain go build with golink as -toolexec, for several programs at once.
func TestToolexec(t *testing.T) {
	w := newTree(t, greeter)
	w.write("app/cmd/v2/m.go", "package main\n\nfunc main() { println(\"two\") }\n")
	cmd := gotool.Command(t, "arm64", "build", "-trimpath", "-toolexec="+linktest.Golink(t)+" toolexec -buildmode=exe -reports="+w.path("out"), "-o", w.path("bin")+"/", "./cmd/...")
	cmd.Dir = w.path("app")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := start(t, "arm64", w.path("bin/hi"), 0, nil); got != "hello none\n" {
		t.Errorf("printed %q", got)
	}
	if _, err := os.Stat(w.path("out/hi.linkcheck.json")); err != nil {
		t.Error(err)
	}
	// With cgo there would be a libc.
	cmd = gotool.Command(t, "amd64", "build", "-toolexec="+linktest.Golink(t)+" toolexec", "-o", w.path("x"), "./cmd/hi")
	cmd.Dir, cmd.Env = w.path("app"), append(cmd.Env, "GOOS=windows")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "GOOS=windows: golink makes programs for Linux") {
		t.Errorf("%v\n%s", err, out)
	}
}

// GOFIPS140 gives a program in FIPS mode, with the right sum.
func TestBuildFIPS(t *testing.T) {
	w := newTree(t, map[string]string{
		"go.mod": "module example.com/fips\n\ngo 1.26\n",
		"m.go":   "package main\n\nimport (\n\t\"crypto/fips140\"\n\t\"fmt\"\n)\n\nfunc main() { fmt.Println(fips140.Enabled()) }\n",
	})
	w.mustBuild("amd64", "", []string{"GOFIPS140=latest"}, "-o", w.path("fips"))
	if got := start(t, "amd64", w.path("fips"), 0, nil); got != "true\n" {
		t.Errorf("printed %q", got)
	}
}

// Every flag of golink build has a place in its help, which says what go help build says.
func TestBuildHelp(t *testing.T) {
	for _, args := range [][]string{{"build", "-h"}, {"build", "--help"}, {"--help"}, {"-h"}, {"help"}, {"link", "-h"}, {"toolexec", "-h"}} {
		out, err := exec.Command(linktest.Golink(t), args...).Output()
		if err != nil || !strings.HasPrefix(string(out), "usage: ") {
			t.Errorf("golink %q: %v, printed %.60q", args, err, out)
		}
		if args[0] == "build" {
			for _, want := range []string{"-buildmode", "-traceback", "-pack", "-policy", "-reports", "GOARCH=riscv64 golink build"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("%s is not in the help", want)
				}
			}
		}
	}
}
