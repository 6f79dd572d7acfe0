package machine_test

import (
	"debug/elf"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch/all"
	"github.com/go3s/rules_go3s/internal/disasm"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// Every machine has all that the registry has, and all that packages have for each.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for i, m := range machine.All {
		for _, name := range []string{m.GOARCH, m.Name, m.Debian, m.BFD, m.Emulation, m.Seccomp, m.Level, m.Baseline} {
			if name == "" {
				t.Errorf("%s: an empty name in %+v", m.GOARCH, m)
			}
		}
		for _, name := range []string{m.BFD, m.Emulation, m.Seccomp, m.Level, m.ELF.String()} {
			if seen[name] {
				t.Errorf("%s: %s is there twice", m.GOARCH, name)
			}
			seen[name] = true
		}
		if m.Relative == 0 || m.CodeAlign == 0 || len(m.PCQuanta) == 0 || uint64(m.PCQuanta[0]) != m.CodeAlign {
			t.Errorf("%s: relative relocation %d, alignment %d, quanta %d", m.GOARCH, m.Relative, m.CodeAlign, m.PCQuanta)
		}
		if machine.Of(m.GOARCH) != m || machine.OfELF(m.ELF) != m || all.Arches[i].Machine != m || all.Of(m.GOARCH).Machine != m {
			t.Errorf("%s is not found by its names", m.GOARCH)
		}
		if d := disasm.Arches[m.GOARCH]; d == nil || d.Machine != m {
			t.Errorf("%s has no decoder", m.GOARCH)
		}
		if table, ok := syscalls.Tables[m.GOARCH]; !ok || table.Name(int64(0)) == "" {
			t.Errorf("%s has no system calls", m.GOARCH)
		}
	}
	if n := len(machine.All); len(all.Arches) != n || len(disasm.Arches) != n || len(syscalls.Tables) != n {
		t.Errorf("%d machines, %d of the linker, %d decoders, %d tables of system calls", n, len(all.Arches), len(disasm.Arches), len(syscalls.Tables))
	}
	if machine.Of("mips") != nil || machine.OfELF(elf.EM_MIPS) != nil {
		t.Error("there is a machine that nobody knows")
	}
}

// The kernel's numbers, from linux/audit.h.
func TestAudit(t *testing.T) {
	for goarch, want := range map[string]uint32{"amd64": 0xc000003e, "arm64": 0xc00000b7, "riscv64": 0xc00000f3} {
		if got := machine.Of(goarch).Audit(); got != want {
			t.Errorf("%s: %#x, want %#x", goarch, got, want)
		}
	}
}
