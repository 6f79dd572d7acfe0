package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// TestVerdictOnSeveral: one verdict on several reports names each program that fails, and no other.
func TestVerdictOnSeveral(t *testing.T) {
	dir, good, bad, _ := files(t)
	report := func(name string, args ...string) string {
		out := filepath.Join(dir, name+".json")
		args = append(args, "-o", out)
		if status, _, stderr := linkcheck(args...); status != clean {
			t.Fatal(stderr)
		}
		return out
	}
	passes := report("passes", "--format=json", "--report-only", "--name=good", good)
	fails := report("fails", "--format=json", "--report-only", "--name=bad", bad)
	p := gobintest.New(elf.EM_X86_64)
	p.Funcs[0].Code = []byte{0xb8, 60, 0, 0, 0, 0x0f, 0x05, 0xcc} // mov $60, %eax; syscall; int3
	program := write(t, filepath.Join(dir, "program"), p.Build().Data)
	calls := report("calls", "syscalls", "--json", "--name=//app:app", program)
	exit := write(t, filepath.Join(dir, "exit.txt"), []byte("exit\n"))
	read := write(t, filepath.Join(dir, "read.txt"), []byte("read\n"))
	for _, tt := range []struct {
		args         []string
		status       int
		want, absent string // parts of the errors
	}{
		{[]string{passes, passes}, clean, "", ""},
		{[]string{passes, fails, passes}, findings, "bad: FAIL", "good:"},
		{[]string{"--allowed=" + exit, "--syscalls=" + calls, passes}, clean, "", ""},
		{[]string{"--allowed=" + read, "--syscalls=" + calls, passes}, findings, "//app:app: " + read + " does not allow exit", "good:"},
		{[]string{"--allowed=" + read, "--syscalls=" + calls, fails}, findings, "does not allow exit", "good:"},
		{[]string{"--allowed=" + read, "--syscalls=" + calls, fails}, findings, "bad: FAIL", "good:"},
		{[]string{"--allowed=" + read, passes}, unusable, "give both or none", ""},
		{[]string{"--syscalls=" + calls, passes}, unusable, "give both or none", ""},
		{[]string{"--allowed=" + read, "--syscalls=" + passes, passes}, unusable, "goarch is \"\"", ""},
	} {
		touched := filepath.Join(t.TempDir(), "passed")
		status, _, stderr := linkcheck(append([]string{"verdict", "--touch", touched}, tt.args...)...)
		if status != tt.status || !strings.Contains(stderr, tt.want) || tt.absent != "" && strings.Contains(stderr, tt.absent) {
			t.Errorf("%q: status %d, errors %q; want %d, %q and not %q", tt.args, status, stderr, tt.status, tt.want, tt.absent)
		}
		if _, err := os.Stat(touched); (err == nil) != (tt.status == clean) {
			t.Errorf("%q: status %d, and the file of --touch: %v", tt.args, status, err)
		}
	}
}
