package policy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// The programs of the zoo. Those of Go import what pulls in C where cgo is on.
var zooSources = map[string]string{
	"go.mod":        "module example.com/zoo\n\ngo 1.26\n",
	"hello/main.go": "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n",
	"seed/main.go": `package main

import (
	"fmt"
	"net"
	"net/http"
	"os/user"
)

func main() {
	fmt.Println(http.Get("https://localhost"))
	fmt.Println(user.Current())
	fmt.Println(net.LookupHost("localhost"))
}
`,
	"raw/main.go": "package main\n\nfunc getpid() int\n\nfunc main() { println(getpid()) }\n",
	"raw/raw_amd64.s": `#include "textflag.h"

TEXT ·getpid(SB), NOSPLIT, $0-8
	MOVQ $39, AX
	SYSCALL
	MOVQ AX, ret+0(FP)
	RET
`,
	"raw/raw_arm64.s": `#include "textflag.h"

TEXT ·getpid(SB), NOSPLIT, $0-8
	MOVD $172, R8
	SVC
	MOVD R0, ret+0(FP)
	RET
`,
	"raw/raw_riscv64.s": `#include "textflag.h"

TEXT ·getpid(SB), NOSPLIT, $0-8
	MOV $172, A7
	ECALL
	MOV A0, ret+0(FP)
	RET
`,
	"c/hello.c": "#include <stdio.h>\n\nint main(void) { puts(\"hello\"); return 0; }\n",
}

// zoo builds programs in a temporary directory.
type zoo struct {
	testing.TB
	dir string
}

func newZoo(t testing.TB) zoo {
	z := zoo{t, t.TempDir()}
	for name, text := range zooSources {
		path := filepath.Join(z.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return z
}

// build runs "go build" with args for a package and returns the program.
func (z zoo) build(goarch, pkg string, env []string, args ...string) string {
	z.Helper()
	out := filepath.Join(z.TempDir(), "program")
	cmd := gotool.Command(z, goarch, append(append([]string{"build", "-o", out}, args...), pkg)...)
	cmd.Dir = z.dir
	cmd.Env = append(cmd.Env, env...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		z.Fatalf("go build %s %s: %v\n%s", strings.Join(args, " "), pkg, err, msg)
	}
	return out
}

// gcc compiles hello.c.
func (z zoo) gcc(args ...string) string {
	z.Helper()
	return z.run("gcc", append([]string{"-O1", "-o"}, args...)...)
}

// run runs a tool whose argument after -o is set to the program it returns.
func (z zoo) run(tool string, args ...string) string {
	z.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		z.Fatalf("this test needs %s (Debian: build-essential): %v", tool, err)
	}
	out := filepath.Join(z.TempDir(), "program")
	i := slices.Index(args, "-o")
	args = slices.Insert(slices.Clone(args), i+1, out)
	cmd := exec.Command(path, args...)
	cmd.Dir = filepath.Join(z.dir, "c")
	if msg, err := cmd.CombinedOutput(); err != nil {
		z.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, msg)
	}
	return out
}

// broken returns the ids of the rules that the file breaks, warnings included.
func broken(t testing.TB, profile, path string) []string {
	t.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report := mustNew(t, profile).Check("test", f)
	var ids []string
	for _, b := range report.Verdict("") {
		ids = append(ids, b.Rule)
	}
	return ids
}

// What Go builds without cgo is clean, stripped or not, on all machines; among it
// are tools that know C libraries and loaders by name. Only cmd/go and cmd/link
// may hold strings that look like paths of a build machine.
func TestZooGo(t *testing.T) {
	z := newZoo(t)
	packages := []string{"./hello", "./seed"}
	if !testing.Short() {
		packages = append(packages, "cmd/gofmt", "cmd/link", "cmd/go")
	}
	for _, goarch := range GOARCHs {
		for _, pkg := range packages {
			for _, ldflags := range []string{"", "-s -w"} {
				t.Run(fmt.Sprintf("%s/%s%s", goarch, filepath.Base(pkg), strings.ReplaceAll(ldflags, " ", "")), func(t *testing.T) {
					z := zoo{t, z.dir}
					program := z.build(goarch, pkg, nil, "-trimpath", "-ldflags="+ldflags)
					if got := broken(t, "nolibc", program); len(got) > 0 {
						t.Errorf("it breaks %q, want nothing", got)
					}
				})
			}
		}
	}
}

// A file that is not what it should be breaks the rules that say so, and no other.
func TestZooBroken(t *testing.T) {
	z := newZoo(t)
	cgo := []string{"CGO_ENABLED=1"}
	// Rules that every program without Go breaks in a profile for Go.
	noGo := append([]string{"no-cgo", "no-foreign-code", "go-build-info", "go-tables", "no-host-path"}, ofBuildInfo...)
	glibc := []string{"no-libc-symbol", "no-libc-string"}
	dynamic := []string{"no-interpreter", "no-needed", "no-symbol-versions"}
	for _, c := range []struct {
		name, profile string
		program       func(z zoo) string
		want          []string
	}{
		{"without trimpath", "static", func(z zoo) string { return z.build("amd64", "./hello", nil) },
			[]string{"no-host-path", "trimpath"}},
		{"PIE of the Go linker", "static-pie", func(z zoo) string { return z.build("amd64", "./hello", nil, "-trimpath", "-buildmode=pie") },
			[]string{"no-interpreter", "relro"}}, // the last page with relocated data stays writable
		{"PIE of the Go linker, arm64", "static-pie", func(z zoo) string { return z.build("arm64", "./hello", nil, "-trimpath", "-buildmode=pie") },
			[]string{"no-interpreter", "relro"}}, // the last page with relocated data stays writable
		{"PIE as fixed", "static", func(z zoo) string { return z.build("amd64", "./hello", nil, "-trimpath", "-buildmode=pie") },
			[]string{"type-exec", "no-interpreter", "no-dynamic"}},
		{"PIE that crashes", "static-pie", func(z zoo) string {
			return z.build("amd64", "./hello", nil, "-trimpath", "-buildmode=pie", "-ldflags=-d")
		}, []string{"pie-dynamic", "self-relocation", "relro", "pie-relocations", "no-text-relocations"}},
		{"cgo", "static", func(z zoo) string { return z.build("amd64", "./seed", cgo, "-trimpath") },
			slices.Concat([]string{"no-dynamic", "no-cgo", "no-foreign-code"}, dynamic, glibc)},
		{"cgo, stripped", "static", func(z zoo) string { return z.build("amd64", "./seed", cgo, "-trimpath", "-ldflags=-s -w") },
			slices.Concat([]string{"no-dynamic", "no-cgo", "no-foreign-code"}, dynamic, glibc)},
		{"cgo with static glibc", "nolibc", func(z zoo) string {
			return z.build("amd64", "./seed", cgo, "-trimpath", "-ldflags=-linkmode=external -extldflags=-static")
		}, slices.Concat([]string{"no-cgo", "no-foreign-code", "syscall-sites"}, glibc)},
		{"cgo with static glibc, stripped", "nolibc", func(z zoo) string {
			return z.build("amd64", "./seed", cgo, "-trimpath", "-ldflags=-s -w -linkmode=external -extldflags=-static")
		}, []string{"no-libc-string", "no-cgo", "no-foreign-code", "syscall-sites"}},
		{"own system call, amd64", "nolibc", func(z zoo) string { return z.build("amd64", "./raw", nil, "-trimpath") },
			[]string{"syscall-sites"}},
		{"own system call, arm64", "nolibc", func(z zoo) string { return z.build("arm64", "./raw", nil, "-trimpath") },
			[]string{"syscall-sites"}},
		{"own system call, riscv64", "nolibc", func(z zoo) string { return z.build("riscv64", "./raw", nil, "-trimpath") },
			[]string{"syscall-sites"}},
		{"own system call in static", "static", func(z zoo) string { return z.build("amd64", "./raw", nil, "-trimpath") }, nil},
		{"C", "static", func(z zoo) string { return z.gcc("hello.c") },
			slices.Concat([]string{"type-exec", "no-dynamic"}, noGo, dynamic, glibc)},
		{"C with static glibc", "static", func(z zoo) string { return z.gcc("-static", "hello.c") },
			slices.Concat(noGo, glibc)},
		{"C with static glibc, stripped, as assembly", "static-asm", func(z zoo) string { return z.gcc("-static", "-s", "hello.c") },
			[]string{"no-libc-string"}},
		{"C as static PIE", "static-pie", func(z zoo) string { return z.gcc("-static-pie", "-fPIE", "hello.c") },
			slices.Concat([]string{"pie-relocations"}, noGo, glibc)}, // its IRELATIVE relocations are DT_JMPREL
	} {
		t.Run(c.name, func(t *testing.T) {
			got := broken(t, c.profile, c.program(zoo{t, z.dir}))
			slices.Sort(got)
			want := slices.Sorted(slices.Values(c.want))
			if !slices.Equal(got, want) {
				t.Errorf("it breaks\n\t%q, want\n\t%q", got, want)
			}
		})
	}
}

// Every instruction that the Go toolchain emits for amd64 is decoded, so that no
// system call is reported for want of decoding.
func TestZooDecode(t *testing.T) {
	z := newZoo(t)
	f, err := goelf.Open(z.build("amd64", "./seed", nil, "-trimpath"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := NewInput(f)
	table, err := in.funcs()
	if err != nil {
		t.Fatal(err)
	}
	m, err := in.module()
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Bytes(m.Text.Start, m.Text.End-m.Text.Start)
	if err != nil {
		t.Fatal(err)
	}
	for i := range table.Len() {
		fn := table.At(i)
		for pc := fn.Entry; pc < fn.End; {
			n := disasm.LenAMD64(text[pc:fn.End])
			if n == 0 {
				if slices.ContainsFunc(text[pc:fn.End], disasm.IsCode) {
					t.Errorf("%s+%#x: % x cannot be decoded", fn.Name, pc-fn.Entry, text[pc:min(pc+15, fn.End)])
				}
				break
			}
			pc += uint64(n)
		}
	}
}

// Without the names that were taken out, stubs cannot be told; the side file gives
// them back, to programs that are packed, too.
func TestZooExternal(t *testing.T) {
	z := newZoo(t)
	for _, goarch := range GOARCHs {
		f, err := goelf.Open(z.build(goarch, "./hello", nil, "-trimpath", "-ldflags=-s -w -B=gobuildid"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, symbols, err := pcln.Compact(f, pcln.External, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		side, err := symbols.Encode()
		if err != nil {
			t.Fatal(err)
		}
		p := mustNew(t, "nolibc")
		p.Forbidden.Packages = []string{"net/http"}
		expect(t, breachesOf(t, p, data), "forbidden-packages: function table", "syscall-sites: function table: Go's stubs cannot be told")
		if p.Symbols, err = pcln.ReadSymbols("symbols", side); err != nil {
			t.Fatal(err)
		}
		expect(t, breachesOf(t, p, data))
		p.Forbidden.Packages = []string{"strconv"}
		expect(t, breachesOf(t, p, data), "forbidden-packages: strconv")

		small, err := pack.Pack(parse(t, data))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetProfile("packed"); err != nil {
			t.Fatal(err)
		}
		expect(t, breachesOf(t, p, small), "forbidden-packages: unpacked: strconv")
	}
}
