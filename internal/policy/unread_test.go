package policy

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// unread has for each rule what it reads, missing or damaged. A rule without a row fails the test.
var unread = map[string][]struct {
	name   string
	change change
}{
	"sound-elf":              {{"no segment", noLoads}},
	"type-exec":              {{"unknown type", fileType(elf.ET_REL)}},
	"type-dyn":               {{"unknown type", fileType(elf.ET_REL)}},
	"machine":                {{"build information damaged", buildInfoCut}, {"build information missing", buildInfoGone}},
	"entry-in-text":          {{"no entry", func(m *elftest.Image) { m.Put64(24, 0) }}, {"no segment", noLoads}},
	"page-alignment":         {{"no alignment", func(m *elftest.Image) { m.Put64(m.Phdr(elf.PT_LOAD, 1)+48, 0) }}},
	"nx-stack":               {{"no header", func(m *elftest.Image) { m.Put32(m.Phdr(elf.PT_GNU_STACK, 0), 0) }}},
	"no-wx-segment":          {{"all flags", func(m *elftest.Image) { m.Put32(m.Phdr(elf.PT_LOAD, 0)+4, 7) }}},
	"no-interpreter":         {{"empty path", header(elf.PT_INTERP, 0)}},
	"no-dynamic":             {{"empty", header(elf.PT_DYNAMIC, 0)}, {"not terminated", header(elf.PT_DYNAMIC, 24)}},
	"pie-dynamic":            {{"missing", fileType(elf.ET_DYN)}, {"not terminated", header(elf.PT_DYNAMIC, 24)}},
	"pie-relocations":        {{"no PT_DYNAMIC", fileType(elf.ET_DYN)}},
	"self-relocation":        {{"no PT_DYNAMIC", fileType(elf.ET_DYN)}},
	"no-text-relocations":    {{"no PT_DYNAMIC", fileType(elf.ET_DYN)}, {"not terminated", header(elf.PT_DYNAMIC, 24)}},
	"relro":                  {{"no header", fileType(elf.ET_DYN)}},
	"no-needed":              {{"not terminated", header(elf.PT_DYNAMIC, 24)}},
	"no-rpath":               {{"not terminated", header(elf.PT_DYNAMIC, 24)}},
	"no-symbol-versions":     {{"not terminated", header(elf.PT_DYNAMIC, 24)}},
	"no-libc-symbol":         {{"function table damaged", funcsZero}, {"function table cut", funcsCut}},
	"no-libc-string":         {{"notes damaged", header(elf.PT_NOTE, 8)}},
	"no-cgo":                 {{"function table damaged", funcsZero}, {"function table cut", funcsCut}, {"build information damaged", buildInfoCut}, {"build information missing", buildInfoGone}},
	"no-foreign-code":        {{"function table damaged", funcsZero}, {"text is empty", textEmpty}, {"text wraps", textWraps}},
	"go-build-info":          {{"damaged", buildInfoCut}, {"missing", buildInfoGone}, {"function table damaged", funcsZero}},
	"go-version":             {{"damaged", buildInfoCut}, {"missing", buildInfoGone}, {"no release", release("devel")}},
	"trimpath":               {{"damaged", buildInfoCut}, {"missing", buildInfoGone}},
	"module-sums":            {{"damaged", buildInfoCut}, {"missing", buildInfoGone}},
	"no-replaced-module":     {{"damaged", buildInfoCut}, {"missing", buildInfoGone}},
	"vcs-clean":              {{"damaged", buildInfoCut}, {"missing", buildInfoGone}},
	"no-known-vulnerability": {{"damaged", buildInfoCut}, {"missing", buildInfoGone}, {"no release", release("devel")}},
	"go-tables": {{"function table damaged", funcsZero}, {"release that nobody knows", release("go1.99")}, {"another release than the layout's", release("go1.27.1")},
		{"build information missing", buildInfoGone}, {"types wrap", moduleWord(304, 1)}, {"no types", moduleWord(296, 0)}, {"typelinks wrap", moduleWord(368, 1<<62)}, {"itabs wrap", moduleWord(392, 1<<61)}},
	"forbidden-packages":  {{"function table damaged", funcsZero}, {"names missing", namesZero}, {"build information missing", buildInfoGone}},
	"cgo-left-out":        {{"no list was given", func(*elftest.Image) {}}},
	"forbidden-imports":   {{"function table damaged", funcsZero}, {"names missing", namesZero}},
	"fips-sum":            {{"record missing", fipsZero}, {"record damaged", func(m *elftest.Image) { m.Data[m.Off(".go.fipsinfo")+3]++ }}, {"range wraps", func(m *elftest.Image) { m.Put64(m.Off(".go.fipsinfo")+56, 1<<63) }}},
	"fips-module":         {{"function table damaged", funcsZero}, {"names missing", namesZero}, {"build information missing", buildInfoGone}},
	"fips-on":             {{"damaged", buildInfoCut}, {"missing", buildInfoGone}},
	"syscall-sites":       {{"function table damaged", funcsZero}, {"names missing", namesZero}, {"text is empty", textEmpty}, {"text wraps", textWraps}},
	"syscalls-allowed":    {{"function table damaged", funcsZero}, {"release that nobody knows", release("go1.99")}, {"another release than the layout's", release("go1.27.1")}, {"build information missing", buildInfoGone}, {"types wrap", moduleWord(304, 1)}, {"no types", moduleWord(296, 0)}},
	"no-host-path":        {{"function table damaged", funcsZero}, {"build information damaged", buildInfoCut}, {"build information missing", buildInfoGone}},
	"no-host-path-string": {{"function table damaged, and a path in it", func(m *elftest.Image) { funcsZero(m); copy(m.Data[m.Off(".gopclntab")+100:], "/home/jdoe/x") }}},
	"no-timestamp":        {{"function table damaged, and a time in it", func(m *elftest.Image) { funcsZero(m); copy(m.Data[m.Off(".gopclntab")+100:], "2026-11-22 10:05:00") }}},
	"no-forbidden-string": {{"in a place that no header names", func(m *elftest.Image) { copy(m.Data[len(m.Data)-3:], "jdo"); m.Data = append(m.Data, 'e') }}},
	"allowed-sections":    {{"no section headers", func(m *elftest.Image) { m.Put64(40, 0); m.Put16(60, 0); m.Put16(62, 0) }}},
	"signature":           {{"no signature", unsigned}, {"bytes behind the section", func(m *elftest.Image) { unsigned(m); m.Data = append(m.Data, 0) }}},
	"size-budget":         {{"bytes that no header names", func(m *elftest.Image) { m.Data = append(m.Data, make([]byte, 1<<20)...) }}},
	"package-budget":      {{"function table damaged", funcsZero}, {"names missing", namesZero}},
	"packed-unpacker":     {{"not packed", func(*elftest.Image) {}}},
	"packed-original":     {{"not packed", func(*elftest.Image) {}}},
}

func fileType(t elf.Type) change { return func(m *elftest.Image) { m.Put16(16, uint16(t)) } }

// header makes PT_GNU_STACK a header of another type that covers so many bytes of .data.
func header(t elf.ProgType, size uint64) change {
	return func(m *elftest.Image) {
		at := m.Phdr(elf.PT_GNU_STACK, 0)
		addr := le.Uint64(m.Data[m.Shdr(".data")+16:])
		m.Put32(at, uint32(t))
		for i, v := range []uint64{uint64(m.Off(".data")), addr, addr, size, size, 1} {
			m.Put64(at+8+8*i, v)
		}
	}
}

func moduleWord(off int, v uint64) change {
	return func(m *elftest.Image) { m.Put64(m.Off(".go.module")+off, v) }
}

func noLoads(m *elftest.Image) {
	for i := range 3 {
		m.Put32(m.Phdr(elf.PT_LOAD, 0), uint32(elf.PT_NULL))
		_ = i
	}
}

func buildInfoGone(m *elftest.Image) { clear(m.Data[m.Off(".go.buildinfo"):][:32]) }
func buildInfoCut(m *elftest.Image)  { m.Data[m.Off(".go.buildinfo")+32] = 0xff }
func funcsZero(m *elftest.Image)     { clear(m.Data[m.Off(".gopclntab"):][:m.Size(".gopclntab")]) }
func fipsZero(m *elftest.Image) {
	clear(m.Data[m.Off(".go.fipsinfo"):][:m.Size(".go.fipsinfo")])
	m.Data[m.Off(".shstrtab")+strings.Index(string(m.Data[m.Off(".shstrtab"):]), ".go.fips")] = '-'
}

// funcsCut makes the function table count more functions than it holds.
func funcsCut(m *elftest.Image) { m.Put64(m.Off(".gopclntab")+8, 1<<61) }

// namesZero takes the names of functions out of the function table.
func namesZero(m *elftest.Image) {
	table := m.Data[m.Off(".gopclntab"):]
	clear(table[le.Uint64(table[32:]):le.Uint64(table[40:])])
}

// unsigned adds a section for signatures without any.
func unsigned(m *elftest.Image) {
	f, err := goelf.Parse("test", m.Data)
	if err != nil {
		panic(err)
	}
	p, err := elfsign.Read(f)
	if err != nil {
		panic(err)
	}
	m.Data = p.Content
}

func textEmpty(m *elftest.Image) { moduleWord(184, le.Uint64(m.Data[m.Off(".go.module")+176:]))(m) }
func textWraps(m *elftest.Image) { moduleWord(184, 16)(m) }

// release changes the Go version of the build information, to one that is not longer.
func release(version string) change {
	return func(m *elftest.Image) {
		at := m.Data[m.Off(".go.buildinfo")+32:]
		end := 1 + int(at[0])
		rest := slices.Clone(at[end:])
		at[0] = byte(len(version))
		copy(at[1:], version)
		copy(at[1+len(version):], rest[:m.Size(".go.buildinfo")-32-end])
	}
}

// TestUnread: a rule that cannot read what it judges reports that, and never passes or finds that it does not apply.
func TestUnread(t *testing.T) {
	for _, rule := range rules {
		if rule.Check == nil {
			continue
		}
		rows := unread[rule.ID]
		if len(rows) == 0 {
			t.Errorf("%s: no row damages what it reads", rule.ID)
		}
		for _, row := range rows {
			t.Run(rule.ID+"/"+row.name, func(t *testing.T) {
				p := mustNew(t, "static")
				p.GOARCH, p.SizeBudget, p.GoVersionMin, p.FIPSModule = "amd64", 1<<20, "go1.20", "latest"
				p.PackageBudgets = map[string]uint64{"main": 1 << 20}
				p.Sections, p.Syscalls = []string{}, &syscalls.Allowed{Calls: map[string][]string{}}
				for name := range unreadCalls {
					p.Syscalls.Calls[name] = nil
				}
				p.Forbidden.Packages, p.Forbidden.Modules, p.Forbidden.Imports, p.Forbidden.Strings = []string{"x/y"}, []string{"x/z"}, []string{"unsafe"}, []string{"jdoe"}
				p.Forbidden.LeftOut = []string{"x/y"}
				p.Packages = PackageList{"main": {}, "internal/runtime/syscall/linux": {Standard: true}}
				p.Vulnerabilities = []Vulnerability{}
				p.Overrides = map[string]Override{rule.ID: {Severity: Error}}
				judge := func(data []byte) RuleReport {
					f := parse(t, data)
					for _, r := range p.Check("test", f).Rules {
						if r.ID == rule.ID {
							return r
						}
					}
					t.Fatal("the rule was not judged")
					panic("unreachable")
				}
				m := gobintest.New(elf.EM_X86_64).Build()
				whole := judge(slices.Clone(m.Data))
				row.change(m)
				damaged := judge(m.Data)
				if damaged.Status != Found {
					t.Errorf("%s %q of the damaged file, want a finding", damaged.Status, damaged.Note)
				}
				if whole.Status == Found && slices.Equal(whole.Findings, damaged.Findings) && !slices.Contains(alwaysFound, rule.ID) {
					t.Errorf("the whole file has the same findings %v", whole.Findings)
				}
			})
		}
	}
}

// alwaysFound are rules that the fixed-address program without FIPS breaks in any case.
var alwaysFound = []string{"cgo-left-out", "type-dyn", "pie-dynamic", "packed-unpacker", "packed-original", "fips-module", "fips-on"}

// unreadCalls are what the program calls.
var unreadCalls = map[string]bool{}
