package pcln

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A smallFunc is a function of a small program.
type smallFunc struct {
	name     string
	id, flag uint8
	code     []byte // size is that of the slice
	sp       []run
	file     []run
	line     []run
	pcdata   [goabi.NumPCData][]run
	funcdata [goabi.NumFuncData][]byte
}

// words returns 32-bit words as they are in memory.
func words(list ...uint32) []byte {
	var b []byte
	for _, w := range list {
		b = le.AppendUint32(b, w)
	}
	return b
}

// smallFuncs returns functions that have every kind of table. Instructions have unit bytes; only the calls
// of amd64 are calls.
func smallFuncs(unit uint64) []smallFunc {
	sized := func(n uint64) []byte { return make([]byte, n*unit) }
	at := func(pairs ...uint64) []run { // end in units, value
		var runs []run
		for i := 0; i < len(pairs); i += 2 {
			runs = append(runs, run{pairs[i] * unit, int32(pairs[i+1])})
		}
		return runs
	}
	none := ^uint64(0) // -1
	maps := func(n uint32) []byte { return append(words(n, 9), make([]byte, 2*n)...) }
	call := func(name, start uint32, parent uint64) []byte { return words(0, name, uint32(parent*unit), start) }
	full := smallFunc{
		name: "main.main", code: sized(200),
		sp: at(4, 0, 190, 40, 200, 0), file: at(50, 0, 80, 1, 200, 0), line: at(10, 7, 50, 8, 80, 300, 200, 9),
		funcdata: [goabi.NumFuncData][]byte{
			goabi.FuncDataArgsMap: maps(1), goabi.FuncDataLocalsMap: maps(3), goabi.FuncDataStackObjects: append(words(1, 0), make([]byte, 16)...),
			goabi.FuncDataInlTree: append(call(1, 3, 49), call(12, 4, 50)...), goabi.FuncDataOpenDefer: {9, 17},
			goabi.FuncDataArgInfo: {0, 8, 8, 8, 0xff}, goabi.FuncDataArgLive: {0, 3, 1},
		},
	}
	full.pcdata = [goabi.NumPCData][]run{
		goabi.PCDataUnsafePoint: at(4, none-1, 100, none, 110, none-2, 200, none), goabi.PCDataStackMap: at(4, none, 90, 0, 150, 1, 200, 2),
		goabi.PCDataInlTree: at(50, none, 60, 0, 80, 1, 200, none), goabi.PCDataArgLive: at(10, none, 60, 1, 200, 2),
		goabi.PCDataPanicBounds: at(90, none, 91, 17, 200, none),
	}
	const callGorecover = 70 // in main.main, inlined
	copy(full.code[callGorecover:], []byte{0xe8, 0, 0, 0, 0})
	half := full
	half.name, half.code = "main.half", sized(120)
	half.funcdata[goabi.FuncDataInlTree], half.pcdata[goabi.PCDataInlTree] = nil, nil
	half.sp = at(120, 8)
	half.line, half.file = at(120, 40), at(120, 1)
	plain := smallFunc{name: "runtime.gorecover", code: sized(32), sp: at(32, 0), line: at(32, 90), file: at(32, 1)}
	wrapper := full
	wrapper.name, wrapper.id = "main.(*T).m", goabi.FuncIDWrapper
	wrapper.funcdata[goabi.FuncDataWrapInfo] = words(64)
	method := plain
	method.name = "reflect.Value.Call"
	asm := smallFunc{name: "runtime.morestack", flag: goabi.FuncFlagAsm, code: sized(16), sp: at(16, 0)}
	return []smallFunc{full, half, plain, wrapper, method, asm}
}

// smallReleases are Go releases of small programs, one of each series with a layout of its own.
var smallReleases = []string{"go1.26.8", "go1.27.4"}

// smallProgram returns a program of a few functions: tables of it are compacted and compared in microseconds.
func smallProgram(machine elf.Machine, release string) []byte {
	series, err := goabi.For(release)
	if err != nil {
		panic(err)
	}
	layout := &series.Module
	unit := smallUnits[machine]
	funcs := smallFuncs(unit)
	names := []byte("\x00main.inner\x00strings.outer\x00")
	files := []byte("a.go\x00b.go\x00")
	pctab := []byte{0}
	var text, ftab, records, gofunc []byte
	var starts []uint64
	offset := func(runs []run) uint32 {
		if len(runs) == 0 {
			return 0
		}
		off := len(pctab)
		pctab = appendClosed(pctab, runs, unit)
		return uint32(off)
	}
	for _, f := range funcs {
		starts = append(starts, uint64(len(text)))
		ftab = append(ftab, words(uint32(len(text)), uint32((len(funcs)*2+1)*4+len(records)))...)
		records = append(records, words(uint32(len(text)), uint32(len(names)), 16, 0, offset(f.sp), offset(f.file), offset(f.line),
			goabi.NumPCData, 0, 5)...)
		records = append(records, f.id, f.flag, 0, goabi.NumFuncData)
		for _, p := range f.pcdata {
			records = append(records, words(offset(p))...)
		}
		for kind, d := range f.funcdata {
			if d == nil {
				records = append(records, words(goabi.NoFuncData)...)
				continue
			}
			for len(gofunc)%funcdataAlign[kind] != 0 {
				gofunc = append(gofunc, 0)
			}
			records = append(records, words(uint32(len(gofunc)))...)
			gofunc = append(gofunc, d...)
		}
		names = append(append(names, f.name...), 0)
		text = append(text, f.code...)
	}
	end := uint64(len(text))
	starts = append(starts, end)
	ftab = append(ftab, words(uint32(end))...)
	find := make([]byte, 0, findBucket)
	for bucket := uint64(0); bucket*256 < end; bucket++ {
		i := 0
		for starts[i+1] <= bucket*256 {
			i++
		}
		if bucket%16 == 0 {
			find = append(find, words(0)...)
		}
		find = append(find, byte(i))
	}

	// The section, and where its parts are.
	section := words(goabi.PCLnTabMagic, uint32(unit)<<16|8<<24, uint32(len(funcs)), 0, 2, 0)
	section = append(section, make([]byte, goabi.PCHeaderSize-len(section))...)
	module := make([]byte, layout.Size)
	refs := map[int]uint64{goabi.ModuleHeader: 0} // words of moduledata that are addresses in the section
	for _, p := range []struct {
		field, module int
		unit          int
		data          []byte
	}{
		{32, goabi.ModuleFuncNames, 1, names}, {40, goabi.ModuleUnits, 4, words(0, 5)}, {48, goabi.ModuleFiles, 1, files},
		{56, goabi.ModulePCTab, 1, pctab},
		{64, goabi.ModuleFuncs, 1, append(ftab, records...)}, {0, layout.GoFunc, 0, gofunc}, {0, goabi.ModuleFindFuncTab, 0, find},
	} {
		for len(section)%8 != 0 {
			section = append(section, 0)
		}
		refs[p.module] = uint64(len(section))
		if p.field != 0 {
			le.PutUint64(section[p.field:], uint64(len(section)))
		}
		if p.unit > 0 {
			n := uint64(len(p.data) / p.unit)
			le.PutUint64(module[p.module+8:], n)
			le.PutUint64(module[p.module+16:], n)
		}
		section = append(section, p.data...)
	}
	refs[goabi.ModuleFuncTab], refs[layout.PCLnTabEnd] = refs[goabi.ModuleFuncs], uint64(len(section))
	for _, off := range []int{goabi.ModuleFuncTab + 8, goabi.ModuleFuncTab + 16} {
		le.PutUint64(module[off:], uint64(len(funcs)+1))
	}

	info := append([]byte("\xff Go buildinf:\x08\x02"), make([]byte, 16)...)
	info = append(append(binary.AppendUvarint(info, uint64(len(release))), release...), 0)
	const alloc, write = elf.SHF_ALLOC, elf.SHF_WRITE
	progbits := func(name string, flags elf.SectionFlag, load int, data []byte) elftest.Section {
		return elftest.Section{Name: name, Type: elf.SHT_PROGBITS, Flags: alloc | flags, Align: 16, Data: data, Load: load}
	}
	spec := elftest.Spec{
		Machine: machine, Type: elf.ET_EXEC, Base: 0x400000, Entry: ".text",
		Sections: []elftest.Section{
			{Name: ".note.gnu.build-id", Type: elf.SHT_NOTE, Flags: alloc, Align: 4, Data: elftest.Note("GNU", 3, make([]byte, 20))},
			progbits(".text", elf.SHF_EXECINSTR, 0, text),
			progbits(".go.buildinfo", write, 1, info), progbits(".go.fipsinfo", write, 1, make([]byte, 120)), progbits(".go.module", write, 1, module),
			progbits(".gopclntab", 0, 2, section),
		},
		Progs: []elftest.Prog{{Type: elf.PT_NOTE, Flags: elf.PF_R, Section: ".note.gnu.build-id"}},
	}
	m := spec.Build()
	addr := func(name string) uint64 { return le.Uint64(m.Data[m.Shdr(name)+16:]) }
	mod, base, start := m.Off(".go.module"), addr(".gopclntab"), addr(".text")
	for off, to := range refs {
		m.Put64(mod+off, base+to)
	}
	for off, v := range map[int]uint64{goabi.ModuleMinPC: start, goabi.ModuleMaxPC: start + end, goabi.ModuleText: start,
		goabi.ModuleText + 8: start + end, layout.TextSects + 8: 1, layout.TextSects + 16: 1} {
		m.Put64(mod+off, v)
	}
	fips := m.Off(".go.fipsinfo")
	copy(m.Data[fips:], "\xff Go fipsinfo \xff\x00")
	m.Put64(fips+48, addr(".go.fipsinfo"))
	return m.Data
}

// smallUnits are the sizes of the smallest instructions in bytes.
var smallUnits = map[elf.Machine]uint64{elf.EM_X86_64: 1, elf.EM_AARCH64: 4, elf.EM_RISCV: 2}

var smallMachines = []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV}

// The small programs are whole: all tiers compact them, and the side file of the last one reads.
func TestSmallPrograms(t *testing.T) {
	for i := range len(smallMachines) * len(smallReleases) {
		machine, release := smallMachines[i%len(smallMachines)], smallReleases[i/len(smallMachines)]
		data := smallProgram(machine, release)
		size := len(data)
		for tier := Full; tier <= External; tier++ {
			t.Run(fmt.Sprint(release, machine, tier), func(t *testing.T) {
				f, err := goelf.Parse("small", data)
				if err != nil {
					t.Fatal(err)
				}
				out, symbols, err := Compact(f, tier, goabi.Refuse)
				if err != nil {
					t.Fatal(err)
				}
				if len(out) >= size {
					t.Errorf("%d bytes, want fewer than %d", len(out), size)
				}
				size = len(out)
				if tier == External {
					side, err := symbols.Encode()
					if err != nil {
						t.Fatal(err)
					}
					s, err := ReadSymbols("side", side)
					if err != nil {
						t.Fatal(err)
					}
					frames, err := s.Frames(0, 70*smallUnits[machine])
					if err != nil || len(frames) != 3 || frames[0].Func != "strings.outer" || frames[1].Func != "main.inner" || frames[2].Func != "main.main" {
						t.Errorf("frames %+v, %v", frames, err)
					}
				}
			})
		}
	}
}
