package elfsign

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
)

func TestMain(m *testing.M) { linktest.Main(m) }

// Real programs, packed ones too, run as before when they are signed, and no byte of them can change: every byte near the ends of
// headers, segments and sections, and a sample of the others.
func TestPrograms(t *testing.T) {
	k := ed25519Pair(t)
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		compiled := linktest.Compile(t, goarch, filepath.Join("..", "..", "examples", "hello"), true)
		for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE, "packed"} {
			t.Run(goarch+"/"+mode, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "program")
				linked := mode
				if mode == "packed" {
					linked = cmdlink.ModeStaticPIE
				}
				compiled.Link(t, linked, path)
				if mode == "packed" {
					f := open(t, path)
					data, err := pack.Pack(f)
					if err != nil {
						t.Fatal(err)
					}
					writeProgram(t, path, data)
				}
				want := output(t, goarch, path)
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				signed := sign(t, data, k)
				writeProgram(t, path, signed)
				if got := output(t, goarch, path); got != want {
					t.Errorf("it prints %q, want %q", got, want)
				}
				if err := verify(signed, k.trust); err != nil {
					t.Fatal(err)
				}
				if p := readProgram(t, signed); !bytes.Equal(p.Original, data) {
					t.Error("the original differs")
				}
				changed := bytes.Clone(signed)
				for _, i := range sample(parse(t, signed)) {
					changed[i] ^= 1
					mustFail(t, k.trust, changed, "flipped", i)
					changed[i] ^= 1
				}
			})
		}
	}
}

// sample returns offsets of bytes: the first and last of each region, and others far apart.
func sample(f *goelf.File) []int {
	size := uint64(len(f.Data))
	ends := []uint64{0, goelf.HeaderSize, f.Header.Phoff, f.Header.Shoff, size}
	for _, p := range f.Progs {
		ends = append(ends, p.Off, p.Off+p.Filesz)
	}
	for _, s := range f.Sections {
		ends = append(ends, s.Off, s.Off+s.Size)
	}
	var out []int
	for _, e := range ends {
		for _, i := range []uint64{e - 1, e} {
			if i < size {
				out = append(out, int(i))
			}
		}
	}
	for i := 13; i < len(f.Data); i += len(f.Data) / 50 {
		out = append(out, i)
	}
	return out
}

func open(t *testing.T, path string) *goelf.File {
	t.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// writeProgram replaces a program, which may be mapped.
func writeProgram(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, goarch, path string) string {
	t.Helper()
	out, err := gotool.Run(t, goarch, path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}
