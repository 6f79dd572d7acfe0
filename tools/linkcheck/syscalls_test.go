package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// TestSyscalls: every form of "linkcheck syscalls", and its exit statuses.
func TestSyscalls(t *testing.T) {
	dir := t.TempDir()
	p := gobintest.New(elf.EM_X86_64)
	p.Funcs[0].Code = []byte{0xb8, 60, 0, 0, 0, 0x0f, 0x05, 0xcc} // mov $60, %eax; syscall; int3
	exits := write(t, filepath.Join(dir, "exits"), p.Build().Data)
	p.Funcs[0].Code[1] = 39
	asks := write(t, filepath.Join(dir, "asks"), p.Build().Data)
	p.Funcs[0].Code = []byte{0x0f, 0x05, 0xcc} // with what the kernel leaves in %eax
	unknown := write(t, filepath.Join(dir, "unknown"), p.Build().Data)
	foreign := write(t, filepath.Join(dir, "foreign"), gobintest.New(elf.EM_RISCV).Build().Data)
	good := write(t, filepath.Join(dir, "good.txt"), []byte("exit # the only one\n"))
	other := write(t, filepath.Join(dir, "other.txt"), []byte("read\n"))
	accepts := write(t, filepath.Join(dir, "accepts.txt"), []byte("read\ndynamic _rt0\n"))
	wrong := write(t, filepath.Join(dir, "wrong.txt"), []byte("raed\n"))
	for _, tt := range []struct {
		args           []string
		status         int
		stdout, stderr string // parts
	}{
		{[]string{exits}, clean, "1 system calls on linux/amd64, 0 dynamic sites\n  exit", ""},
		{[]string{"--list", exits}, clean, "exit\n", ""},
		{[]string{"--list", exits, asks}, clean, "exit\ngetpid\n", ""},
		{[]string{"--json", "--name=shown", exits}, clean, `"file": "shown"`, ""},
		{[]string{"--seccomp", exits}, clean, `"execve",`, ""},
		{[]string{"--seccomp", exits}, clean, `"setgroups",`, ""},
		{[]string{"--seccomp", "--seccomp-for=crun-nnp", exits}, clean, `"close_range",`, ""},
		{[]string{"--seccomp", "--seccomp-for=program", exits}, clean, "\"names\": [\n        \"execve\"\n      ]", ""},
		{[]string{"--seccomp", "--seccomp-for=podman", exits}, unusable, "", `"podman" is no starter: want one of runc, runc-nnp, crun`},
		{[]string{"--list", "--seccomp-for=runc", exits}, unusable, "", "give both"},
		{[]string{"--seccomp", unknown}, unusable, "", "--allowed"},
		{[]string{"--seccomp", "--allowed=" + accepts, unknown}, clean, `"read"`, ""},
		{[]string{"--list", unknown}, clean, "dynamic _rt0\n", ""},
		{[]string{"--allowed=" + good, exits}, clean, "exit", ""},
		{[]string{"--allowed=" + other, exits}, findings, "exit", "other.txt does not allow exit: _rt0"},
		{[]string{"--allowed=" + other, exits}, findings, "exit", "allows what the program cannot call: read"},
		{[]string{"--allowed=" + other, unknown}, findings, "dynamic", "does not accept the dynamic site in _rt0"},
		{[]string{"--allowed=" + wrong, exits}, unusable, "", `wrong.txt: line 1: there is no system call "raed"`},
		{[]string{"--json", "--list", exits}, unusable, "", "exclude each other"},
		{[]string{exits, foreign}, unusable, "", "want files of one program"},
		{[]string{filepath.Join(dir, "none")}, unusable, "", "none"},
		{nil, unusable, "", "want a program"},
	} {
		status, stdout, stderr := linkcheck(append([]string{"syscalls"}, tt.args...)...)
		if status != tt.status || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("%q: status %d, output %q, errors %q; want %d, %q, %q", tt.args, status, stdout, stderr, tt.status, tt.stdout, tt.stderr)
		}
	}

	// What is made of a report is what is made of the program.
	report := filepath.Join(dir, "report.json")
	if status, _, stderr := linkcheck("syscalls", "--json", "--name=//app:app", "-o", report, exits); status != clean {
		t.Fatal(stderr)
	}
	_, fromProgram, _ := linkcheck("syscalls", "--seccomp", exits)
	if status, got, stderr := linkcheck("syscalls", "--seccomp", "--report", report); status != clean || got != fromProgram {
		t.Errorf("--report: status %d, %s, profile\n%s, want\n%s", status, stderr, got, fromProgram)
	}
	if status, _, stderr := linkcheck("syscalls", "--report", exits); status != unusable || !strings.Contains(stderr, "exits: invalid character") {
		t.Errorf("--report with a program: status %d, %s", status, stderr)
	}
	if status, _, stderr := linkcheck("syscalls", "--report", report, exits); status != unusable || !strings.Contains(stderr, "want one report") {
		t.Errorf("--report with two files: status %d, %s", status, stderr)
	}

	// A build reads the file that the comparison writes only when that is good.
	out := filepath.Join(dir, "out")
	if status, _, _ := linkcheck("syscalls", "--list", "--allowed="+other, "-o", out, exits); status != findings {
		t.Errorf("status %d, want %d", status, findings)
	}
	if _, err := os.Stat(out); err != nil {
		t.Errorf("what the program can call is not written when it is not allowed: %v", err)
	}
}
