//go:build linux

package link

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go3s/rules_go3s/internal/arch/all"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// The relay passes on its arguments, whatever they are, and ends as it is told.
func TestRelay(t *testing.T) {
	for _, a := range all.Arches {
		t.Run(a.GOARCH, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "relay")
			if err := os.WriteFile(exe, Relay(a.GOARCH), 0o777); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				args   []string
				answer []byte // none when nil
				status int
			}{
				{[]string{"-m64", "-o", "a b", "", "go.o"}, []byte{0}, 0},
				{[]string{strings.Repeat("x", 60_000), "y"}, []byte{7}, 7},
				{nil, []byte{0}, 0},
				{[]string{"x"}, nil, 1},
			} {
				cmd := gotool.Run(t, a.GOARCH, exe, tt.args...)
				pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
				cmd.ExtraFiles = []*os.File{theirs}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				theirs.Close()
				buf := make([]byte, 1<<17)
				n, err := ours.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				if tt.answer != nil {
					if _, err := ours.Write(tt.answer); err != nil {
						t.Error(err)
					}
				}
				ours.Close()
				cmd.Wait()
				if got := cmd.ProcessState.ExitCode(); got != tt.status {
					t.Errorf("%.20q: exit status %d, want %d", tt.args, got, tt.status)
				}
				if _, args, _ := strings.Cut(string(buf[:n]), "\x00"); args != strings.Join(append(tt.args, ""), "\x00") {
					t.Errorf("%.20q: passed on %.40q", tt.args, args)
				}
			}
		})
	}
	if Relay("mips") != nil {
		t.Error("a relay for an unknown machine")
	}
}

// Without a socket, the relay fails.
func TestRelayAlone(t *testing.T) {
	for _, a := range all.Arches {
		t.Run(a.GOARCH, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "relay")
			if err := os.WriteFile(exe, Relay(a.GOARCH), 0o777); err != nil {
				t.Fatal(err)
			}
			cmd := gotool.Run(t, a.GOARCH, exe, "x")
			if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("ended with %v, want exit status 1", err)
			}
		})
	}
}
