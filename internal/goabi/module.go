package goabi

// # Module data
//
// The runtime finds all its tables through one structure, runtime.firstmoduledata (runtime/symtab.go, moduledata;
// written by cmd/link/internal/ld/symtab.go). Its members up to types have kept their places since Go 1.18. Offsets
// are in bytes; a slice is its address, length and capacity.

// Offsets in the module data of all series.
const (
	ModuleHeader      = 0   // address of the function table, pcHeader
	ModuleFuncNames   = 8   // a slice, as the next five are
	ModuleUnits       = 32  // cutab
	ModuleFiles       = 56  // filetab
	ModulePCTab       = 80  // pctab
	ModuleFuncs       = 104 // pclntable
	ModuleFuncTab     = 128 // ftab
	ModuleFindFuncTab = 152
	ModuleMinPC       = 160
	ModuleMaxPC       = 168
	ModuleText        = 176 // and its end
	ModuleNoPtrData   = 192 // and its end
	ModuleData        = 208 // and its end
	ModuleBSS         = 224 // and its end
	ModuleNoPtrBSS    = 240 // and its end
	ModuleTypes       = 296
)

// A Module gives the offsets of members that moved from series to series; 0 for one that the series lacks.
type Module struct {
	Size       uint64 // of the whole, in bytes; 0 if it differs within what uses this
	TypesEnd   int    // etypes
	ROData     int
	GoFunc     int
	PCLnTabEnd int // epclntab
	TextSects  int // textsectmap, a slice
	TypeLinks  int // typelinks, a slice
	ItabLinks  int // itablinks, a slice
	ItabOffset int // of the itabs from the types, and at the next word their size
	InitTasks  int // inittasks, a slice
}

var (
	moduleBefore126 = Module{TypesEnd: 304, ROData: 312, GoFunc: 320, TextSects: 328, TypeLinks: 352, ItabLinks: 376}
	module126       = Module{Size: 592, TypesEnd: 304, ROData: 312, GoFunc: 320, PCLnTabEnd: 328, TextSects: 336, TypeLinks: 360,
		ItabLinks: 384, InitTasks: 472}
	module127 = Module{Size: 568, TypesEnd: 312, ROData: 336, GoFunc: 344, PCLnTabEnd: 352, TextSects: 360, ItabOffset: 320,
		InitTasks: 448}
)

// Symbols returns, by offset in the module data, the symbol that the Go linker refers to for the word: the module data of an object
// is of this layout when it has these relocations. A member of no meaning to this project is not among them.
func (m *Module) Symbols() map[uint64]string {
	symbols := map[uint64]string{
		ModuleFindFuncTab: "runtime.findfunctab",
		ModuleText:        "runtime.text", ModuleText + 8: "runtime.etext",
		ModuleNoPtrData: "runtime.noptrdata", ModuleNoPtrData + 8: "runtime.enoptrdata",
		ModuleData: "runtime.data", ModuleData + 8: "runtime.edata",
		ModuleBSS: "runtime.bss", ModuleBSS + 8: "runtime.ebss",
		ModuleNoPtrBSS: "runtime.noptrbss", ModuleNoPtrBSS + 8: "runtime.enoptrbss",
		ModuleTypes: "runtime.types",
	}
	for _, off := range []uint64{ModuleHeader, ModuleFuncNames, ModuleUnits, ModuleFiles, ModulePCTab, ModuleFuncs, ModuleFuncTab} {
		symbols[off] = "runtime.pclntab"
	}
	for _, member := range []struct {
		off    int
		symbol string
	}{
		{m.TypesEnd, "runtime.etypes"}, {m.ROData, "runtime.rodata"}, {m.GoFunc, "runtime.pclntab"}, {m.PCLnTabEnd, "runtime.epclntab"},
		{m.TextSects, "runtime.textsectionmap"}, {m.TypeLinks, "runtime.typelink"}, {m.ItabLinks, "runtime.itablink"},
		{m.InitTasks, "go:main.inittasks"},
	} {
		if member.off != 0 {
			symbols[uint64(member.off)] = member.symbol
		}
	}
	return symbols
}
