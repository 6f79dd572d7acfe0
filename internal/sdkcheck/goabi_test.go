package sdkcheck

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// What package goabi says of a series is what programs of its SDK show.
func TestLayoutsAsGoabi(t *testing.T) {
	for _, name := range Series() {
		s, err := goabi.For(name)
		if err != nil {
			t.Fatal(err)
		}
		tab, err := tableOf(name)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]uint64{
			"runtime.moduledata":               s.Module.Size,
			"runtime._func":                    goabi.FuncSize,
			"runtime.functab":                  goabi.FuncTabEntry,
			"runtime.pcHeader":                 goabi.PCHeaderSize,
			"runtime.pcHeader.minLC":           goabi.MinPCQuantum,
			"runtime.pcHeader.ptrSize":         goabi.PointerSize,
			"runtime.inlinedCall":              goabi.InlinedCall,
			"runtime.textsect":                 goabi.TextSectEntry,
			"internal/abi.CurrentPCLnTabMagic": goabi.PCLnTabMagic,
			"internal/abi.FuncIDWrapper":       goabi.FuncIDWrapper,
			"internal/abi.FuncFlagAsm":         goabi.FuncFlagAsm,
			"internal/abi.TraceArgsEndSeq":     goabi.TraceArgsEnd,
			"runtime.moduledata.pcHeader":      goabi.ModuleHeader,
			"runtime.moduledata.funcnametab":   goabi.ModuleFuncNames,
			"runtime.moduledata.cutab":         goabi.ModuleUnits,
			"runtime.moduledata.filetab":       goabi.ModuleFiles,
			"runtime.moduledata.pctab":         goabi.ModulePCTab,
			"runtime.moduledata.pclntable":     goabi.ModuleFuncs,
			"runtime.moduledata.ftab":          goabi.ModuleFuncTab,
			"runtime.moduledata.findfunctab":   goabi.ModuleFindFuncTab,
			"runtime.moduledata.minpc":         goabi.ModuleMinPC,
			"runtime.moduledata.maxpc":         goabi.ModuleMaxPC,
			"runtime.moduledata.text":          goabi.ModuleText,
			"runtime.moduledata.noptrdata":     goabi.ModuleNoPtrData,
			"runtime.moduledata.data":          goabi.ModuleData,
			"runtime.moduledata.bss":           goabi.ModuleBSS,
			"runtime.moduledata.noptrbss":      goabi.ModuleNoPtrBSS,
			"runtime.moduledata.types":         goabi.ModuleTypes,
		}
		for member, offset := range map[string]int{
			"etypes": s.Module.TypesEnd, "rodata": s.Module.ROData, "gofunc": s.Module.GoFunc, "epclntab": s.Module.PCLnTabEnd,
			"textsectmap": s.Module.TextSects, "typelinks": s.Module.TypeLinks, "itablinks": s.Module.ItabLinks,
			"itaboffset": s.Module.ItabOffset, "inittasks": s.Module.InitTasks,
		} {
			if offset != 0 {
				want["runtime.moduledata."+member] = uint64(offset)
			} else if got := tab.layout["runtime.moduledata."+member]; got != "" {
				t.Errorf("%s: moduledata has %s at %s, goabi has it nowhere", name, member, got)
			}
		}
		for prefix, numbers := range map[string][]string{
			"PCDATA_": {"UnsafePoint", "StackMapIndex", "InlTreeIndex", "ArgLiveIndex", "PanicBounds"},
			"FUNCDATA_": {"ArgsPointerMaps", "LocalsPointerMaps", "StackObjects", "InlTree", "OpenCodedDeferInfo", "ArgInfo",
				"ArgLiveInfo", "WrapInfo"},
		} {
			for i, number := range numbers {
				want["internal/abi."+prefix+number] = uint64(i)
			}
		}
		for fact, value := range want {
			if got := tab.layout[fact]; got != strconv.FormatUint(value, 10) {
				t.Errorf("%s: %s is %q in programs, %d in goabi", name, fact, got, value)
			}
		}
		for section := range strings.FieldsSeq(tab.layout["sections"]) {
			if !strings.HasPrefix(section, ".note.") && !slices.ContainsFunc(s.Sections, func(s goabi.Section) bool { return s.Name == section }) {
				t.Errorf("%s: programs have a section %s, which goabi lacks", name, section)
			}
		}
	}
}
