package sdkcheck

import "strings"

// A watch names declarations that define a format.
type watch struct {
	path  string   // below GOROOT/src: a file, or a package with all its files for Linux on the supported machines
	names []string // declarations of the file; none for all
	why   string   // what of this module depends on it
}

// formats are the declarations that every tool depends on.
var formats = []watch{
	{"internal/abi", nil, "types, itabs, numbers of function and pc data, flags and IDs of functions, magic of .gopclntab"},
	{"internal/goarch", nil, "pointer size, instruction quantum and frame sizes of the machines"},
	{"internal/pkgbits", nil, "export data, of which the importers of package unsafe are read"},
	{"internal/buildcfg/exp.go", []string{"func ParseGOEXPERIMENT"}, "experiments that are on by default"},

	{"cmd/internal/goobj", nil, "object files of the compiler and assembler, builtin symbols"},
	{"cmd/internal/objabi", nil, "relocations, kinds of symbols, IDs of functions, escapes in names, response files"},
	{"cmd/internal/sys", nil, "properties of the machines"},
	{"cmd/internal/obj/fips140.go", nil, "which symbols belong to the FIPS 140 module"},
	{"cmd/internal/obj/inl.go", nil, "inline trees"},
	{"cmd/internal/obj/objfile.go", nil, "object files: their writer"},
	{"cmd/internal/obj/pcln.go", nil, "tables of pc values: their writer"},

	{"cmd/link/internal/amd64", nil, "relocations and sections of go.o for amd64"},
	{"cmd/link/internal/arm64", nil, "relocations and sections of go.o for arm64"},
	{"cmd/link/internal/riscv64", nil, "relocations and sections of go.o for riscv64"},
	{"cmd/link/internal/loader", nil, "how symbols are resolved, named and numbered"},
	{"cmd/link/internal/sym", nil, "kinds, sections and segments of symbols"},
	{"cmd/link/internal/ld/ar.go", nil, "archives"},
	{"cmd/link/internal/ld/asmb.go", nil, "order of what is written"},
	{"cmd/link/internal/ld/config.go", nil, "build and link modes"},
	{"cmd/link/internal/ld/data.go", nil, "sections, their order, alignment and addresses, .go.buildinfo"},
	{"cmd/link/internal/ld/deadcode.go", nil, "which functions and methods stay"},
	{"cmd/link/internal/ld/decodesym.go", nil, "types in object files"},
	{"cmd/link/internal/ld/elf.go", nil, "ELF headers, sections, symbols, notes and relocations of go.o"},
	{"cmd/link/internal/ld/fips140.go", nil, ".go.fipsinfo"},
	{"cmd/link/internal/ld/inittask.go", nil, "order of initialization"},
	{"cmd/link/internal/ld/main.go", nil, "flags of cmd/link, order of its steps"},
	{"cmd/link/internal/ld/pcln.go", nil, ".gopclntab"},
	{"cmd/link/internal/ld/symtab.go", nil, "moduledata, runtime symbols, names and groups of symbols"},
	{"cmd/link/internal/ld/target.go", nil, "what is decided by machine and mode"},
	{"cmd/link/internal/ld/typelink.go", nil, ".typelink"},
	{"cmd/link/internal/ld/lib.go", libFunctions, "order of packages, names of type symbols, trials of the external linker"},

	{"runtime/symtab.go", []string{"type pcHeader", "type moduledata", "type modulehash", "type functab", "type textsect",
		"type findfuncbucket", "type funcInfo", "type stackmap", "var firstmoduledata"}, ".gopclntab and moduledata as the runtime has them"},
	{"runtime/symtabinl.go", []string{"type inlinedCall"}, "inline trees as the runtime has them"},
	{"runtime/runtime2.go", []string{"type _func", "type funcinl", "type itab", "type funcval"}, "function records as the runtime has them"},
	{"runtime/proc.go", []string{"type initTask"}, "initialization tasks as the runtime has them"},
	{"runtime/os_linux.go", []string{"type perThreadSyscallArgs", "var perThreadSyscall", "func runPerThreadSyscall",
		"func syscall_runtime_doAllThreadsSyscall"}, "the system call with a number from a variable"},
	{"runtime/type.go", []string{"type nameOff", "type typeOff", "type textOff", "type _type"}, "references between types"},
	{"runtime/rt0_linux_amd64.s", nil, "what the entry point is called with"},
	{"runtime/rt0_linux_arm64.s", nil, "what the entry point is called with"},
	{"runtime/rt0_linux_riscv64.s", nil, "what the entry point is called with"},
	{"runtime/tls_arm64.h", nil, "thread-local storage"},
	{"runtime/tls_arm64.s", nil, "thread-local storage"},
	{"runtime/tls_riscv64.s", nil, "thread-local storage"},
	{"runtime/asm_amd64.s", nil, "start of the runtime, calls through tables, thread-local storage"},
	{"runtime/asm_arm64.s", nil, "start of the runtime, calls through tables"},
	{"runtime/asm_riscv64.s", nil, "start of the runtime, calls through tables"},
	{"runtime/debug/mod.go", nil, "module information in build information"},
	{"debug/buildinfo", nil, ".go.buildinfo as go version reads it"},
	{"crypto/internal/fips140/check", nil, ".go.fipsinfo as a program reads it"},
}

// libFunctions are the functions of lib.go that make something of a program without cgo. Those that put together the call of the
// external linker change with nearly every patch release, and need not be here: golink refuses every call that it does not know.
var libFunctions = []string{
	"func linkerFlagSupported", "func trimLinkerArgv", "func (*Link).mangleTypeSym", "func typeSymbolMangle", "func addsection",
	"func postorder", "func dfs", "func (*Link).loadlib", "func (*Link).linksetup", "func loadobjfile", "func Rnd",
}

// readerPackages are the packages in which the tables of functions may be read.
var readerPackages = []string{"runtime", "internal/runtime/maps", "reflect", "runtime/debug", "runtime/pprof"}

// A declaration belongs to what reads tables of functions if it mentions one of these identifiers: the tables, what finds a
// function in them, what walks the stack by them, and what decides by the name of a function.
var readerIdents = set(`
	moduledata firstmoduledata lastmoduledatap modulesSlice activeModules findmoduledatap pcHeader functab
	ftab findfunctab findfuncbucket funcnametab cutab filetab pctab pclntable gofunc textsectmap
	_func funcInfo srcFunc funcinl findfunc FuncForPC funcname funcpkgpath funcfile funcline funcline1 funcNameForPrint
	funcNamePiecesForPrint printFuncName pcvalue pcvalueCache funcspdelta funcMaxSPDelta pcdatastart pcdatavalue pcdatavalue1
	pcdatavalue2 funcdata step readvarint stackmap stackmapdata inlinedCall inlineUnwinder inlineFrame newInlineUnwinder
	unwinder stkframe deferreturn funcID nfuncdata npcdata startLine cuOffset getStackMap
	Frames CallersFrames Callers callers gcallers tracebackPCs isSystemGoroutine panicwrap isAsyncSafePoint gorecover
	showframe traceback1 traceback2
`)

// readerPrefixes are the same for beginnings of identifiers.
var readerPrefixes = []string{
	"FUNCDATA_", "PCDATA_", "FuncID", "FuncFlag", "UnsafePointS", "UnsafePointU", "runtime_FrameS", "runtime_expand",
}

func readsTables(d declaration) bool {
	for name := range d.idents {
		if readerIdents[name] {
			return true
		}
		for _, prefix := range readerPrefixes {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
	}
	return false
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
