package extld

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/link/elflinker"
)

// The command lines are those of cmd/link 1.26.
func TestParse(t *testing.T) {
	const given = "-Wl,--build-id=0x0102"
	for _, tt := range []struct {
		name, args string
		want       *Command // nil for a trial that succeeds
		err        string
	}{
		{name: "trial of build-id", args: "-m64 -o /t/a.out -Wl,--build-id=0x1234567890abcdef /t/trivial.c"},
		{name: "trial of export", args: "-m64 -o /t/a.out -Wl,--export-dynamic-symbol=main /t/trivial.c"},
		{name: "trial of -no-pie", args: "-o /t/a.out -no-pie /t/trivial.c"},
		{name: "trial of clang's option", args: "-m64 -o /t/a.out -Qunused-arguments /t/trivial.c", err: "unrecognized"},
		{name: "trial of compression", args: "-o /t/a.out -Wl,--compress-debug-sections=zlib /t/trivial.c"},
		{name: "trial of a response file", args: "-o /t/a.out @/t/response /t/trivial.c", err: "inputs @/t/response and /t/trivial.c"},
		{name: "exe", args: "-m64 " + given + " -o out /t/go.o -no-pie", want: &Command{input: "/t/go.o", out: "out", opt: link.Options{BuildID: []byte{1, 2}}}},
		{name: "pie", args: "-Wl,-z,relro -pie -o out /t/go.o", want: &Command{input: "/t/go.o", out: "out", opt: link.Options{PIE: true}}},
		{name: "stripped", args: "-m64 -s -Wl,-S -o out go.o", want: &Command{input: "go.o", out: "out", opt: link.Options{StripSymbols: true, StripDWARF: true}}},
		{name: "compressed DWARF", args: "-o out -Wl,--compress-debug-sections=zlib go.o", want: &Command{input: "go.o", out: "out", opt: link.Options{CompressDWARF: true}}},
		{name: "our own flags win", args: given + " -o out go.o -Wl,--build-id=sha256 -Wl,-Map=m -Wl,--unverified-go=warn", want: &Command{input: "go.o", out: "out", mapFile: "m", opt: link.Options{UnverifiedGo: goabi.Warn}}},
		{name: "external linker", args: "-o out go.o -Wl,--external-linker=/bin/ld -Wl,--external-flavor=gnu -Wl,--linker-script=a.ld -Wl,--external-flag=-O1 -Wl,--external-flag=-z -Wl,--external-flag=x=y", want: &Command{input: "go.o", out: "out", external: elflinker.Linker{Path: "/bin/ld", Flavor: "gnu", Script: "a.ld", Flags: []string{"-O1", "-z", "x=y"}}}},
		{name: "no build-id", args: "-Wl,--build-id=none -o out go.o", want: &Command{input: "go.o", out: "out", opt: link.Options{NoBuildID: true}}},
		{name: "sections and notes", args: "-Wl,--section=.a=f -Wl,--section=.b@4096=g -Wl,--note=A:1=h -Wl,--package-metadata-file=i -o out go.o", want: &Command{input: "go.o", out: "out", sections: []string{".a=f", ".b@4096=g"}, notes: []string{"A:1=h"}, packageMetadata: "i"}},
		{name: "tables", args: "-s -Wl,--traceback=external -Wl,--symbols-file=a.symbols -o out go.o", want: &Command{input: "go.o", out: "out", opt: link.Options{StripSymbols: true}, tables: tables{"external", "a.symbols"}}},
		{name: "stripped after linking", args: "-Wl,-S -Wl,--strip-all -Wl,--traceback=external -Wl,--symbols-file=f -o out go.o", want: &Command{input: "go.o", out: "out", opt: link.Options{StripDWARF: true}, tables: tables{"external", "f"}, stripAll: true}},
		{name: "unknown tier", args: "-Wl,--traceback=lines -o out go.o", err: `traceback "lines", want one of ["full" "functions" "external"]`},
		{name: "old name of a tier", args: "-s -Wl,--traceback=symbolized -Wl,--symbols-file=f -o out go.o", err: `traceback "symbolized": the name of this tier has changed; write "external"`},
		{name: "tier without its side file", args: "-s -Wl,--traceback=external -o out go.o", err: "needs --symbols-file"},
		{name: "tier beside symbols", args: "-Wl,--traceback=external -Wl,--symbols-file=f -o out go.o", err: "needs -s or --strip-all"},
		{name: "side file of another tier", args: "-Wl,--traceback=functions -Wl,--symbols-file=f -o out go.o", err: "--symbols-file=f is for --traceback=external"},
		{name: "side file without tier", args: "-Wl,--symbols-file=f -o out go.o", err: "--symbols-file=f is for --traceback=external"},
		{name: "cgo", args: "-m64 -o out /t/go.o /t/000000.o -g -O2", err: "does the program use cgo?"},
		{name: "two objects", args: "-m64 -o out /t/go.o /t/000000.o", err: "want one, go.o"},
		{name: "library", args: "-o out go.o -lpthread", err: `"-lpthread"`},
		{name: "shared library", args: "-shared -o out go.o", err: `"-shared"`},
		{name: "dynamic export", args: "-rdynamic -o out go.o", err: `"-rdynamic"`},
		{name: "loader", args: "-Wl,--dynamic-linker,/lib/ld.so -o out go.o", err: "dynamic-linker"},
		{name: "no output", args: "go.o", err: "want go.o and -o"},
		{name: "no input", args: "-m64 -o out", err: "want go.o and -o"},
		{name: "no output name", args: "go.o -o", err: "file name is missing"},
		{name: "bad build-id", args: "-Wl,--build-id=0xz -o out go.o", err: `build-id "0xz"`},
		{name: "empty build-id", args: "-Wl,--build-id=0x -o out go.o", err: `build-id "0x"`},
		{name: "unknown build-id", args: "-Wl,--build-id=uuid -o out go.o", err: `build-id "uuid"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(strings.Fields(tt.args))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %+v, %v; want error %q", got, err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

// Input that is no object leaves no output, and an older output stays as it was.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "go.o"), filepath.Join(dir, "out")
	for name, text := range map[string]string{in: "\x7fELF garbage", out: "old"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := Run([]string{"-m64", "-o", out, "-Wl,-Map=" + filepath.Join(dir, "map"), in}); err == nil || !strings.Contains(err.Error(), in) {
		t.Errorf("error %v, want one that names %s", err, in)
	}
	if err := Run([]string{"-o", filepath.Join(dir, "no", "dir"), in + ".none"}); err == nil {
		t.Error("a missing object gave no error")
	}
	if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, []byte("old")) {
		t.Errorf("the old output became %q, %v", got, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("left behind: %v, %v", list, err)
	}
}
