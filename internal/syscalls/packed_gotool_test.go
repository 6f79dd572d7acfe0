package syscalls

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack"
)

// A packed program runs under the profile of its original and its unpacking code,
// and needs that of the latter.
func TestSeccompPacked(t *testing.T) {
	exe, _ := program{dir: "../../examples/hello"}.build(t, runtime.GOARCH)
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := pack.Pack(f)
	if err != nil {
		t.Fatal(err)
	}
	packed := exe + ".packed"
	if err := os.WriteFile(packed, data, 0o755); err != nil {
		t.Fatal(err)
	}
	r := analyze(t, exe)
	if err := r.Add(analyze(t, packed)); err != nil {
		t.Fatal(err)
	}
	if out, state := confined(t, r, "", packed); !state.Success() {
		t.Errorf("under its profile: %v\n%s", state, out)
	}
	out, state := confined(t, r, "mprotect", packed)
	if s, ok := state.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGSYS {
		t.Errorf("under its profile without mprotect: %v, want SIGSYS\n%s", state, out)
	}
}
