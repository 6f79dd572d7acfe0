package main

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// program writes the small executable to a new directory and returns its path.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, elftest.Executable(elf.EM_X86_64).Build().Data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// elfstrip runs the command and checks its exit code and the only message.
func elfstrip(t *testing.T, code int, message string, args ...string) (stdout string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(args, &out, &errs); got != code {
		t.Errorf("%q: exit code %d, want %d: %s", args, got, code, errs.String())
	}
	if message == "" && errs.Len() > 0 {
		t.Errorf("%q: unexpected message: %s", args, errs.String())
	}
	if message != "" && !strings.Contains(errs.String(), message) {
		t.Errorf("%q: message %q, want %q in it", args, errs.String(), message)
	}
	return out.String()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// onlyFiles checks that the directory holds just these files: no output of a
// failed run, no temporary file.
func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("directory holds %q, want %q", got, want)
	}
}

func TestToOutput(t *testing.T) {
	in := program(t)
	before := read(t, in)
	out := filepath.Join(filepath.Dir(in), "out")
	elfstrip(t, exitOK, "", "-s", "-o", out, in)
	if !bytes.Equal(read(t, in), before) {
		t.Error("input has changed")
	}
	if n := len(read(t, out)); n >= len(before) {
		t.Errorf("output has %d bytes, input %d", n, len(before))
	}
	onlyFiles(t, filepath.Dir(in), "out", "program")
}

// In place means a new file under the same name: hard links keep the old one.
func TestInPlace(t *testing.T) {
	in := program(t)
	before := read(t, in)
	link := in + ".link"
	if err := os.Link(in, link); err != nil {
		t.Fatal(err)
	}
	elfstrip(t, exitOK, "", in)
	if n := len(read(t, in)); n >= len(before) {
		t.Errorf("output has %d bytes, input %d", n, len(before))
	}
	if !bytes.Equal(read(t, link), before) {
		t.Error("the hard link's contents have changed")
	}
	onlyFiles(t, filepath.Dir(in), "program", "program.link")
}

func TestInPlaceThroughSymlink(t *testing.T) {
	in := program(t)
	before := read(t, in)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(in, link); err != nil {
		t.Fatal(err)
	}
	elfstrip(t, exitOK, "", link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the symbolic link is gone: %v %v", info, err)
	}
	if len(read(t, in)) >= len(before) {
		t.Error("the file it points to is not stripped")
	}
}

func TestSeveralFiles(t *testing.T) {
	a, b := program(t), program(t)
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := len(read(t, a))
	elfstrip(t, exitFailed, bad+": offset 0x0: magic number", a, bad, b)
	if len(read(t, a)) >= before || len(read(t, b)) >= before {
		t.Error("the good files are not stripped")
	}
	if string(read(t, bad)) != "text" {
		t.Error("the bad file has changed")
	}
}

func TestModeBits(t *testing.T) {
	for _, mode := range []os.FileMode{0o755, 0o500, 0o644} {
		in := program(t)
		if err := os.Chmod(in, mode); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		elfstrip(t, exitOK, "", "-o", out, in)
		elfstrip(t, exitOK, "", in)
		for _, path := range []string{in, out} {
			if info, err := os.Stat(path); err != nil || info.Mode() != mode {
				t.Errorf("%s has mode %v, want %v (%v)", path, info.Mode(), mode, err)
			}
		}
	}
}

func TestPreserveDates(t *testing.T) {
	date := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, preserve := range []bool{true, false} {
		in := program(t)
		if err := os.Chtimes(in, date, date); err != nil {
			t.Fatal(err)
		}
		args := []string{in}
		if preserve {
			args = append(args, "-p")
		}
		elfstrip(t, exitOK, "", args...)
		info, err := os.Stat(in)
		if err != nil {
			t.Fatal(err)
		}
		if info.ModTime().Equal(date) != preserve {
			t.Errorf("preserve %v: date is %v", preserve, info.ModTime())
		}
	}
}

func TestVerbose(t *testing.T) {
	in := program(t)
	stdout := elfstrip(t, exitOK, "", "-v", in)
	if !strings.HasPrefix(stdout, in+": ") || !strings.Contains(stdout, " bytes -> "+in+": ") {
		t.Errorf("said %q", stdout)
	}
	if stdout := elfstrip(t, exitOK, "", in); stdout != "" {
		t.Errorf("said %q without -v", stdout)
	}
}

func TestParameterFile(t *testing.T) {
	in := program(t)
	dir := t.TempDir()
	file, out := filepath.Join(dir, "params"), filepath.Join(dir, "out put")
	if err := os.WriteFile(file, []byte("-g\n-o\n'"+out+"'\n"+in+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	elfstrip(t, exitOK, "", "@"+file)
	if len(read(t, out)) == 0 {
		t.Error("no output")
	}
	elfstrip(t, exitUsage, "parameter file", "@"+file+".missing")
}

func TestHelpAndVersion(t *testing.T) {
	if out := elfstrip(t, exitOK, "", "--help"); !strings.Contains(out, "--strip-all") {
		t.Errorf("help is %q", out)
	}
	if out := elfstrip(t, exitOK, "", "--version"); !strings.HasPrefix(out, "elfstrip ") {
		t.Errorf("version is %q", out)
	}
	elfstrip(t, exitUsage, `Try "elfstrip --help"`, "--no-such-option")
	elfstrip(t, exitUsage, "no input file")
}

// The pair for debuggers: a file with the debug information, and the program
// with a link to it.
func TestDebugFile(t *testing.T) {
	in := program(t)
	dbg := filepath.Join(filepath.Dir(in), "program.debug")
	elfstrip(t, exitOK, "", "--only-keep-debug", "-o", dbg, in)
	elfstrip(t, exitOK, "", "--add-gnu-debuglink="+dbg, in)
	if !bytes.Contains(read(t, dbg), []byte("debug information")) {
		t.Error("debug information is not in the debug file")
	}
	stripped := read(t, in)
	if bytes.Contains(stripped, []byte("debug information")) || !bytes.Contains(stripped, []byte("program.debug\x00")) {
		t.Error("the program has the debug information, or lacks the link")
	}
	elfstrip(t, exitFailed, "--add-gnu-debuglink", "--add-gnu-debuglink="+dbg+".missing", in)
}

// Every malformed file is refused: exit code 1, a message that names it, no
// output, and in place the file as it was.
func TestMalformed(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	for _, c := range elftest.Malformed() {
		t.Run(c.Name, func(t *testing.T) {
			if err := os.WriteFile(in, c.Data, 0o755); err != nil {
				t.Fatal(err)
			}
			elfstrip(t, exitFailed, c.Want, "-s", "-o", out, in)
			elfstrip(t, exitFailed, "elfstrip: "+in+": ", "-g", in)
			elfstrip(t, exitFailed, c.Want, "--only-keep-debug", "-o", out, in)
			onlyFiles(t, dir, "in")
			if !bytes.Equal(read(t, in), c.Data) {
				t.Error("the file has changed")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	in := program(t)
	dir := filepath.Dir(in)
	before := read(t, in)
	for _, test := range []struct {
		want string
		args []string
	}{
		{"missing: no such file", []string{filepath.Join(dir, "missing")}},
		{"want a regular file", []string{dir}},
		{"is a directory", []string{"-o", dir, in}},
		{"no such file or directory", []string{"-o", filepath.Join(dir, "none", "out"), in}},
		{`".text" is loaded (SHF_ALLOC) and cannot be removed`, []string{"-R", ".text", "-o", filepath.Join(dir, "out"), in}},
		{`".gopclntab" is loaded (SHF_ALLOC) and cannot be removed`, []string{"-R", ".go*", in}},
	} {
		elfstrip(t, exitFailed, test.want, test.args...)
	}
	if !bytes.Equal(read(t, in), before) {
		t.Error("input has changed")
	}
	onlyFiles(t, dir, "program")
}
