package policy

import (
	"debug/elf"
	"errors"
	"runtime/debug"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// setting is gobin.Setting under a shorter name.
func setting(info *debug.BuildInfo, key string) (string, bool) { return gobin.Setting(info, key) }

var goBuildInfo = Rule{
	ID:       "go-build-info",
	What:     "`go version -m` can read the file: it holds Go build information, and the program says the same of itself.",
	Why:      "Vulnerability scanners and inventories learn from it which Go version and which modules are in the program.",
	Evidence: "Section .go.buildinfo; in a file without section names the first writable segment. Compared with it are the strings in the program to which the runtime's start refers, its version and its module information (runtime/debug.ReadBuildInfo), where functions have names; without names they are not found, and a program may be changed in both places.",
	Remedy:   "Do not remove the section or all section headers. For assembly without Go runtime use the profile static-asm.",
	Ref:      "Go debug/buildinfo",
	Severity: Error,
	Check: func(in *Input) []Finding {
		if _, err := in.buildInfo(); err != nil {
			return one(goabi.BuildInfo, "%v", in.reason(err))
		}
		var out collector
		checkRuntimeData(in, &out)
		return out
	},
}

// unreadBuildInfo adds to out that the build information, of which a rule reads a part, cannot be read.
func unreadBuildInfo(in *Input, out *collector, err error) {
	out.add(goabi.BuildInfo, "the build settings cannot be read: %v", in.reason(err))
}

var noCgo = Rule{
	ID:       "no-cgo",
	What:     "The program was built without cgo, and nothing of cgo is in it.",
	Why:      "cgo brings C code and a C library into the program.",
	Evidence: "Build setting CGO_ENABLED where recorded; function and file names in Go's function table, which stripping keeps.",
	Remedy:   "Set pure = \"on\" or CGO_ENABLED=0, and replace the packages that need C.",
	Ref:      "Go cmd/cgo",
	Severity: Error,
	Check: func(in *Input) []Finding {
		var out collector
		if info, err := in.buildInfo(); err != nil {
			unreadBuildInfo(in, &out, err)
		} else if v, ok := setting(info, "CGO_ENABLED"); ok && v != "0" {
			out.add("CGO_ENABLED", "the build information says CGO_ENABLED=%s, want 0", clip(v))
		}
		t, err := in.funcs()
		if err != nil {
			out.add("function table", "it cannot be read, so cgo cannot be ruled out: %v", in.reason(err))
			return out
		}
		for name := range t.Names() {
			if isCgoFunc(name) {
				out.add(clip(name), "Go's function table has this function of cgo, want none")
			}
		}
		for file := range t.Files() {
			if strings.HasSuffix(file, "_cgo_gotypes.go") {
				out.add(clip(file), "Go's file table has this file that cgo generated, want none")
			}
		}
		return out
	},
}

// isCgoFunc reports whether only cgo makes a function of that name.
func isCgoFunc(name string) bool {
	for _, p := range []string{"runtime/cgo.", "_cgoexp_", "_cgo_", "x_cgo_"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return strings.Contains(name, "._Cfunc_") || strings.Contains(name, "._C2func_")
}

var goTables = Rule{
	ID:       "go-tables",
	What:     "Go's function table, module data, types, itabs and FIPS 140 record are whole, agree with each other, and point into the segments they belong to.",
	Why:      "The runtime reads them for every stack trace, garbage collection and panic. A tool that damages them leaves a program that runs until it needs them.",
	Evidence: "Sections .gopclntab (header, function table, _func records), .go.module and .go.fipsinfo; without section names they are found by their contents. What the module data points to: types, typelinks, itabs, initialisers, text sections, in the layouts of Go 1.20 to 1.27; that of another release is a finding. That the runtime's start refers to this module data is seen where functions have names.",
	Remedy:   "Strip with elfstrip. Do not remove .gopclntab, .go.module, .go.fipsinfo or .itablink.",
	Ref:      "Go runtime/symtab.go, moduledata and moduledataverify1",
	Severity: Error,
	Check:    checkGoTables,
}

// textAlign is the least alignment in bytes that cmd/link gives the text.
const textAlign = 16

func checkGoTables(in *Input) []Finding {
	t, err := in.funcs()
	if err != nil {
		return one("function table", "%v", in.reason(err))
	}
	m, err := in.module()
	if err != nil {
		return one("module data", "%v", in.reason(err))
	}
	var out collector
	if m.FuncTable != t.Addr {
		out.add("moduledata.pcHeader", "it points to %#x, want the function table at %#x", m.FuncTable, t.Addr)
	}
	if m.FTab.Len != uint64(t.Len())+1 {
		out.add("moduledata.ftab", "it has %d entries, want %d: one for each function and one more", m.FTab.Len, t.Len()+1)
	}
	start, end := t.Span()
	if m.PC.Start != m.Text.Start+start || m.PC.End != m.Text.Start+end {
		out.add("moduledata.minpc", "minpc %#x and maxpc %#x are not the ends %#x and %#x of the function table", m.PC.Start, m.PC.End, m.Text.Start+start, m.Text.Start+end)
	}
	if m.Text.Start%textAlign != 0 {
		out.add("moduledata.text", "it starts at %#x, want a multiple of %d", m.Text.Start, textAlign)
	}
	segs := loads(in.File)
	inside := func(r gobin.Range, flag elf.ProgFlag) bool {
		s, ok := segs.find(r.Start, r.End-r.Start)
		return ok && s.has(flag)
	}
	for _, r := range []struct {
		name string
		gobin.Range
		flag elf.ProgFlag
		what string
	}{
		{"text", m.Text, elf.PF_X, "executable"},
		{"noptrdata", m.NoPtrData, elf.PF_W, "writable"},
		{"data", m.Data, elf.PF_W, "writable"},
		{"bss", m.BSS, elf.PF_W, "writable"},
		{"noptrbss", m.NoPtrBSS, elf.PF_W, "writable"},
	} {
		switch {
		case r.Start > r.End:
			out.add("moduledata."+r.name, "it ends at %#x, before its start %#x", r.End, r.Start)
		case r.Start < r.End && !inside(r.Range, r.flag):
			out.add("moduledata."+r.name, "its addresses %#x to %#x are not in one %s PT_LOAD segment", r.Start, r.End, r.what)
		}
	}
	if m.Text.Start <= m.Text.End && end > m.Text.End-m.Text.Start {
		out.add("moduledata.etext", "the function table reaches to text offset %#x, but the text has %#x bytes", end, m.Text.End-m.Text.Start)
	}
	checkSingle(in, t, m, &out)
	checkLinks(in, t, m, segs, &out)
	checkFIPSInfo(in, segs, &out)
	return out
}

// checkSingle checks that the module data is the one that the runtime uses, and the only one.
func checkSingle(in *Input, t *gobin.FuncTable, m *gobin.Module, out *collector) {
	others, err := gobin.OtherModules(in.File, m)
	if err != nil {
		out.add("module data", "%v", in.reason(err))
	}
	for _, addr := range others {
		out.add("module data", "there is module data at %#x and at %#x, want one: a tool reads one of them, the runtime perhaps the other", m.Addr, addr)
	}
	r, err := in.runtimeData()
	switch {
	case err != nil:
		out.add("runtime", "what its code refers to cannot be read: %v", in.reason(err))
	case r.found && !refersIn(r.refs, gobin.Range{Start: m.Addr, End: m.Addr + 1}):
		out.add("module data", "%s does not refer to the module data at %#x: the runtime uses another", goabi.SchedInit, m.Addr)
	}
}

// checkFIPSInfo checks the FIPS 140 record, which programs of Go 1.24 and later
// panic without when somebody starts them with GODEBUG=fips140=on.
func checkFIPSInfo(in *Input, segs loadTable, out *collector) {
	info, err := gobin.ReadFIPSInfo(in.File)
	if errors.Is(err, gobin.ErrNotGo) {
		if why := fipsMissing(in); why != "" {
			out.add(goabi.FIPSInfo, "%s", why)
		}
		return
	}
	if err != nil {
		out.add(goabi.FIPSInfo, "%v", in.reason(err))
		return
	}
	for _, r := range []gobin.Range{info.Text, info.ROData, info.NoPtrData, info.Data} {
		if r == (gobin.Range{}) {
			continue
		}
		if _, ok := segs.find(r.Start, r.End-r.Start); !ok || r.Start > r.End {
			out.add(goabi.FIPSInfo, "it covers the addresses %#x to %#x, which are not in one PT_LOAD segment", r.Start, r.End)
		}
	}
}
