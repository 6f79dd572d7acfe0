package pcln

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
)

const cProgram = `package main

// #include <stdlib.h>
// static int twice(int n) { int *p = malloc(sizeof n); *p = n; n += *p; free(p); return n; }
import "C"

import "fmt"

type named struct{ v int }

func (n named) String() string { return fmt.Sprint("named ", n.v) }

func main() {
	defer func() { fmt.Println(recover(), named{int(C.twice(21))}) }()
	fmt.Println([]int{1}[C.twice(2)])
}
`

// crossCompilers are Debian's names of the C compiler and of the folder with the libraries of each machine.
var crossCompilers = map[string]struct{ cc, root string }{
	"amd64":   {"gcc", ""},
	"arm64":   {"aarch64-linux-gnu-gcc", "/usr/aarch64-linux-gnu"},
	"riscv64": {"riscv64-linux-gnu-gcc", "/usr/riscv64-linux-gnu"},
}

// Programs with C code, linked by GNU ld and LLD: they put the tables and their relocations into other segments, and
// not all write the relocated words in place.
func TestExternalLinkers(t *testing.T) {
	for _, test := range []struct{ name, goarch, mode, flags string }{
		{"gnu-static-pie", "amd64", "pie", "-static-pie"},
		{"gnu-pie", "amd64", "pie", ""},
		{"gnu-pie-arm64", "arm64", "pie", ""},
		{"gnu-static-pie-arm64", "arm64", "pie", "-static-pie"},
		{"gnu-pie-riscv64", "riscv64", "pie", ""}, // words that are relocated are not written in place
		{"gnu-exe-arm64", "arm64", "exe", ""},
		{"lld-static-pie", "amd64", "pie", "-static-pie -fuse-ld=lld"}, // nor here
		{"gnu-pie-relr", "amd64", "pie", "-Wl,-z,pack-relative-relocs"},
		{"lld-pie", "amd64", "pie", "-fuse-ld=lld"},
		{"lld-static-pie-relr", "amd64", "pie", "-static-pie -fuse-ld=lld -Wl,--pack-dyn-relocs=relr"},
		{"lld-exe", "amd64", "exe", "-static -fuse-ld=lld"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := crossCompilers[test.goarch]
			for _, tool := range []string{c.cc, "ld.lld"} {
				if _, err := exec.LookPath(tool); err != nil && (tool == c.cc || test.name[:3] == "lld") {
					t.Skipf("NOT TESTED: there is no %s on PATH", tool)
				}
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "program")
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(cProgram), 0o666); err != nil {
				t.Fatal(err)
			}
			cmd := gotool.Command(t, test.goarch, "build", "-o", path, "-buildmode="+test.mode,
				`-ldflags=-linkmode=external "-extldflags=`+test.flags+`"`, "main.go")
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "CGO_ENABLED=1", "CC="+c.cc)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			run := func(path string) string {
				cmd := gotool.Run(t, test.goarch, path)
				cmd.Env = append(os.Environ(), "QEMU_LD_PREFIX="+c.root)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				return string(out)
			}
			const want = "runtime error: index out of range [4] with length 1 named 42\n"
			if got := run(path); got != want {
				t.Fatalf("the program prints %q, want %q", got, want)
			}
			f := open(t, path)
			size := f.Section(".gopclntab").Size
			for tier := Full; tier <= External; tier++ {
				data, _, err := Compact(f, tier, goabi.Refuse)
				if err != nil {
					t.Fatal(err)
				}
				out := path + "." + tier.String()
				if err := os.WriteFile(out, data, 0o755); err != nil {
					t.Fatal(err)
				}
				if now := open(t, out).Section(".gopclntab").Size; now >= size {
					t.Errorf("%v: .gopclntab has %d bytes, after %d", tier, now, size)
				} else {
					size = now
				}
				if got := run(out); got != want {
					t.Errorf("%v: printed %q, want %q", tier, got, want)
				}
			}
		})
	}
}
