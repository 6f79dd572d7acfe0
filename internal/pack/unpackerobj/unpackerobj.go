// Package unpackerobj makes the machine code of internal/pack/unpacker with the go
// command. It is for the generator and for the test that compares its output with
// the code in internal/arch.
package unpackerobj

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/link"
)

// Release is the Go release that compiles the unpacker, whichever the go command is of: it fetches that one. Another release's
// compiler may make other machine code of the same sources. After a change run go generate in internal/pack.
const Release = "go1.26.8"

// Functions that cross between assembler and compiler pass arguments in
// registers, so that the compiler makes no wrappers.
const symABIs = `ref unpacker.start ABIInternal
ref unpacker.help ABIInternal
def unpacker.syscall ABIInternal
def unpacker.spawn ABIInternal
def unpacker.acquire ABIInternal
`

const (
	arMagic  = "!<arch>\n"
	arHeader = 60 // bytes
)

// Build compiles the Go files of root/internal/pack/unpacker by Release for linux/goarch and further build tags,
// assembles root/internal/arch/goarch/unpack.s and links both.
func Build(root, goarch string, tags ...string) (arch.Stub, error) {
	tmp, err := os.MkdirTemp("", "unpackerobj")
	if err != nil {
		return arch.Stub{}, err
	}
	defer os.RemoveAll(tmp)
	env := append(os.Environ(), "GOTOOLCHAIN="+Release)
	cmd := exec.Command("go", "env", "GOROOT")
	cmd.Env = env
	goroot, err := cmd.Output()
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		return arch.Stub{}, fmt.Errorf("%s, which compiles the unpacker: go env GOROOT: %w\n%s", Release, err, e.Stderr)
	}
	if err != nil {
		return arch.Stub{}, fmt.Errorf("go env GOROOT: %w", err)
	}
	abis := filepath.Join(tmp, "symabis")
	if err := os.WriteFile(abis, []byte(symABIs), 0o666); err != nil {
		return arch.Stub{}, err
	}

	source := filepath.Join(root, "internal", "pack", "unpacker")
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.BuildTags = "linux", goarch, append(tags, "unpacker")
	pkg, err := ctx.ImportDir(source, 0)
	if err != nil {
		return arch.Stub{}, err
	}
	// -B: the code does without bounds checks, as it has no runtime to panic.
	compile := append([]string{"compile", "-p", "unpacker", "-B", "-dwarf=false", "-trimpath", source, "-linkobj", filepath.Join(tmp, "go.o"), "-o", filepath.Join(tmp, "export.o"), "-symabis", abis}, pkg.GoFiles...)
	assemble := []string{"asm", "-p", "unpacker", "-I", filepath.Join(strings.TrimSpace(string(goroot)), "pkg", "include"), "-o", filepath.Join(tmp, "asm.o"), "unpack.s"}
	for dir, args := range map[string][]string{source: compile, filepath.Join(root, "internal", "arch", goarch): assemble} {
		cmd := exec.Command("go", append([]string{"tool"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(env, "GOOS=linux", "GOARCH="+goarch, "GOAMD64=v1", "GOARM64=v8.0", "GORISCV64=rva20u64", "GOEXPERIMENT=")
		if out, err := cmd.CombinedOutput(); err != nil {
			return arch.Stub{}, fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
	}

	var objs []link.Object
	for _, name := range []string{"asm.o", "go.o"} {
		data, err := os.ReadFile(filepath.Join(tmp, name))
		if err != nil {
			return arch.Stub{}, err
		}
		// The compiler's is an archive (ar(5)) of one member.
		if bytes.HasPrefix(data, []byte(arMagic)) && len(data) > len(arMagic)+arHeader {
			data = data[len(arMagic)+arHeader:]
		}
		obj, err := goobj.Parse(name, data)
		if err != nil {
			return arch.Stub{}, err
		}
		objs = append(objs, link.Object{Name: name, File: obj})
	}
	stub, err := link.Stub(objs...)
	if err != nil {
		return arch.Stub{}, err
	}
	for _, r := range stub.Relocs {
		switch r.Symbol {
		case "", "_start", "__pack_header", "__pack_end":
		default:
			return arch.Stub{}, fmt.Errorf("the unpacker for %s needs symbol %q, which only the Go runtime has", goarch, r.Symbol)
		}
	}
	return stub, nil
}
