//go:build linux

package observe

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	Main()
	m.Run()
}

// TestRun: calls of the program and of a second process of it are seen, those of another program
// that it starts are not, and nothing of it is changed.
func TestRun(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "program")
	gotool.Output(t, "testdata/family", runtime.GOARCH, "build", "-o", exe, ".")
	other := filepath.Join(t.TempDir(), "other")
	gotool.Output(t, "testdata/family", runtime.GOARCH, "build", "-ldflags=-X=main.name=other", "-o", other, ".")
	cmd := exec.Command(exe, exe, other)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	seen, err := Run(cmd)
	if err != nil || cmd.ProcessState.ExitCode() != 7 {
		t.Fatalf("%v, %v\n%s", err, cmd.ProcessState, out.Bytes())
	}
	if got, want := out.String(), "program child\nother child\n"; got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
	count := func(number int64) (n int) {
		for call, times := range seen {
			if call.Number == number {
				n += times
			}
		}
		return n
	}
	// The parent asks for its session, each child for its process group.
	if count(unix.SYS_GETSID) != 1 || count(unix.SYS_GETPGID) != 1 {
		t.Errorf("getsid %d times and getpgid %d times, want 1 and 1 (of two processes of the program, not of the other)", count(unix.SYS_GETSID), count(unix.SYS_GETPGID))
	}
}

func TestRunEmulated(t *testing.T) {
	for _, goarch := range []string{"arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "program")
			gotool.Output(t, "testdata/family", goarch, "build", "-o", exe, ".")
			seen, err := RunEmulated(gotool.Run(t, goarch, exe))
			if err != nil || seen["getpgid"] != 1 || seen["getsid"] != 0 || seen["rt_sigaction"] == 0 {
				t.Errorf("%v, %v; want getpgid once, rt_sigaction, and no getsid", seen, err)
			}
		})
	}
}

func TestReadStrace(t *testing.T) {
	seen := readStrace([]byte("17 read(3,0x1,20) = 20\n17 17 futex(0x1) = close(3) = 0\n18 Unknown syscall 471\n"))
	if len(seen) != 3 || seen["read"] != 1 || seen["futex"] != 1 || seen["syscall_471"] != 1 {
		t.Errorf("%v, want read, futex and syscall_471 once", seen)
	}
}
