// Package linktest compiles programs with the go command and links them with
// golink, for tests.
package linktest

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
)

// sharedFlags make the compiler and assembler write code that fits a PIE.
// -buildmode=pie would, too, but the go command refuses it without a C compiler
// on riscv64.
var sharedFlags = []string{"-gcflags=all=-shared", "-asmflags=all=-shared"}

// A Program is a compiled main package with all that it imports.
type Program struct {
	GOARCH string
	config cmdlink.Config
}

var golink struct {
	sync.Mutex
	path string
}

// Main wraps testing.M.Run: it removes what Golink built. Use it in TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if golink.path != "" {
		os.RemoveAll(filepath.Dir(golink.path))
	}
	os.Exit(code)
}

// Golink builds golink, once, and returns its path.
func Golink(t testing.TB) string {
	t.Helper()
	golink.Lock()
	defer golink.Unlock()
	if golink.path == "" {
		dir, err := os.MkdirTemp("", "golink")
		if err != nil {
			t.Fatal(err)
		}
		golink.path = filepath.Join(dir, "golink")
		gotool.Output(t, "", runtime.GOARCH, "build", "-o", golink.path, "github.com/go3s/rules_go3s/tools/golink")
	}
	return golink.path
}

// A listed is what we read of go list -json.
type listed struct {
	ImportPath     string
	Name           string
	Export         string
	DefaultGODEBUG string
}

// Compile compiles the main package in directory dir for linux/goarch, as code
// for a PIE when shared is set, with further flags for the go command.
func Compile(t testing.TB, goarch, dir string, shared bool, flags ...string) *Program {
	t.Helper()
	return compile(t, goarch, dir, shared, append(flags, "-trimpath", ".")...)
}

// CompileTest compiles the test program of the package pkg for linux/goarch, as
// code for a PIE. Like go test, it leaves the paths of sources in.
func CompileTest(t testing.TB, goarch, pkg string) *Program {
	t.Helper()
	p := compile(t, goarch, "", true, "-test", pkg)
	p.config.XDefs = append(p.config.XDefs, "testing.testBinary=1")
	p.config.GOROOT = gotool.Output(t, "", goarch, "env", "GOROOT") // some tests read their sources
	return p
}

func compile(t testing.TB, goarch, dir string, shared bool, args ...string) *Program {
	t.Helper()
	list := []string{"list", "-export", "-deps", "-json=ImportPath,Name,Export,DefaultGODEBUG"}
	if shared {
		list = append(list, sharedFlags...)
	}
	cmd := gotool.Command(t, goarch, append(list, args...)...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v in %s: %v\n%s", cmd, dir, err, stderr.String())
	}
	p := &Program{GOARCH: goarch, config: cmdlink.Config{
		Linker: filepath.Join(gotool.Output(t, "", runtime.GOARCH, "env", "GOTOOLDIR"), "link"),
		ExtLD:  Golink(t),
		GOOS:   "linux", GOARCH: goarch,
	}}
	var main *listed
	archives := map[string]int{} // index in p.config.Archives by package path
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var l listed
		if err := dec.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		// "p [q.test]" is p compiled again for the test of q; it takes p's place.
		path, _, forTest := strings.Cut(l.ImportPath, " ")
		a := cmdlink.Archive{ImportPath: path, PkgPath: path, File: l.Export, Label: l.ImportPath}
		i, seen := archives[path]
		switch {
		case l.Export == "" || path == "runtime/cgo":
		case l.Name == "main":
			main = &l
		case !seen:
			archives[path] = len(p.config.Archives)
			p.config.Archives = append(p.config.Archives, a)
		case forTest:
			p.config.Archives[i] = a
		}
	}
	if main == nil {
		t.Fatalf("%v in %s: no main package", cmd, dir)
	}
	p.config.Main, p.config.BuildInfo.Path = main.Export, main.ImportPath
	if main.DefaultGODEBUG != "" {
		p.config.XDefs = []string{"runtime.godebugDefault=" + main.DefaultGODEBUG}
	}
	return p
}

// Link links p in the given build mode (cmdlink.ModeExe or ModeStaticPIE) to out.
// The edits change the configuration.
func (p *Program) Link(t testing.TB, mode, out string, edits ...func(*cmdlink.Config)) {
	t.Helper()
	c := p.config
	c.BuildMode, c.Out = mode, out
	for _, e := range edits {
		e(&c)
	}
	warnings, err := cmdlink.Link(c)
	if err != nil {
		t.Fatal(err)
	}
	if warnings != "" {
		t.Errorf("the Go linker warned: %s", warnings)
	}
}

// Config returns what Link links, without a build mode and output.
func (p *Program) Config() cmdlink.Config { return p.config }
