package policy

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/pack"
)

func TestSplitLinkName(t *testing.T) {
	for _, c := range []struct{ name, pkg, symbol string }{
		{"main.main", "main", "main"},
		{"main.main.func1", "main", "main"},
		{"main.main.func1.2", "main", "main"},
		{"main.init.0", "main", "init"},
		{"net/http.(*Client).Do", "net/http", "Client.Do"},
		{"net/http.(*Client).Do-fm", "net/http", "Client.Do"},
		{"net/http.(*Client).do.deferwrap1", "net/http", "Client.do"},
		{"net/http.(*Client).do.func2-range1", "net/http", "Client.do"},
		{"a.(*FuncMap).funcs", "a", "FuncMap.funcs"},
		{"a.(*FuncMap).gowrapper.gowrap12", "a", "FuncMap.gowrapper"},
		{"slices.SortFunc[go.shape.[]go.shape.int,go.shape.int]", "slices", "SortFunc"},
		{"main.(*List[example.com/x/y.Item]).Add", "main", "List.Add"},
		{"main.(*List[go.shape.int]).Map[go.shape.map[string][2]int].func1", "main", "List.Map"},
		{"example.com/a.Plain.Do[go.shape.int]", "example.com/a", "Plain.Do"},
		{"_.goready.func1", "", ""},
		{"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3", "Unmarshal"},
		{"vendor/golang.org/x/net/idna.ToASCII", "vendor/golang.org/x/net/idna", "ToASCII"},
		{"main.(*struct { sync.Mutex; a/b.C }).Lock", "main", "struct { sync.Mutex; a/b.C }.Lock"},
		{"type:.eq.[2]interface {}", "", ""},
		{"go:buildid", "", ""},
		{"memeqbody", "", ""},
		{"_rt0_amd64_linux", "", ""},
		{".x", "", ""},
		{"a/.x", "", ""},
		{"", "", ""},
	} {
		if pkg, symbol := splitLinkName(c.name); pkg != c.pkg || symbol != c.symbol && !strings.Contains(c.name, "struct") {
			t.Errorf("splitLinkName(%q) = %q, %q, want %q, %q", c.name, pkg, symbol, c.pkg, c.symbol)
		}
	}
}

func TestGoSemver(t *testing.T) {
	for v, want := range map[string]string{
		"go1.26.8": "v1.26.8", "go1.26": "v1.26", "go1.27rc1": "v1.27.0-rc.1", "go1.27beta2": "v1.27.0-beta.2",
		"go1.26.8 X:nodwarf5": "v1.26.8", "go1.26.8-vendor": "v1.26.8", "devel go1.27-abc": "", "": "",
	} {
		if got := goSemver(v); got != want {
			t.Errorf("goSemver(%q) = %q, want %q", v, got, want)
		}
	}
}

// withDebugServer is a program with a debugging server, a module and a large package.
func withDebugServer() *gobintest.Program {
	p := gobintest.New(elf.EM_X86_64)
	code := func(n int) []byte { return append(make([]byte, n-1), 0xc3) }
	p.Funcs = append(p.Funcs,
		gobintest.Func{Name: "net/http.(*Server).Serve", Code: code(1600)},
		gobintest.Func{Name: "net/http/pprof.Index", Code: code(160)},
		gobintest.Func{Name: "example.com/old/sub.Run", Code: make([]byte, 16)})
	p.ModInfo += "dep\texample.com/old\tv1.2.0\th1:abc=\n"
	return p
}

// What a policy asks for beyond the fixed rules.
func TestSettingRules(t *testing.T) {
	osv := func(name, introduced, fixed, imports string) string {
		return `{"id": "GO-2026-0001", "summary": "it breaks", "affected": [{"package": {"name": "` + name + `", "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "` + introduced + `"}, {"fixed": "` + fixed + `"}]}],
			"ecosystem_specific": {"imports": [` + imports + `]}}]}`
	}
	for _, c := range []struct {
		name    string
		policy  string // members of the policy file
		osv     string
		list    string // of packages, besides those that every program has; "" for none
		program func(p *gobintest.Program)
		want    []string
	}{
		{name: "nothing asked"},
		{name: "Go version old enough", policy: `"go_version_min": "1.26.8"`},
		{name: "Go version too old", policy: `"go_version_min": "go1.26.9"`, want: []string{"go-version: Go version: the program was built by go1.26.8, want go1.26.9 or newer"}},
		{name: "Go version with experiments", policy: `"go_version_min": "1.26.8"`, program: func(p *gobintest.Program) { p.GoVersion = "go1.26.8 X:nodwarf5" }},
		{name: "Go version of no release", policy: `"go_version_min": "1.2"`, program: func(p *gobintest.Program) { p.GoVersion = "devel +abc" },
			want: []string{`go-version: Go version: the program was built by "devel +abc"`, "go-tables: module data"}},
		{name: "other packages forbidden", policy: `"forbidden": {"packages": ["plugin", "pprof", "net/http/*/x"], "modules": ["example.com/ol"]}`},
		{name: "package forbidden", policy: `"forbidden": {"packages": ["net/http/pprof"]}`,
			want: []string{`forbidden-packages: net/http/pprof: this package is in the program, but "net/http/pprof" is forbidden`}},
		{name: "packages forbidden", policy: `"forbidden": {"packages": ["net/http*"]}`,
			want: []string{"forbidden-packages: net/http: ", "forbidden-packages: net/http/pprof: "}},
		{name: "module forbidden", policy: `"forbidden": {"modules": ["example.com/old"]}`,
			want: []string{"forbidden-packages: example.com/old/sub: this package", "forbidden-packages: example.com/old: this module"}},
		{name: "names taken out", policy: `"forbidden": {"packages": ["plugin"]}, "package_budgets": {"main": 1}`,
			program: func(p *gobintest.Program) { p.Funcs[2].Name = "0001" },
			want:    []string{"forbidden-packages: function table: the packages cannot be told", "package-budget: function table"}},
		{name: "budgets kept", policy: `"package_budgets": {"net/http": 1600, "net/*": "1.76kB", "none": 1}`},
		{name: "budgets exceeded", policy: `"package_budgets": {"net/http": 1599, "net/*": 1759, "none": 1}`,
			want: []string{"package-budget: net/*: the code has 1760 bytes, 1 more than its budget of 1759; the largest is net/http with 1600",
				"package-budget: net/http: the code has 1600 bytes, 1 more than its budget of 1599"}},
		{name: "imports not forbidden", list: `{"ImportPath": "example.com/old/sub", "Imports": ["unsafe"]}`},
		{name: "imports not known", policy: `"forbidden": {"imports": ["unsafe"]}`, want: []string{"forbidden-imports: list of packages: no --packages was given"}},
		{name: "other imports forbidden", policy: `"forbidden": {"imports": ["unsaf", "plugin"]}`, list: `{"ImportPath": "example.com/old/sub", "Imports": ["unsafe"]}`},
		{name: "import forbidden", policy: `"forbidden": {"imports": ["unsafe"]}`, list: `{"ImportPath": "example.com/old/sub", "Imports": ["fmt", "unsafe"]} {"ImportPath": "fmt", "Standard": true, "Imports": ["unsafe"]}`,
			want: []string{`forbidden-imports: example.com/old/sub imports unsafe: the import of "unsafe" is forbidden`}},
		{name: "import allowed", policy: `"forbidden": {"imports": ["unsafe"]}, "allow": {"forbidden-imports": [{"subject": "example.com/old/* imports unsafe", "reason": "reviewed"}]}`,
			list: `{"ImportPath": "example.com/old/sub", "Imports": ["unsafe"]}`},
		{name: "list of another program", policy: `"forbidden": {"imports": ["unsafe"]}`, list: `{"ImportPath": "example.com/new"}`,
			want: []string{"forbidden-imports: example.com/old/sub: this package is in the program, but not in the list of packages"}},
		{name: "imports where names were taken out", policy: `"forbidden": {"imports": ["unsafe"]}`, list: `{"ImportPath": "example.com/old/sub"}`,
			program: func(p *gobintest.Program) { p.Funcs[2].Name = "0001" }, want: []string{"forbidden-imports: function table: the packages cannot be told"}},
		{name: "left-out files not known", policy: `"forbidden": {"cgo_left_out": ["*"]}`, want: []string{"cgo-left-out: list of files: no --cgo-left-out was given"}},
		{name: "string in the file", policy: `"forbidden": {"strings": ["jdoe", "initial!"]}`, want: []string{"no-forbidden-string: initial!: the file holds it at offset"}},
		{name: "sections listed", policy: `"sections": []`},
		{name: "section not listed", policy: `"sections": [".embed_*"]`,
			program: func(p *gobintest.Program) {
				for _, name := range []string{".embed_x", ".embedded"} {
					p.Sections = append(p.Sections, elftest.Section{Name: name, Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: []byte("x")})
				}
			}, want: []string{"allowed-sections: section .embedded: the policy does not list it"}},
		{name: "fixed vulnerability", osv: osv("stdlib", "0", "1.26.8", "")},
		{name: "later vulnerability", osv: osv("stdlib", "1.27.0-rc.1", "1.27.1", "")},
		{name: "vulnerability", osv: osv("stdlib", "1.26.0", "1.26.9", ""), want: []string{"no-known-vulnerability: GO-2026-0001: stdlib v1.26.8 has it (the module): it breaks"}},
		{name: "vulnerability of an absent package", osv: osv("stdlib", "0", "1.26.9", `{"path": "archive/zip"}`)},
		{name: "vulnerability of a package", osv: osv("stdlib", "0", "1.26.9", `{"path": "archive/zip"}, {"path": "net/http"}`), want: []string{"no-known-vulnerability: GO-2026-0001: stdlib v1.26.8 has it (package net/http)"}},
		{name: "vulnerability of an absent function", osv: osv("stdlib", "0", "1.26.9", `{"path": "net/http", "symbols": ["Client.Do"]}`)},
		{name: "vulnerability of a function", osv: osv("stdlib", "0", "1.26.9", `{"path": "net/http", "symbols": ["Client.Do", "Server.Serve"]}`), want: []string{"no-known-vulnerability: GO-2026-0001: stdlib v1.26.8 has it (net/http.Server.Serve)"}},
		{name: "vulnerability of a method with a name of the compiler's", osv: osv("stdlib", "0", "1.26.9", `{"path": "net/http", "symbols": ["T.func1"]}`),
			program: func(p *gobintest.Program) {
				p.Funcs = append(p.Funcs, gobintest.Func{Name: "net/http.(*T).func1", Code: make([]byte, 16)})
			},
			want: []string{"no-known-vulnerability: GO-2026-0001: stdlib v1.26.8 has it (net/http.T.func1)"}},
		{name: "dependency without version", osv: osv("example.com/a", "0", "1.1.0", ""),
			program: func(p *gobintest.Program) { p.ModInfo += "dep\texample.com/a\t(devel)\th1:x=\n" }, want: []string{`module-sums: example.com/a: its version`}},
		{name: "vulnerability of another machine", osv: osv("stdlib", "0", "1.26.9", `{"path": "net/http", "goarch": ["s390x"]}`)},
		{name: "vulnerability where names were taken out", osv: osv("stdlib", "0", "1.26.9", `{"path": "archive/zip"}`),
			program: func(p *gobintest.Program) { p.Funcs[2].Name = "0001" }, want: []string{"no-known-vulnerability: GO-2026-0001: stdlib v1.26.8 has it (perhaps package archive/zip"}},
		{name: "vulnerability of a module", osv: "[" + osv("example.com/other", "0", "9.0.0", "") + "," + osv("example.com/old", "1.0.0", "1.2.1", "") + "]",
			want: []string{"no-known-vulnerability: GO-2026-0001: example.com/old v1.2.0 has it"}},
		{name: "vulnerability of the main module", osv: osv("example.com/hello", "0", "1.1.0", `{"path": "example.com/hello", "symbols": ["main"]}`),
			program: func(p *gobintest.Program) { p.ModInfo = strings.Replace(p.ModInfo, "(devel)", "v1.0.0", 1) },
			want:    []string{"no-known-vulnerability: GO-2026-0001: example.com/hello v1.0.0 has it (example.com/hello.main)"}},
		{name: "vulnerability of the main module, fixed", osv: osv("example.com/hello", "0", "1.1.0", ""),
			program: func(p *gobintest.Program) { p.ModInfo = strings.Replace(p.ModInfo, "(devel)", "v1.1.0", 1) }},
		{name: "main module without version", osv: osv("example.com/hello", "0", "1.1.0", "")},
		{name: "withdrawn vulnerability", osv: strings.Replace(osv("stdlib", "0", "1.26.9", ""), `"id"`, `"withdrawn": "2026-01-01T00:00:00Z", "id"`, 1)},
		{name: "vulnerable toolchain", osv: osv("toolchain", "0", "1.26.9", "")},
		{name: "built without trimpath", program: func(p *gobintest.Program) { p.ModInfo = strings.Replace(p.ModInfo, "build\t-trimpath=true\n", "", 1) },
			want: []string{"trimpath: -trimpath: the build settings have no"}},
		{name: "no settings", program: func(p *gobintest.Program) { p.ModInfo = "path\texample.com/hello\n" }},
		{name: "no sum", program: func(p *gobintest.Program) { p.ModInfo += "dep\texample.com/a\tv1.0.0\t\n" }, want: []string{`module-sums: example.com/a: its sum is ""`}},
		{name: "no version", program: func(p *gobintest.Program) { p.ModInfo += "dep\texample.com/a\t(devel)\t\n" }, want: []string{`module-sums: example.com/a: its version is "(devel)"`}},
		{name: "replaced", program: func(p *gobintest.Program) {
			p.ModInfo += "dep\texample.com/a\tv1.0.0\t\n=>\texample.com/b\tv1.1.0\th1:x=\n"
		}, want: []string{"no-replaced-module: example.com/a: it is replaced by example.com/b v1.1.0"}},
		{name: "commit", program: func(p *gobintest.Program) {
			p.ModInfo += "build\tvcs=git\nbuild\tvcs.revision=abc\nbuild\tvcs.time=2026-01-01T00:00:00Z\nbuild\tvcs.modified=false\n"
		}},
		{name: "uncommitted", program: func(p *gobintest.Program) {
			p.ModInfo = strings.Replace(p.ModInfo, "(devel)", "v1.0.1-0.20260101000000-abcdefabcdef+dirty", 1) + "build\tvcs=git\nbuild\tvcs.modified=true\n"
		}, want: []string{"vcs-clean: vcs.modified: ", "vcs-clean: vcs.revision: ", "vcs-clean: example.com/hello: its version is v1.0.1"}},
		{name: "time of the build", program: func(p *gobintest.Program) {
			p.Sections = append(p.Sections, elftest.Section{Name: ".note.x", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: []byte("built 2026-11-22 10:05:00 2006-01-02T15:04:05 2026-99-22T10:05:00 12026-11-22T10:05:00 2026-11-22T10:05")})
		}, want: []string{"no-timestamp: 2026-11-22 10:05:00: the data holds this time"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			prog := withDebugServer()
			if c.program != nil {
				c.program(prog)
			}
			members := c.policy
			if members != "" {
				members = ", " + members
			}
			p, err := Parse([]byte(`{"schema": 1` + members + `}`))
			if err != nil {
				t.Fatal(err)
			}
			if c.osv != "" {
				if p.Vulnerabilities, err = ParseVulnerabilities([]byte(c.osv)); err != nil {
					t.Fatal(err)
				}
			}
			if c.list != "" {
				if p.Packages, err = ParsePackages([]byte(c.list + `{"ImportPath": "example.com/hello", "Name": "main"} {"ImportPath": "net/http"} {"ImportPath": "net/http/pprof"} {"ImportPath": "runtime"} {"ImportPath": "internal/runtime/syscall/linux"}`)); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, breachesOf(t, p, prog.Build().Data), c.want...)
		})
	}
}

func TestParsePackagesErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "no entry has the Name main"},
		{`{"ImportPath": "a"}`, "no entry has the Name main"},
		{"x", "invalid character"},
		{`{"ImportPath": "a", "Name": "main"`, "unexpected EOF"},
		{`{"Name": "x"}`, "an entry has no ImportPath"},
		{`{"ImportPath": "a", "Name": "main"} {"ImportPath": "b", "Name": "main"}`, "package main is listed twice"},
		{`{"ImportPath": "a", "Incomplete": true}`, "package a is marked as Incomplete"},
	} {
		if list, err := ParsePackages([]byte(c.text)); list != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, error %v, want %q in it", c.text, list, err, c.want)
		}
	}
}

func TestParseVulnerabilitiesErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "the list has no entry"},
		{"[]", "the list has no entry"},
		{"x", "invalid character"},
		{`"x"`, "the policy is a string, want an object"},
		{"{}", "entry 1 : it has no id"},
		{`{"id": "A", "affected": [{"package": {}}]}`, "entry 1 A: affected[].package.name is missing"},
		{`{"id": "A", "affected": [{"package": {"name": "x", "ecosystem": "npm"}}]}`, `ecosystem is "npm", want Go`},
		{`{"id": "A", "affected": [{"package": {"name": "x"}}]}`, "affected[].ranges is missing"},
		{`{"id": "A", "affected": [{"package": {"name": "x"}, "ranges": [{"type": "GIT", "events": [{}]}]}]}`, `type "GIT" and 1 events`},
		{`{"id": "A", "affected": [{"package": {"name": "x"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.x"}]}]}]}`, `the version "1.x"`},
	} {
		if v, err := ParseVulnerabilities([]byte(c.text)); v != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, error %v, want %q in it", c.text, v, err, c.want)
		}
	}
}

func TestFIPSRules(t *testing.T) {
	with := func(funcs, settings string) *gobintest.Program {
		p := gobintest.New(elf.EM_AARCH64)
		for _, name := range strings.Fields(funcs) {
			p.Funcs = append(p.Funcs, gobintest.Func{Name: name, Code: gobintest.Return[elf.EM_AARCH64]})
		}
		for _, s := range strings.Fields(settings) {
			p.ModInfo += "build\t" + s + "\n"
		}
		return p
	}
	const frozen = "crypto/internal/fips140/subtle.XORBytes crypto/internal/fips140/v1.0.0-c2097c7c/sha256.Sum"
	for _, c := range []struct {
		name     string
		program  *gobintest.Program
		settings string // of the policy
		want     []string
	}{
		{"latest", with("crypto/internal/fips140/sha256.Sum", "DefaultGODEBUG=fips140=on,x=1"), "", nil},
		{"frozen", with(frozen, "DefaultGODEBUG=x=1,fips140=only GOFIPS140=v1.0.0-c2097c7c"), `, "fips_module": "v1.0.0"`, nil},
		{"another version", with("crypto/internal/fips140/sha256.Sum", "DefaultGODEBUG=fips140=on"), `, "fips_module": "v1.0.0"`,
			[]string{"fips-module: latest: this version of the module is in the program, want v1.0.0"}},
		{"a longer version", with(strings.ReplaceAll(frozen, "v1.0.0-", "v1.0.01-"), "DefaultGODEBUG=fips140=on"), `, "fips_module": "v1.0.0"`,
			[]string{"fips-module: v1.0.01-c2097c7c: "}},
		{"settings that do not agree", with(frozen, "DefaultGODEBUG=fips140=on GOFIPS140=latest"), "",
			[]string{"fips-module: GOFIPS140: the build settings say GOFIPS140=latest, but the program holds v1.0.0-c2097c7c"}},
		{"no cryptography", with("crypto/internal/fips140deps.x", "DefaultGODEBUG=fips140=on"), "", []string{"fips-module: crypto/internal/fips140: no package"}},
		{"off", with(frozen, "DefaultGODEBUG=fips140=off"), "", []string{`fips-on: fips140: the program's default GODEBUG is "fips140=off"`}},
		{"off in the end", with(frozen, "DefaultGODEBUG=fips140=on,fips140=off"), "", []string{"fips-on: fips140: the program's default GODEBUG"}},
		{"on in the end", with(frozen, "DefaultGODEBUG=fips140=off,fips140=on"), "", nil},
		{"not recorded", with(frozen, ""), "", []string{"fips-on: fips140: neither a build setting"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse([]byte(`{"schema": 1, "profile": "fips"` + c.settings + `}`))
			if err != nil {
				t.Fatal(err)
			}
			m := c.program.Build()
			sumText(t, m)
			expect(t, breachesOf(t, p, m.Data), c.want...)
		})
	}
}

// sumText makes the FIPS 140 record sum the whole text.
func sumText(t testing.TB, m *elftest.Image) {
	t.Helper()
	text, record := le.Uint64(m.Data[m.Shdr(".text")+16:]), m.Off(".go.fipsinfo")
	m.Put64(record+56, text)
	m.Put64(record+64, text+uint64(m.Size(".text")))
	f := parse(t, m.Data)
	info, err := gobin.ReadFIPSInfo(f)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := info.Compute(f)
	if err != nil {
		t.Fatal(err)
	}
	copy(m.Data[record+16:], sum[:])
}

// packed returns a packed program, whose original is large enough to become smaller.
func packed(t testing.TB, machine elf.Machine, change func(p *gobintest.Program)) []byte {
	t.Helper()
	p := gobintest.New(machine)
	p.Sections = append(p.Sections, elftest.Section{Name: ".filler", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: make([]byte, 1<<14)})
	if change != nil {
		change(p)
	}
	data, err := pack.Pack(parse(t, p.Build().Data))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPacked(t *testing.T) {
	for _, machine := range elftest.Machines {
		t.Run(machine.String(), func(t *testing.T) {
			p := mustNew(t, "packed")
			expect(t, breachesOf(t, p, packed(t, machine, nil)))
			expect(t, breachesOf(t, p, packed(t, machine, func(p *gobintest.Program) { p.Files = append(p.Files, "/src/a.go") })),
				"no-host-path: unpacked: /src/a.go: ")
			expect(t, breachesOf(t, mustNew(t, "static"), packed(t, machine, nil))[:1], "no-libc-symbol: function table: it cannot be read")

			data := packed(t, machine, nil)
			at := func(section string) int { return int(parse(t, data).Section(section).Off) }
			// A rule that cannot unpack what it is about says so.
			expect(t, sealed(t, p, flip(data, at(".text")+40)), "packed-unpacker: e_entry: the code at the entry point", "packed-original: payload: the code at the entry point")
			expect(t, sealed(t, p, flip(data, at(".packed")+200)), "packed-original: payload: ")
			expect(t, breachesOf(t, p, flip(data, strings.Index(string(data), "example.com/hello"))), "packed-original: .go.buildinfo: it is not the original's")
			expect(t, sealed(t, p, gobintest.New(machine).Build().Data), "packed-unpacker: section .packed", "packed-original: payload: is not packed")
		})
	}
	// Rules about both are judged on both.
	p := mustNew(t, "packed")
	if err := p.SetGOARCH("arm64"); err != nil {
		t.Fatal(err)
	}
	expect(t, breachesOf(t, p, packed(t, elf.EM_X86_64, nil)), "machine: e_machine: the file is for amd64", "machine: unpacked: e_machine")
}

// sealed returns the breaches of a file that cannot be unpacked, without those that say so alone. There must be more than a
// dozen of the latter.
func sealed(t testing.TB, p *Policy, data []byte) []string {
	t.Helper()
	all := breachesOf(t, p, data)
	out := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return strings.Contains(s, ": payload: the program cannot be unpacked") })
	if len(all)-len(out) < 12 {
		t.Errorf("%d rules say that they cannot be judged, want more: %q", len(all)-len(out), all)
	}
	return out
}

// flip returns a copy of data with one bit of the byte at off changed.
func flip(data []byte, off int) []byte {
	data = slices.Clone(data)
	data[off] ^= 1
	return data
}
