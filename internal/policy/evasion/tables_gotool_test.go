package evasion

import (
	"debug/elf"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/policy"
)

// copyModule copies the module data to the start of .noptrdata, and returns the address of the copy.
func copyModule(m *image) uint64 {
	from, _ := m.section(".go.module")
	to, _ := m.section(".noptrdata")
	copy(m.data[to.Off:], m.f.Data[from.Off:from.Off+from.Size])
	return to.Addr
}

// otherRecord adds a FIPS 140 record with the right sum for a module in which a byte is flipped, and lets the section header show that.
func otherRecord(m *image) {
	old := m.fips()
	record := append([]byte(nil), m.data[old:old+gobin.FIPSInfoSize]...)
	m.data[m.at(le.Uint64(record[56:]))+0x203] ^= 1
	addr, off := m.addSegment(elf.PF_R, record, 0)
	le.PutUint64(m.data[off+48:], addr)
	m.sum(off)
	_, at := m.section(".go.fipsinfo")
	le.PutUint64(m.data[at+16:], addr)
	le.PutUint64(m.data[at+24:], off)
}

// goVersion changes the version in the build information alone, from its third number on, or from the second.
func goVersion(second, third string) func(m *image) {
	return func(m *image) {
		s, _ := m.section(".go.buildinfo")
		i := int(s.Off) + strings.Index(string(m.data[s.Off:s.Off+s.Size]), "go1.2") + len("go1.")
		copy(m.data[i:], second)
		copy(m.data[i+len("26."):], third)
	}
}

// etypes returns the offset in the file of the address where the types of a program end.
func (m *image) etypes() uint64 {
	s, _ := m.section(goabi.ModuleInfo)
	info, _ := gobin.ReadBuildInfo(m.f)
	series, _ := goabi.For(info.GoVersion)
	return s.Off + uint64(series.Module.TypesEnd)
}

// tableRows are edits of what a program says of itself: build information, tables of the runtime, the FIPS 140 record.
var tableRows = []row{
	{claim: "go-build-info", attack: "another Go version in the build information than the runtime's", file: edited(hello, goVersion("", "9")), kind: finding, want: "Go version: the build information says"},
	{claim: "go-version", attack: "a newer Go version in the build information than the runtime's", file: edited(hello, goVersion("", "9")), kind: finding, want: "but the runtime in the program is of",
		set: func(p *policy.Policy) { p.GoVersionMin = "go1.26.9" }},
	{claim: "no-known-vulnerability", attack: "a newer Go version in the build information than the runtime's", file: edited(hello, goVersion("", "9")), kind: finding, want: "Go version: the build information says",
		set: func(p *policy.Policy) { p.Vulnerabilities = []policy.Vulnerability{} }},
	{claim: "go-build-info", attack: "a build setting changed in the build information alone", file: edited(hello, func(m *image) {
		s, _ := m.section(".go.buildinfo")
		i := strings.Index(string(m.data[s.Off:s.Off+s.Size]), "-trimpath=true")
		copy(m.data[int(s.Off)+i:], "-trimpath=fals")
	}), kind: finding, want: "module information: the build information says something else"},
	{claim: "go-tables", attack: "a Go version that nobody knows, go1.99", file: edited(hello, goVersion("99", "")), kind: finding, want: "Go version: it determines where the runtime finds types"},
	{claim: calls, attack: "a Go version that nobody knows, go1.99", file: edited(hello, goVersion("99", "")), kind: dynamic, want: "(type descriptors): they cannot be read, so methods that reflection calls may make any call"},
	{claim: "go-tables", attack: "a second module data", file: edited(hello, func(m *image) { copyModule(m) }), kind: finding, want: "module data: there is module data at"},
	{claim: "go-tables", attack: "a section .go.module that shows a copy, and the module data itself made unlike one", file: edited(hello, func(m *image) {
		addr := copyModule(m)
		old, at := m.section(".go.module")
		le.PutUint64(m.data[at+16:], addr)
		le.PutUint64(m.data[at+24:], m.at(addr))
		m.data[old.Off+24]++ // capacity of the function names, which nobody reads
	}), kind: finding, want: "module data: runtime.schedinit does not refer to the module data at"},
	{claim: "go-tables", attack: "types of length 0", file: edited(hello, func(m *image) {
		s, _ := m.section(goabi.ModuleInfo)
		copy(m.data[m.etypes():][:8], m.data[s.Off+goabi.ModuleTypes:])
	}), kind: finding, want: "types"},
	{claim: calls, attack: "types that end before they start", file: edited(hello, func(m *image) {
		le.PutUint64(m.data[m.etypes():], 1)
	}), kind: dynamic, want: "(type descriptors): they cannot be read"},
	{claim: sites, attack: "a function table cut to one function", file: attacks(func(m *image) {
		s, _ := m.section(".gopclntab")
		le.PutUint64(m.data[s.Off+8:], 1)
	}), kind: finding, want: ": "},
	{claim: "linkcheck syscalls --list", attack: "a line break in a function's name", file: attacks(func(m *image) { m.replace("main.int80\x00", "main\nsync8\x00") }), kind: escaped, want: `main\U0000000async8`},
	{claim: sites, attack: "a function renamed in the function table, to one of package runtime", file: attacks(func(m *image) { m.replace("main.plain\x00", "runtime.pl\x00") }), kind: finding, want: "main.int80: "},
	{claim: calls, attack: "a function renamed in the function table, to one of package runtime", file: attacks(func(m *image) { m.replace("main.plain\x00", "runtime.pl\x00") }), kind: listed, want: "getppid"},
	{claim: "no-cgo", attack: "build information that is cut off", file: edited(hello, func(m *image) {
		s, _ := m.section(".go.buildinfo")
		m.data[s.Off+32] = 0xff
	}), kind: finding, want: ".go.buildinfo: the build settings cannot be read"},
	{claim: "fips-sum", attack: "a record of its own, under the section .go.fipsinfo, for a module that was changed", file: edited(fips, otherRecord), kind: finding, want: ".go.fipsinfo: there are FIPS 140 records at"},
	{claim: "fips-sum", attack: "the same, and the program's own record without its magic number", file: edited(fips, func(m *image) {
		old := m.fips()
		otherRecord(m)
		m.data[old]++
	}), kind: finding, want: ".go.fipsinfo: the module's check does not refer to the record at"},
	{claim: "fips-sum", attack: "a range of code that leaves half of the module out, with the right sum", file: edited(fips, func(m *image) {
		off := m.fips()
		start, end := le.Uint64(m.data[off+56:]), le.Uint64(m.data[off+64:])
		le.PutUint64(m.data[off+64:], start+(end-start)/2)
		m.sum(off)
	}), kind: finding, want: ".go.fipsinfo: it sums the code"},
	{claim: "fips-sum", attack: "a range of data that leaves half of the module's data out, with the right sum", file: edited(fips, func(m *image) {
		off := m.fips()
		start, end := le.Uint64(m.data[off+72:]), le.Uint64(m.data[off+80:])
		le.PutUint64(m.data[off+80:], start+(end-start)/2)
		m.sum(off)
	}), kind: admitted, want: "Whether the ranges of data are all of the module's data is not seen"},
	{claim: "fips-sum", attack: "a module that was changed, and no section .go.fipsinfo", file: edited(fips, func(m *image) {
		m.data[m.at(le.Uint64(m.data[m.fips()+56:]))+0x203] ^= 1
		m.replace(".go.fipsinfo\x00", ".go.fipsinfx\x00")
	}), kind: finding, want: ".go.fipsinfo: its sum is"},
}

// packedRows are edits of packed programs: what runs is the unpacker and what it unpacks.
var packedRows = []row{
	{claim: "packed-original", attack: "a note that points to another program's payload, added to the file", file: func(b *builds) []byte {
		good := b.packed(hello)
		return edit(b, b.packed("../../syscalls/testdata/reflected"), func(m *image) {
			n, g := m.packNote(), (&image{m.TB, good, parse(m.TB, good)}).packNote()
			header, end := le.Uint64(good[g+48:]), le.Uint64(good[g+56:])
			rest, size := le.Uint64(good[g+64:]), le.Uint64(good[g+72:])
			for len(m.data)%16 != 0 {
				m.data = append(m.data, 0)
			}
			copy(m.data[n:n+88], good[g:g+88])
			at := uint64(len(m.data))
			m.data = append(append(m.data, good[header:end]...), good[rest:rest+size]...)
			le.PutUint64(m.data[n+48:], at)
			le.PutUint64(m.data[n+56:], at+end-header)
			le.PutUint64(m.data[n+64:], at+end-header)
		})
	}, kind: finding, want: "payload: the code at the entry point"},
	{claim: "packed-original", attack: "an original that is made of bytes which the program does not load", file: func(b *builds) []byte {
		return edit(b, b.packed("../../syscalls/testdata/reflected"), func(m *image) { m.show(b.golink(hello, "static-pie")) })
	}, kind: finding, want: "payload: the unpacked file is not what the program unpacks into memory"},
	{claim: calls, attack: "an original that is made of bytes which the program does not load", file: func(b *builds) []byte {
		return edit(b, b.packed("../../syscalls/testdata/reflected"), func(m *image) { m.show(b.golink(hello, "static-pie")) })
	}, kind: refused, want: "the unpacked file is not what the program unpacks into memory"},
	{claim: "packed-unpacker", attack: "one instruction of the unpacker changed", file: func(b *builds) []byte {
		return edit(b, b.packed(hello), func(m *image) { m.data[m.at(m.f.Header.Entry)+64] ^= 1 })
	}, kind: finding, want: "e_entry: the code at the entry point"},
	{claim: calls, attack: "a packed program without the note that says so", file: func(b *builds) []byte {
		return edit(b, b.packed(hello), func(m *image) { m.data[m.packNote()-12]++ })
	}, kind: refused, want: "is not packed"},
	{claim: "no-cgo", attack: "a packed program that cannot be unpacked", file: func(b *builds) []byte {
		return edit(b, b.packed(hello), func(m *image) { s, _ := m.section(".packed"); m.data[s.Off+s.Size/2] ^= 1 })
	}, kind: finding, want: "payload: the program cannot be unpacked, so it cannot be judged"},
}

// imports are the settings for forbidden-imports, with the list of what a hostile builder says.
func imports(list policy.PackageList) func(p *policy.Policy) {
	return func(p *policy.Policy) { p.Forbidden.Imports, p.Packages = []string{"unsafe"}, list }
}

// listFor is the list of packages of the synthetic program.
func listFor(more ...policy.ListedPackage) policy.PackageList {
	list := policy.PackageList{"main": {Name: "main"}, "internal/runtime/syscall/linux": {Standard: true}}
	for _, p := range more {
		list[p.ImportPath] = p
	}
	return list
}

// otherRows are about what the other commands claim.
var otherRows = []row{
	{claim: "forbidden-imports", attack: "a list without a package that is in the program", file: synthetic(elf.EM_X86_64, "example.com/x.F", 0xc3), kind: finding, want: "example.com/x: this package is in the program, but not in the list", set: imports(listFor())},
	{claim: "forbidden-imports", attack: "a list that says of a package that it is of the standard library", file: synthetic(elf.EM_X86_64, "example.com/x.F", 0xc3), kind: admitted,
		want: "The list is believed", set: imports(listFor(policy.ListedPackage{ImportPath: "example.com/x", Standard: true, Imports: []string{"unsafe"}}))},
	{claim: "same-functions", attack: "a function that one architecture has", file: program("testdata/goarch"), dir: "testdata/goarch", kind: finding, want: "main.hidden"},
	{claim: "same-calls", attack: "a call that one architecture makes", file: program("testdata/three"), dir: "testdata/three", kind: finding, want: "main.calls"},
	{claim: "same-strings", attack: "a string that one architecture has", file: program("testdata/goarch"), dir: "testdata/goarch", kind: finding, want: "one of the other"},
	{claim: "same-data", attack: "a variable that begins with another number on one architecture", file: program("testdata/goarch"), dir: "testdata/goarch", kind: finding, want: "main.limits"},
	{claim: "same-calls", attack: "another computation on one architecture", file: program("testdata/three"), dir: "testdata/three", kind: admitted, want: "Arithmetic, comparisons and constants in a function are not compared"},
	{claim: "same-functions", attack: "a function that only computes, in a file for one architecture", file: program("testdata/three"), dir: "testdata/three", kind: admitted,
		want: "is explained when it only computes"},
	{claim: "linkcheck sizes", attack: "a function table that is damaged, so that no package has a size", file: func(b *builds) []byte {
		m := gobintest.New(elf.EM_X86_64).Build()
		clear(m.Data[m.Off(".gopclntab"):][:m.Size(".gopclntab")])
		return m.Data
	}, kind: refused, want: "the function table has magic number"},
	{claim: "linkcheck sizes", attack: "sections that share bytes, so that they count twice", file: func(b *builds) []byte {
		m := gobintest.New(elf.EM_X86_64).Build()
		m.Put64(m.Shdr(".data")+24, 0)
		m.Put64(m.Shdr(".data")+32, uint64(len(m.Data)))
		return m.Data
	}, kind: refused, want: "some share bytes"},
}
