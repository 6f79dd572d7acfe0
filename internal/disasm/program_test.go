package disasm

import (
	"debug/elf"
	"slices"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

func open(t *testing.T, data []byte) *Program {
	t.Helper()
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func flows(p *Program, fn *Func) map[Flow]int {
	count := map[Flow]int{}
	for i := range p.Insts(fn) {
		count[i.Flow]++
	}
	return count
}

func TestOpenGo(t *testing.T) {
	for _, machine := range elftest.Machines {
		t.Run(machine.String(), func(t *testing.T) {
			p := open(t, gobintest.New(machine).Build().Data)
			if len(p.Funcs) != 3 || p.Table == nil || p.Module == nil {
				t.Fatalf("functions %+v, want 3 and Go's tables", p.Funcs)
			}
			fn := &p.Funcs[1]
			if fn.Name != "internal/runtime/syscall/linux.Syscall6" || !fn.Go {
				t.Errorf("function 1 is %+v", fn)
			}
			if got := flows(p, fn); got[Syscall] != 1 || got[Return] != 1 {
				t.Errorf("function 1 has %v, want a syscall and a return", got)
			}
			if got := p.Find(fn.Addr + 1); got != fn {
				t.Errorf("Find inside of function 1 gives %+v", got)
			}
			if got := p.Find(p.Funcs[0].Addr - 1); got != nil {
				t.Errorf("Find before the first function gives %+v", got)
			}
		})
	}
}

// TestOpenWithoutTable: code that no table names is still found.
func TestOpenWithoutTable(t *testing.T) {
	for _, machine := range elftest.Machines {
		t.Run(machine.String(), func(t *testing.T) {
			spec := elftest.Executable(machine)
			// Its .gopclntab is no function table, which would be an error.
			spec.Sections = slices.DeleteFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".gopclntab" })
			spec.Symbols = slices.DeleteFunc(spec.Symbols, func(s elftest.Symbol) bool { return s.Section == ".gopclntab" })
			spec.Symbols = append(spec.Symbols, elftest.Symbol{Name: "_start", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text"})
			p := open(t, spec.Build().Data)
			var calls int
			for i := range p.Funcs {
				calls += flows(p, &p.Funcs[i])[Syscall]
			}
			if calls != 1 {
				t.Errorf("%d system calls in %+v, want 1", calls, p.Funcs)
			}
		})
	}
}

func TestOpenDamagedTable(t *testing.T) {
	m := gobintest.New(elf.EM_X86_64).Build()
	m.Put64(m.Off(".gopclntab")+8, 1<<40) // number of functions
	f, err := goelf.Parse("test", m.Data)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := Open(f); err == nil {
		t.Errorf("got %d functions, want an error", len(p.Funcs))
	}
}
