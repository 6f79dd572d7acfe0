package disasm

import (
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// FuzzInsts: any bytes decode into instructions that cover them exactly.
func FuzzInsts(f *testing.F) {
	for _, code := range gobintest.Syscall {
		f.Add(code)
	}
	f.Add([]byte{0, 0, 0, 0xb0, 0, 0x80, 0x0d, 0x91, 0x17, 0x15, 0, 0, 0x13, 5, 0xf5, 0xff})
	f.Fuzz(func(t *testing.T, code []byte) {
		for _, a := range Arches {
			p := &Program{Arch: a}
			pc := uint64(0x1000)
			fuzztest.Bounded(t, len(code), 1<<10, func() {
				for i := range p.Insts(&Func{Addr: pc, Code: code}) {
					if i.PC != pc || i.Len < 1 {
						t.Fatalf("%s: instruction %+v, want one at %#x", a.GOARCH, i, pc)
					}
					a.Effects(nil, code[pc-0x1000:], pc)
					pc += uint64(i.Len)
				}
			})
			if pc != 0x1000+uint64(len(code)) {
				t.Fatalf("%s: decoded up to %#x of %#x bytes", a.GOARCH, pc-0x1000, len(code))
			}
		}
	})
}

// FuzzOpen: the functions of any file ascend and stay inside of it.
func FuzzOpen(f *testing.F) {
	for _, machine := range elftest.Machines {
		f.Add(gobintest.New(machine).Build().Data)
		f.Add(elftest.Executable(machine).Build().Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		var p *Program
		fuzztest.Bounded(t, len(data), 64, func() { p, err = Open(file) })
		if (err == nil) != (p != nil) {
			t.Fatalf("program %v and error %v", p, err)
		}
		if err != nil {
			return
		}
		var end uint64
		for i := range p.Funcs {
			fn := &p.Funcs[i]
			if len(fn.Code) == 0 || fn.Addr < end {
				t.Fatalf("function %d at %#x with %d bytes, the one before it ends at %#x", i, fn.Addr, len(fn.Code), end)
			}
			end = fn.End()
		}
	})
}
