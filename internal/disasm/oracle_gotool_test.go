package disasm

import (
	"os"
	"path/filepath"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/riscv64/riscv64asm"
)

// TestOracle compares control flow with what golang.org/x/arch says, over all
// functions of a program.
func TestOracle(t *testing.T) {
	for goarch, oracle := range map[string]func(code []byte) (Flow, string, bool){"arm64": oracleARM64, "riscv64": oracleRISCV64} {
		t.Run(goarch, func(t *testing.T) {
			dir := t.TempDir()
			source := "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(os.Args[0]) }\n"
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
				t.Fatal(err)
			}
			exe := filepath.Join(dir, "exe")
			gotool.Output(t, dir, goarch, "build", "-o", exe, "main.go")
			f, err := goelf.Open(exe)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			p, err := Open(f)
			if err != nil {
				t.Fatal(err)
			}
			compared, unknown, wrong := 0, 0, 0
			for n := range p.Funcs {
				fn := &p.Funcs[n]
				for i := range p.Insts(fn) {
					code := fn.Code[i.PC-fn.Addr:]
					plain := p.Arch.Decode(code, i.PC) // without what the instructions before it tell
					want, text, ok := oracle(code)
					if !ok {
						unknown++
						continue
					}
					compared++
					if plain.Flow != want {
						if wrong++; wrong <= 10 {
							t.Errorf("%s: %#x: %s: %v, want %v", fn.Name, i.PC, text, plain.Flow, want)
						}
					}
				}
			}
			t.Logf("%d instructions compared, %d wrong, %d unknown to the oracle", compared, wrong, unknown)
			if compared < 100_000 || unknown > compared/10 {
				t.Errorf("compared %d instructions, %d unknown to the oracle", compared, unknown)
			}
		})
	}
}

func oracleARM64(code []byte) (Flow, string, bool) {
	inst, err := arm64asm.Decode(code)
	if err != nil {
		return 0, "", false
	}
	flow := map[arm64asm.Op]Flow{
		arm64asm.B: Jump, arm64asm.BL: Call, arm64asm.BLR: CallIndirect, arm64asm.BR: JumpIndirect, arm64asm.RET: Return, arm64asm.CBZ: Branch,
		arm64asm.CBNZ: Branch, arm64asm.TBZ: Branch, arm64asm.TBNZ: Branch, arm64asm.SVC: Syscall, arm64asm.BRK: Stop, arm64asm.HLT: Stop,
	}[inst.Op]
	if _, conditional := inst.Args[0].(arm64asm.Cond); inst.Op == arm64asm.B && conditional {
		flow = Branch
	}
	return flow, inst.String(), true
}

func oracleRISCV64(code []byte) (Flow, string, bool) {
	inst, err := riscv64asm.Decode(code)
	if err != nil {
		return 0, "", false
	}
	link := func(arg int) bool {
		r, ok := inst.Args[arg].(riscv64asm.Reg)
		return ok && (r == riscv64asm.X1 || r == riscv64asm.X5)
	}
	switch inst.Op {
	case riscv64asm.JAL:
		if link(0) {
			return Call, inst.String(), true
		}
		return Jump, inst.String(), true
	case riscv64asm.JALR:
		switch base, _ := inst.Args[1].(riscv64asm.RegOffset); {
		case link(0):
			return CallIndirect, inst.String(), true
		case base.OfsReg == riscv64asm.X1 || base.OfsReg == riscv64asm.X5:
			return Return, inst.String(), true
		}
		return JumpIndirect, inst.String(), true
	case riscv64asm.BEQ, riscv64asm.BNE, riscv64asm.BLT, riscv64asm.BGE, riscv64asm.BLTU, riscv64asm.BGEU:
		return Branch, inst.String(), true
	case riscv64asm.ECALL:
		return Syscall, inst.String(), true
	case riscv64asm.CSRRW: // writing a read-only register is the trap that assemblers call unimp
		if inst.Args[0] == riscv64asm.X0 && inst.Args[1] == riscv64asm.CYCLE {
			return Stop, inst.String(), true
		}
	case riscv64asm.EBREAK:
		return Stop, inst.String(), true
	}
	return Next, inst.String(), true
}
