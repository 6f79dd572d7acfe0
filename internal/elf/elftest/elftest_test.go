package elftest_test

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// A description must give a file that debug/elf reads and, on its own machine,
// the kernel runs.
func TestExecutable(t *testing.T) {
	for _, machine := range elftest.Machines {
		for _, first := range []bool{false, true} {
			spec := elftest.Executable(machine)
			spec.HeadersFirst = first
			data := spec.Build().Data
			f, err := elf.NewFile(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%v: %v", machine, err)
			}
			if f.Machine != machine || f.Section(".bss") == nil || len(f.Progs) != 4 {
				t.Errorf("%v: machine %v, %d sections, %d segments", machine, f.Machine, len(f.Sections), len(f.Progs))
			}
			syms, err := f.Symbols()
			if err != nil || len(syms) != len(spec.Symbols) {
				t.Errorf("%v: %d symbols (%v), want %d", machine, len(syms), err, len(spec.Symbols))
			}
			if machine != elf.EM_X86_64 || runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
				continue
			}
			path := filepath.Join(t.TempDir(), "exe")
			if err := os.WriteFile(path, data, 0o755); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(path).CombinedOutput(); err != nil {
				t.Errorf("HeadersFirst=%v: %v: %s", first, err, out)
			}
		}
	}
}

func TestMalformedCorpus(t *testing.T) {
	cases := elftest.Malformed()
	if len(cases) < 60 {
		t.Errorf("%d cases, want at least 60", len(cases))
	}
	well := elftest.Executable(elf.EM_X86_64).Build().Data
	names, contents := map[string]bool{}, map[string]string{}
	for _, c := range cases {
		if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(c.Name) || names[c.Name] {
			t.Errorf("%s: name is not a word or not unique", c.Name)
		}
		names[c.Name] = true
		if bytes.Equal(c.Data, well) {
			t.Errorf("%s: is not damaged", c.Name)
		}
		if other, ok := contents[string(c.Data)]; ok {
			t.Errorf("%s: same file as %s", c.Name, other)
		}
		contents[string(c.Data)] = c.Name
	}
}
