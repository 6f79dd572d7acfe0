package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// Programs of a release that is not in the table of linkcheck are compared by a table of their SDK, and by no other.
func TestStdTable(t *testing.T) {
	goroot := gotool.Output(t, ".", "amd64", "env", "GOROOT")
	release, err := sdkcheck.Version(goroot)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source := write(t, filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { println(\"hello\") }\n"))
	var built []string // by the SDK
	for _, goarch := range []string{"amd64", "arm64"} {
		file := filepath.Join(dir, goarch)
		gotool.Output(t, dir, goarch, "build", "-trimpath", "-o", file, source)
		built = append(built, file)
	}
	const unseen = "go1.26.99"
	var made []string // by a release that does not exist
	for _, m := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64} {
		p := gobintest.New(m)
		p.GoVersion = unseen
		made = append(made, write(t, filepath.Join(dir, m.String()), p.Build().Data))
	}
	std, other := filepath.Join(dir, "std.txt"), filepath.Join(dir, "other.txt")
	if status, stdout, stderr := linkcheck("stdtable", "-o", std, goroot); status != clean || stdout+stderr != "" {
		t.Fatalf("stdtable: status %d\n%s%s", status, stdout, stderr)
	}
	text, err := os.ReadFile(std)
	if err != nil {
		t.Fatal(err)
	}
	write(t, other, []byte(strings.Replace(string(text), "\ngo "+release+"\n", "\ngo "+unseen+"\n", 1)))
	broken := write(t, filepath.Join(dir, "broken.txt"), text[:len(text)/2])
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		stderr string
	}{
		{"table of the SDK", append([]string{"--std-table", std}, built...), clean, ""},
		{"the SDK", append([]string{"--goroot", goroot}, built...), clean, ""},
		{"unseen release", made, unusable, "made by " + unseen + "; "},
		{"unseen release, its table", append([]string{"--std-table", other}, made...), clean, ""},
		{"unseen release, table of another", append([]string{"--std-table", std}, made...), unusable,
			std + " has that of " + release},
		{"two releases", []string{built[0], made[1]}, unusable, "is not known"},
		{"both flags", append([]string{"--std-table", std, "--goroot", goroot}, built...), unusable, "exclude each other"},
		{"broken table", append([]string{"--std-table", broken}, built...), unusable, broken},
		{"no SDK", append([]string{"--goroot", dir}, built...), unusable, "VERSION"},
	} {
		status, stdout, stderr := linkcheck(append([]string{"compare"}, tt.args...)...)
		if status != tt.status || !strings.Contains(stderr, tt.stderr) || (tt.stderr == "") != (stderr == "") {
			t.Errorf("%s: status %d, want %d; stdout\n%s\nstderr\n%s", tt.name, status, tt.status, stdout, stderr)
		}
	}
	if status, _, stderr := linkcheck("stdtable"); status != unusable || !strings.Contains(stderr, "want the GOROOT") {
		t.Errorf("stdtable without SDK: status %d\n%s", status, stderr)
	}
}
