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
	ImportPath string
	Name       string
	Export     string
	Standard   bool
	ForTest    string
}

// Compile compiles the main package in directory dir for linux/goarch, as code
// for a PIE when shared is set. With test it is the test program of that package.
func Compile(t testing.TB, goarch, dir string, shared, test bool, pkg string) *Program {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-trimpath", "-json=ImportPath,Name,Export,Standard,ForTest"}
	if test {
		args = append(args, "-test")
	}
	if shared {
		args = append(args, sharedFlags...)
	}
	cmd := gotool.Command(t, goarch, append(args, pkg)...)
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
		GOOS:   "linux", GOARCH: goarch, BuildID: "redacted",
	}}
	var main *listed
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var l listed
		if err := dec.Decode(&l); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case l.Export == "" || l.ImportPath == "runtime/cgo":
		case l.Name == "main" && (l.ForTest == "" || test):
			main = &l
		default:
			p.config.Archives = append(p.config.Archives, cmdlink.Archive{ImportPath: l.ImportPath, PkgPath: l.ImportPath, File: l.Export, Label: l.ImportPath})
		}
	}
	if main == nil {
		t.Fatalf("%s in %s: no main package", pkg, dir)
	}
	p.config.Main, p.config.BuildInfo.Path = main.Export, main.ImportPath
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
