package pack_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pack/unpackerobj"
)

var arches = []*arch.Arch{amd64.Arch, arm64.Arch, riscv64.Arch}

func TestMain(m *testing.M) { linktest.Main(m) }

// The machine code in internal/arch/*/unpack.go is what unpackerobj.Release makes of its sources, whichever release runs the test.
func TestUnpackerFromSource(t *testing.T) {
	for _, a := range arches {
		got, err := unpackerobj.Build(filepath.Join("..", ".."), a.GOARCH)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, a.Unpacker) {
			t.Errorf("%s: what %s makes of the unpacker's sources differs from internal/arch/%[1]s/unpack.go: "+
				"after a change of the sources run go generate in internal/pack", a.GOARCH, unpackerobj.Release)
		}
	}
}

// packFile packs the file name and writes the result to name.packed.
func packFile(t testing.TB, name string) (packed string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	out := packData(t, name, data)
	packed = name + ".packed"
	if err := os.WriteFile(packed, out, 0o777); err != nil {
		t.Fatal(err)
	}
	return packed
}

// zoo links the program for every machine and mode into a temporary directory and
// calls test for each.
func zoo(t *testing.T, program string, test func(t *testing.T, goarch, mode, path string)) {
	for _, a := range arches {
		p := linktest.Compile(t, a.GOARCH, filepath.Join("testdata", program), true)
		for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
			t.Run(a.GOARCH+"/"+mode, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "program")
				p.Link(t, mode, path, func(c *cmdlink.Config) { c.StripDWARF = true })
				test(t, a.GOARCH, mode, path)
			})
		}
	}
}

// A packed program does what the original does, reads like a program of its type
// without being unpacked, and unpacks to the original.
func TestPackedProgram(t *testing.T) {
	zoo(t, "program", func(t *testing.T, goarch, mode, path string) {
		packed := packFile(t, path)
		original, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(packed)
		if err != nil {
			t.Fatal(err)
		}
		if 10*len(data) > 7*len(original) {
			t.Errorf("packed %d bytes into %d", len(original), len(data))
		}
		back, err := unpackData(packed, data)
		if err != nil || !bytes.Equal(back, original) {
			t.Errorf("unpacked %d bytes, %v; want the original's %d", len(back), err, len(original))
		}
		if tables, err := pack.ReadTables(packed, data); err != nil || tables.FuncTable.Parts == 0 {
			t.Errorf("the tables are %+v, %v; want a filter for the function table that restores what finds functions too", tables, err)
		}
		if again := packData(t, path, original); !bytes.Equal(again, data) {
			t.Error("packed again, the file differs")
		}

		for _, args := range [][]string{{"args", "a", "", "b c"}, {"maps"}, {"panic"}, {"gc"}, {"auxv"}} {
			want, got := run(t, goarch, path, args...), run(t, goarch, packed, args...)
			if args[0] == "panic" {
				want, got = withoutAddresses(want), withoutAddresses(got)
			}
			if args[0] == "maps" && goarch != runtime.GOARCH && lines(got) != lines(want) {
				// Some emulators (qemu before 11) do not tell executable memory from its read-only neighbours.
				got, want = strings.ReplaceAll(got, "r-xp", "r--p"), strings.ReplaceAll(want, "r-xp", "r--p")
			}
			if lines(got) != lines(want) {
				t.Errorf("%v: the packed program wrote\n%s\nwant what the original writes:\n%s", args, got, want)
			}
		}
		for _, tool := range [][]string{{"version", "-m"}} {
			if want, got := goVersion(t, path, tool), goVersion(t, packed, tool); want != got {
				t.Errorf("go %v of the packed program:\n%s\nwant the original's:\n%s", tool, got, want)
			}
		}
	})
}

// Code that is mapped from a memfd, as where memory may not become executable, runs on every machine: here all of it is.
func TestCodeFromMemfd(t *testing.T) {
	zoo(t, "program", func(t *testing.T, goarch, mode, path string) {
		stub, err := unpackerobj.Build(filepath.Join("..", ".."), goarch, "onlymemfd")
		if err != nil {
			t.Fatal(err)
		}
		f, err := goelf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, err := pack.PackWith(f, stub)
		if err != nil {
			t.Fatal(err)
		}
		packed := path + ".packed"
		if err := os.WriteFile(packed, data, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"args", "a"}, {"gc"}} {
			if want, got := run(t, goarch, path, args...), run(t, goarch, packed, args...); lines(got) != lines(want) {
				t.Errorf("%v: the packed program wrote\n%s\nwant what the original writes:\n%s", args, got, want)
			}
		}
		if maps := run(t, goarch, packed, "memfd"); !strings.Contains(maps, "true <nil>") {
			t.Errorf("is a memfd mapped: %s", maps)
		}
	})
}

// packSplit packs the file name so that two threads unpack it, and writes the result
// to name.split.packed.
func packSplit(t testing.TB, name string) (split string) {
	t.Helper()
	f, err := goelf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := pack.PackSplit(f)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := unpackData(name, data); err != nil || !bytes.Equal(back, f.Data) {
		t.Errorf("unpacked %d bytes, %v; want the original's %d", len(back), err, len(f.Data))
	}
	split = name + ".split.packed"
	if err := os.WriteFile(split, data, 0o777); err != nil {
		t.Fatal(err)
	}
	return split
}

// A program that two threads unpack is the same.
func TestSplitProgram(t *testing.T) {
	zoo(t, "program", func(t *testing.T, goarch, _, path string) {
		split := packSplit(t, path)
		want := run(t, goarch, path, "args", "x")
		for range 3 {
			if got := run(t, goarch, split, "args", "x"); got != want {
				t.Errorf("it wrote\n%s\nwant what the original writes:\n%s", got, want)
			}
		}
	})
}

// goVersion returns the output of a go command on the file without the file's name.
func goVersion(t *testing.T, path string, args []string) string {
	out := gotool.Output(t, "", "amd64", append(args, path)...)
	return strings.TrimPrefix(out, path)
}

// run returns how the program ended and what it wrote.
func run(t *testing.T, goarch, path string, args ...string) string {
	t.Helper()
	cmd := gotool.Run(t, goarch, path, args...)
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s%v", out, cmd.ProcessState)
}

// lines returns the lines of s in order: mappings are at random places.
func lines(s string) string { return strings.Join(slices.Sorted(strings.Lines(s)), "") }

// withoutAddresses leaves numbers in base 16 out of a traceback: a PIE has other
// ones each time.
func withoutAddresses(s string) string {
	fields := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \n\t(){}, ", r) })
	for i, f := range fields {
		if strings.Contains(f, "0x") {
			fields[i] = "N"
		}
	}
	return strings.Join(fields, "\n")
}
