package policy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/cgofiles"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

func TestMain(m *testing.M) { linktest.Main(m) }

// A pair is two programs that real tools made, of which one keeps a rule and one
// breaks it.
type pair struct {
	rule    string
	profile string
	set     func(p *Policy) // changes the policy; nil for nothing
	good    func(w workshop) string
	bad     func(w workshop) string
	with    []string // other rules that bad breaks
}

// ofBuildInfo are the rules that read nothing else than the build information, and apply without a setting.
var ofBuildInfo = []string{"trimpath", "module-sums", "no-replaced-module", "vcs-clean"}

// noGoRuntime switches the rules off that programs without the Go runtime break.
func noGoRuntime(p *Policy) {
	p.Overrides = map[string]Override{}
	for _, id := range append([]string{"go-build-info", "go-tables", "no-cgo", "no-foreign-code", "no-host-path"}, ofBuildInfo...) {
		p.Overrides[id] = Override{Severity: Off, Reason: "assembly"}
	}
}

// severity returns a change of the policy that adds a rule of another profile.
func severity(rule string) func(p *Policy) {
	return func(p *Policy) { p.Overrides = map[string]Override{rule: {Severity: Error}} }
}

var pairs = []pair{
	// Programs in assembly, by gcc and GNU ld.
	{rule: "sound-elf", profile: "static-asm", good: raw(), bad: func(w workshop) string {
		return w.objcopy(raw()(w), "--set-section-flags", ".comment=alloc,readonly")
	}},
	{rule: "type-exec", profile: "static-asm", good: raw(), bad: rawPIE(), with: []string{"no-dynamic"}},
	{rule: "type-dyn", profile: "static-pie", set: noGoRuntime, good: rawPIE(), bad: raw(), with: []string{"pie-dynamic"}},
	{rule: "entry-in-text", profile: "static-asm", good: raw("-Wl,-e,_start"), bad: raw("-Wl,-e,pointer")},
	{rule: "page-alignment", profile: "static-asm", good: raw("-Wl,-z,max-page-size=65536"), bad: raw("-Wl,-n"), with: []string{"no-wx-segment"}},
	{rule: "nx-stack", profile: "static-asm", good: raw("-Wl,-z,noexecstack"), bad: raw("-Wl,-z,execstack")},
	{rule: "no-wx-segment", profile: "static-asm", good: raw("-Wl,-z,noseparate-code"), bad: raw("jit.s")},
	{rule: "no-interpreter", profile: "static-pie", set: noGoRuntime, good: rawPIE("-pie", "-Wl,--no-dynamic-linker"), bad: rawPIE("-pie")},
	{rule: "no-dynamic", profile: "static-asm", good: raw("library.s"), bad: func(w workshop) string {
		return w.gcc("-no-pie", "-Wl,--no-dynamic-linker,--no-as-needed", "raw.s", w.gcc("-shared", "library.s"))
	}, with: []string{"no-needed"}},
	{rule: "pie-relocations", profile: "static-pie", set: noGoRuntime, good: rawPIE(), bad: rawPIE("indirect.s")},
	{rule: "self-relocation", profile: "static-pie", set: noGoRuntime, good: rawPIE(), bad: raw("-static-pie")},
	{rule: "no-text-relocations", profile: "static-pie", set: noGoRuntime, good: rawPIE("-Wl,-z,notext"), bad: rawPIE("-Wl,-z,notext", "table.s"),
		with: []string{"pie-relocations"}},
	{rule: "relro", profile: "static-pie", set: noGoRuntime, good: rawPIE("-Wl,-z,relro"), bad: rawPIE("-Wl,-z,norelro")},
	{rule: "no-needed", profile: "static-pie", set: noGoRuntime, good: rawPIE("-pie", "-Wl,--no-dynamic-linker", "library.s"), bad: func(w workshop) string {
		return rawPIE("-pie", "-Wl,--no-dynamic-linker,--no-as-needed", w.gcc("-shared", "library.s"))(w)
	}},
	{rule: "no-rpath", profile: "static-pie", set: noGoRuntime, good: rawPIE("-Wl,-E", "library.s"), bad: rawPIE("-Wl,-rpath,/opt/lib")},
	{rule: "no-symbol-versions", profile: "static-pie", set: noGoRuntime, good: rawPIE("-Wl,-E", "library.s"), bad: rawPIE("-Wl,-E,--version-script=versions.map", "library.s")},
	{rule: "allowed-sections", profile: "static-asm", set: func(p *Policy) { p.Sections = []string{".embed_*"} },
		good: func(w workshop) string { return w.objcopy(raw()(w), "--add-section", ".embed_cfg=raw.s") },
		bad:  func(w workshop) string { return w.objcopy(raw()(w), "--add-section", ".overlay=raw.s") }},

	// Programs with a C library.
	{rule: "no-libc-symbol", profile: "static-asm", good: raw(), bad: func(w workshop) string { return w.zoo.gcc("-static", "hello.c") },
		with: []string{"no-libc-string"}},
	{rule: "no-libc-string", profile: "static-asm", good: raw(), bad: func(w workshop) string { return w.zoo.gcc("-static", "-s", "hello.c") }},
	{rule: "no-cgo", profile: "static", good: hello(), bad: func(w workshop) string {
		return w.build("amd64", "./cgo", []string{"CGO_ENABLED=1"}, "-trimpath", "-ldflags=-s -w -linkmode=external -extldflags=-static")
	}, with: []string{"no-libc-string", "no-foreign-code"}},
	{rule: "no-foreign-code", profile: "static", good: hello(), bad: func(w workshop) string {
		w.gccTo(filepath.Join(w.dir, "object", "library_amd64.syso"), "-c", "library.s")
		return w.build("amd64", "./object", nil, "-trimpath")
	}},

	// Programs of the go command.
	{rule: "machine", profile: "static", set: func(p *Policy) { p.GOARCH = "arm64" },
		good: func(w workshop) string { return w.build("arm64", "./hello", nil, "-trimpath") }, bad: hello()},
	{rule: "pie-dynamic", profile: "static-pie", good: linked(cmdlink.ModeStaticPIE), bad: hello("-buildmode=pie", "-ldflags=-d"),
		with: []string{"self-relocation", "relro", "pie-relocations", "no-text-relocations"}},
	{rule: "go-build-info", profile: "static", good: hello(), bad: func(w workshop) string { return w.objcopy(hello()(w), "-R", ".go.buildinfo") },
		with: append([]string{"machine", "no-cgo", "go-tables", "no-host-path"}, ofBuildInfo...)},
	{rule: "go-tables", profile: "static", good: hello(), bad: func(w workshop) string { return w.objcopy(hello()(w), "-R", ".gopclntab") },
		with: []string{"no-libc-symbol", "no-cgo", "no-foreign-code", "no-host-path"}},
	{rule: "trimpath", profile: "static", good: hello(), bad: func(w workshop) string { return w.build("amd64", "./hello", nil) }, with: []string{"no-host-path"}},
	{rule: "no-host-path", profile: "static", good: hello(), bad: program("./line")},
	{rule: "no-host-path-string", profile: "static", good: stamped("/usr/share/zoo"), bad: stamped("/home/alice/src/zoo")},
	{rule: "no-forbidden-string", profile: "static", set: func(p *Policy) { p.Forbidden.Strings = []string{"alice"} }, good: stamped("bob"), bad: stamped("alice@example.com")},
	{rule: "no-timestamp", profile: "static", good: stamped("v1.2.3"), bad: stamped("2026-11-22T10:05:00Z")},
	{rule: "module-sums", profile: "static", good: module("require golang.org/x/mod VERSION"), bad: vendored},
	{rule: "no-replaced-module", profile: "static", good: module("require golang.org/x/mod VERSION"),
		bad: module("require golang.org/x/mod v0.1.0\nreplace golang.org/x/mod v0.1.0 => golang.org/x/mod VERSION")},
	{rule: "vcs-clean", profile: "static", good: committed(""), bad: committed("// changed\n")},
	{rule: "no-known-vulnerability", profile: "static", set: func(p *Policy) {
		list, err := ParseVulnerabilities([]byte(`{"id": "GO-2026-0001", "affected": [{"package": {"name": "stdlib", "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.20.0"}]}],
			"ecosystem_specific": {"imports": [{"path": "net/http", "symbols": ["Client.Do"]}]}}]}`))
		if err != nil {
			panic(err)
		}
		p.Vulnerabilities = list
	}, good: hello(), bad: program("./seed")},
	{rule: "forbidden-packages", profile: "static", set: func(p *Policy) { p.Forbidden.Packages = []string{"net/*"} }, good: hello(), bad: program("./seed")},
	{rule: "signature", profile: "static", good: signed, bad: func(w workshop) string { return w.objcopy(signed(w), "--remove-section", ".gosymtab") }},
	{rule: "size-budget", profile: "static", set: func(p *Policy) { p.SizeBudget = 4 << 20 }, good: hello("-ldflags=-s -w"), bad: program("./seed")},
	{rule: "package-budget", profile: "static", set: func(p *Policy) { p.PackageBudgets = map[string]uint64{"crypto/*": 100_000} }, good: hello(), bad: program("./seed")},
	{rule: "syscall-sites", profile: "nolibc", good: hello(), bad: program("./raw")},
	{rule: "syscalls-allowed", profile: "static", set: func(p *Policy) {
		text, err := os.ReadFile(exampleCalls)
		if err != nil {
			panic(err)
		}
		if p.Syscalls, err = syscalls.ParseAllowed(string(text)); err != nil {
			panic(err)
		}
	}, good: hello(), bad: program("./sync")},

	// FIPS 140.
	{rule: "fips-sum", profile: "static", good: hello(), bad: patched(hello(), func(t testing.TB, f *goelf.File) int {
		return int(f.Section(".go.fipsinfo").Off) + 20
	})},
	{rule: "fips-module", profile: "fips", set: func(p *Policy) { p.FIPSModule = "v1.0.0" }, good: fips("v1.0.0"), bad: fips("latest")},
	{rule: "fips-on", profile: "static", set: severity("fips-on"), good: fips("latest"), bad: fips("off")},

	// Programs of golink and elfstrip, and one that somebody changed afterwards.
	{rule: "packed-unpacker", profile: "packed", with: []string{"packed-original"}, good: packedProgram, bad: patched(packedProgram, func(t testing.TB, f *goelf.File) int {
		for _, p := range f.Progs {
			if p.Vaddr <= f.Header.Entry && f.Header.Entry-p.Vaddr < p.Filesz && elf.ProgType(p.Type) == elf.PT_LOAD {
				return int(p.Off + f.Header.Entry - p.Vaddr)
			}
		}
		t.Fatal("no code at the entry point")
		return 0
	})},
	{rule: "packed-original", profile: "packed", good: packedProgram, bad: patched(packedProgram, func(t testing.TB, f *goelf.File) int {
		s := f.Section(".packed")
		return int(s.Off + s.Size/2)
	})},
}

// notUnpacked returns the rules that a file breaks of the profile packed because nobody can unpack it.
func notUnpacked() []string {
	return slices.DeleteFunc(slices.Clone(profiles["packed"].IDs), func(id string) bool { return slices.Contains(outsideOnly, id) })
}

// TestPairs: of each pair one program keeps the rule and all others, and one breaks that rule
// and those that it is said to break as well.
func TestPairs(t *testing.T) {
	w := newWorkshop(t)
	for _, c := range pairs {
		t.Run(c.rule, func(t *testing.T) {
			w := workshop{zoo{t, w.dir}, w.shared}
			policy := mustNew(t, c.profile)
			if c.set != nil {
				c.set(policy)
			}
			good := w.verdict(policy, c.good(w))
			if status := good.status[c.rule]; status != Pass || len(good.broken) > 0 {
				t.Errorf("the program that keeps it: %s, and it breaks %q", status, good.broken)
			}
			bad := w.verdict(policy, c.bad(w))
			want := append([]string{c.rule}, c.with...)
			if c.profile == "packed" {
				want = append(want, notUnpacked()...)
			}
			if !equalSets(bad.broken, want) {
				t.Errorf("the program that breaks it breaks\n\t%q, want\n\t%q", bad.broken, want)
			}
		})
	}
}

// TestGoVersionPair: no older Go release is at hand to make a program that is too old.
func TestGoVersionPair(t *testing.T) {
	w := newWorkshop(t)
	for min, want := range map[string][]string{"1.26.0": nil, "1.99": {"go-version"}} {
		policy := mustNew(t, "static")
		if err := policy.SetGoVersionMin(min); err != nil {
			t.Fatal(err)
		}
		if got := w.verdict(policy, hello()(w)); !slices.Equal(got.broken, want) {
			t.Errorf("at least %s: it breaks %q, want %q", min, got.broken, want)
		}
	}
}

// TestModeOfVariable: in a file with symbols the variable says in which mode the program starts, whatever the build information says.
func TestModeOfVariable(t *testing.T) {
	w := newWorkshop(t)
	policy := mustNew(t, "static")
	severity("fips-on")(policy)
	changed := patched(fips("latest"), func(t testing.TB, f *goelf.File) int {
		d, err := elf.NewFile(bytes.NewReader(f.Data))
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := d.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(symbols, func(s elf.Symbol) bool { return s.Name == "runtime.godebugDefault" })
		if i < 0 {
			t.Fatal("the program has no such variable")
		}
		header, err := f.Bytes(symbols[i].Value, 16)
		if err != nil {
			t.Fatal(err)
		}
		text := le.Uint64(header)
		for _, p := range f.Progs {
			if elf.ProgType(p.Type) == elf.PT_LOAD && text >= p.Vaddr && text-p.Vaddr < p.Filesz {
				return int(p.Off + text - p.Vaddr)
			}
		}
		t.Fatal("its text is not in the file")
		return 0
	})
	if got := w.verdict(policy, changed(w)); !slices.Equal(got.broken, []string{"fips-on"}) {
		t.Errorf("it breaks %q, want fips-on alone", got.broken)
	}
}

// TestForbiddenImportsPair: each program comes with the list of its packages.
func TestForbiddenImportsPair(t *testing.T) {
	w := newWorkshop(t)
	for pkg, want := range map[string][]string{"./hello": nil, "./bits": {"forbidden-imports"}} {
		policy := mustNew(t, "static")
		policy.Forbidden.Imports = []string{"unsafe"}
		out := gotool.Output(w, w.dir, "amd64", "list", "-deps", "-json=ImportPath,Name,Standard,Imports", pkg, "std")
		var err error
		if policy.Packages, err = ParsePackages([]byte(out)); err != nil {
			t.Fatal(err)
		}
		if got := w.verdict(policy, program(pkg)(w)); got.status["forbidden-imports"] == NotApplicable || !slices.Equal(got.broken, want) {
			t.Errorf("%s: it breaks %q, want %q", pkg, got.broken, want)
		}
	}
}

// TestLeftOutPair: the build says what it left out of a program.
func TestLeftOutPair(t *testing.T) {
	w := newWorkshop(t)
	policy := mustNew(t, "static")
	policy.Forbidden.LeftOut = []string{"example.com/*"}
	for _, c := range []struct {
		list []cgofiles.LeftOut
		want []string
	}{
		{list: []cgofiles.LeftOut{}},
		{list: []cgofiles.LeftOut{{Package: "golang.org/x/sys/unix", Files: []string{"a.go"}}}},
		{list: []cgofiles.LeftOut{{Package: "example.com/sqlite", Files: []string{"a.go"}}}, want: []string{"cgo-left-out"}},
	} {
		policy.LeftOut = c.list
		if got := w.verdict(policy, hello()(w)); got.status["cgo-left-out"] == NotApplicable || !slices.Equal(got.broken, c.want) {
			t.Errorf("%+v: it breaks %q, want %q", c.list, got.broken, c.want)
		}
	}
}

// TestEveryRuleHasAPair: so that no rule is shown on made-up files only. Rules of
// linkcheck compare have theirs in package compare.
func TestEveryRuleHasAPair(t *testing.T) {
	have := map[string]bool{"go-version": true, "forbidden-imports": true, "cgo-left-out": true} // by tests of their own
	for _, c := range pairs {
		have[c.rule] = true
	}
	for _, r := range Rules() {
		if r.Command == "" && !have[r.ID] {
			t.Errorf("rule %s has no pair of real programs", r.ID)
		}
		delete(have, r.ID)
	}
	for id := range have {
		t.Errorf("there is a pair for %s, which is no rule", id)
	}
}

func equalSets(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// A verdict says which rules a program breaks, warnings included, and what came of each rule.
type verdict struct {
	broken []string
	status map[string]Status
}

func (w workshop) verdict(p *Policy, path string) verdict {
	w.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		w.Fatal(err)
	}
	defer f.Close()
	report := p.Check("test", f)
	v := verdict{status: map[string]Status{}}
	for _, r := range report.Rules {
		v.status[r.ID] = r.Status
	}
	for _, b := range report.Verdict("") {
		v.broken = append(v.broken, b.Rule)
	}
	return v
}

// A workshop makes the programs of pairs. Its sources are those of the zoo and of testdata/pairs.
type workshop struct {
	zoo
	shared map[string]string // paths of programs that several pairs use
}

var pairSources = map[string]string{
	"cgo/main.go":         "package main\n\n// int one(void) { return 1; }\nimport \"C\"\n\nfunc main() { println(C.one()) }\n",
	"object/main.go":      "package main\n\nfunc call()\n\nfunc main() { call() }\n",
	"object/call_amd64.s": "#include \"textflag.h\"\n\nTEXT ·call(SB), NOSPLIT, $0\n\tJMP function(SB)\n",
	"bits/main.go":        "package main\n\nimport \"unsafe\"\n\nfunc main() {\n\tx := 1.0\n\tprintln(*(*uint64)(unsafe.Pointer(&x)))\n}\n",
	"line/main.go":        "package main\n\n//line /build/zoo/generated.y:7\nfunc main() { println() }\n",
	"stamp/main.go":       "package main\n\nvar stamp string\n\nfunc main() { println(stamp) }\n",
	"sync/main.go":        "package main\n\nimport (\n\t\"fmt\"\n\t\"syscall\"\n)\n\nfunc main() {\n\tsyscall.Sync()\n\tfmt.Println(\"hello\")\n}\n",
	"fips/main.go":        "package main\n\nimport (\n\t\"crypto/sha256\"\n\t\"fmt\"\n)\n\nfunc main() { fmt.Println(sha256.Sum256(nil)) }\n",
}

func newWorkshop(t testing.TB) workshop {
	w := workshop{newZoo(t), map[string]string{}}
	for name, text := range pairSources {
		w.write(filepath.Join(w.dir, name), text)
	}
	if err := os.CopyFS(filepath.Join(w.dir, "asm"), os.DirFS("testdata/pairs")); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"gcc", "objcopy", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("not checked: this test needs %s (Debian: build-essential, binutils, git)", tool)
		}
	}
	return w
}

func (w workshop) write(path, text string) {
	w.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		w.Fatal(err)
	}
}

// command runs a tool in a directory of the workshop.
func (w workshop) command(dir, tool string, args ...string) {
	w.Helper()
	cmd := exec.Command(tool, args...)
	cmd.Dir = filepath.Join(w.dir, dir)
	if msg, err := cmd.CombinedOutput(); err != nil {
		w.Fatalf("%v: %v\n%s", cmd, err, msg)
	}
}

// gccTo links or assembles sources of testdata/pairs without a C library.
func (w workshop) gccTo(out string, args ...string) string {
	w.Helper()
	w.command("asm", "gcc", append([]string{"-nostdlib", "-o", out}, args...)...)
	return out
}

func (w workshop) gcc(args ...string) string {
	w.Helper()
	return w.gccTo(filepath.Join(w.TempDir(), "program"), args...)
}

// objcopy returns a changed copy of the program.
func (w workshop) objcopy(program string, args ...string) string {
	w.Helper()
	out := filepath.Join(w.TempDir(), "copy")
	w.command("asm", "objcopy", append(args, program, out)...)
	return out
}

// once returns the program that make returned for the same name before.
func (w workshop) once(name string, make func() string) string {
	if w.shared[name] == "" {
		path := filepath.Join(w.dir, "shared"+strings.Map(func(r rune) rune {
			if strings.ContainsRune("/ =", r) {
				return '_'
			}
			return r
		}, name))
		if err := os.Rename(make(), path); err != nil {
			w.Fatal(err)
		}
		w.shared[name] = path
	}
	return w.shared[name]
}

// raw makes a program at fixed addresses from raw.s, with these arguments for gcc;
// rawPIE one that relocates itself.
func raw(args ...string) func(w workshop) string {
	return func(w workshop) string { return w.gcc(append([]string{"-static", "raw.s"}, args...)...) }
}

func rawPIE(args ...string) func(w workshop) string {
	return func(w workshop) string {
		return w.gcc(append([]string{"-static-pie", "-Wa,--defsym,PIC=1", "raw.s"}, args...)...)
	}
}

// program is what go build makes of a package; hello is that of ./hello.
func program(pkg string, args ...string) func(w workshop) string {
	return func(w workshop) string {
		return w.once(pkg+strings.Join(args, " "), func() string { return w.build("amd64", pkg, nil, append([]string{"-trimpath"}, args...)...) })
	}
}

func hello(args ...string) func(w workshop) string { return program("./hello", args...) }

// stamped is a program with that text in a variable.
func stamped(text string) func(w workshop) string {
	return program("./stamp", "-ldflags=-X=main.stamp="+text)
}

// fips is a program with that version of the FIPS 140 module.
func fips(version string) func(w workshop) string {
	return func(w workshop) string {
		return w.once("fips"+version, func() string { return w.build("amd64", "./fips", []string{"GOFIPS140=" + version}, "-trimpath") })
	}
}

// linked is ./hello, linked by golink.
func linked(mode string) func(w workshop) string {
	return func(w workshop) string {
		return w.once("golink"+mode, func() string {
			out := filepath.Join(w.TempDir(), mode)
			linktest.Compile(w, "amd64", filepath.Join(w.dir, "hello"), true).Link(w, mode, out)
			return out
		})
	}
}

// signed is ./hello with a signature.
func signed(w workshop) string {
	return w.once("signed", func() string {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			w.Fatal(err)
		}
		f, err := goelf.Open(hello()(w))
		if err != nil {
			w.Fatal(err)
		}
		defer f.Close()
		p, err := elfsign.Read(f)
		if err != nil {
			w.Fatal(err)
		}
		key := elfsign.Key{Public: private.Public(), Sign: func(_ string, input []byte) ([]byte, error) {
			return ed25519.Sign(private, input), nil
		}}
		s, err := key.Signature(p.Content, nil, time.Time{})
		if err == nil {
			err = p.Add(s)
		}
		if err != nil {
			w.Fatal(err)
		}
		out := filepath.Join(w.TempDir(), "signed")
		w.write(out, string(p.Bytes()))
		return out
	})
}

// packedProgram is ./hello as a static PIE, packed.
func packedProgram(w workshop) string {
	return w.once("packed", func() string {
		f, err := goelf.Open(linked(cmdlink.ModeStaticPIE)(w))
		if err != nil {
			w.Fatal(err)
		}
		defer f.Close()
		data, err := pack.Pack(f)
		if err != nil {
			w.Fatal(err)
		}
		out := filepath.Join(w.TempDir(), "packed")
		w.write(out, string(data))
		return out
	})
}

// patched is a program with another byte at the offset that at returns.
func patched(program func(w workshop) string, at func(t testing.TB, f *goelf.File) int) func(w workshop) string {
	return func(w workshop) string {
		f, err := goelf.Open(program(w))
		if err != nil {
			w.Fatal(err)
		}
		defer f.Close()
		data := slices.Clone(f.Data)
		data[at(w, f)] ^= 0x40
		out := filepath.Join(w.TempDir(), "patched")
		w.write(out, string(data))
		return out
	}
}

const usesModule = "package main\n\nimport \"golang.org/x/mod/semver\"\n\nfunc main() { println(semver.IsValid(\"v1\")) }\n"

// module is a program of a module with these lines in go.mod; VERSION stands for the version of golang.org/x/mod that
// this module requires, so that nothing is downloaded.
func module(lines string) func(w workshop) string {
	return func(w workshop) string {
		version := gotool.Output(w, "", "amd64", "list", "-m", "-f", "{{.Version}}", "golang.org/x/mod")
		sums, err := os.ReadFile("../../go.sum")
		if err != nil {
			w.Fatal(err)
		}
		dir := w.TempDir()
		w.write(filepath.Join(dir, "go.mod"), "module example.com/module\n\ngo 1.26\n\n"+strings.ReplaceAll(lines, "VERSION", version)+"\n")
		w.write(filepath.Join(dir, "go.sum"), string(sums))
		w.write(filepath.Join(dir, "main.go"), usesModule)
		return zoo{w.TB, dir}.build("amd64", ".", []string{"GOFLAGS=-mod=mod"}, "-trimpath")
	}
}

// vendored is a program with a copied dependency and no sums.
func vendored(w workshop) string {
	dir := w.TempDir()
	w.write(filepath.Join(dir, "go.mod"), "module example.com/module\n\ngo 1.26\n\nrequire golang.org/x/mod v0.1.0\n")
	w.write(filepath.Join(dir, "main.go"), usesModule)
	w.write(filepath.Join(dir, "vendor/modules.txt"), "# golang.org/x/mod v0.1.0\n## explicit; go 1.26\ngolang.org/x/mod/semver\n")
	w.write(filepath.Join(dir, "vendor/golang.org/x/mod/semver/semver.go"), "package semver\n\nfunc IsValid(v string) bool { return v != \"\" }\n")
	return zoo{w.TB, dir}.build("amd64", ".", nil, "-trimpath")
}

// committed is a program built from a commit, and what is in changed after it.
func committed(changed string) func(w workshop) string {
	return func(w workshop) string {
		dir := w.TempDir()
		source := "package main\n\nfunc main() {}\n"
		w.write(filepath.Join(dir, "go.mod"), "module example.com/module\n\ngo 1.26\n")
		w.write(filepath.Join(dir, "main.go"), source)
		git := workshop{zoo{w.TB, dir}, nil}
		git.command("", "git", "init", "-q")
		git.command("", "git", "add", ".")
		git.command("", "git", "-c", "user.name=zoo", "-c", "user.email=zoo@example.com", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "one")
		w.write(filepath.Join(dir, "main.go"), source+changed)
		return git.build("amd64", ".", nil, "-trimpath", "-buildvcs=true")
	}
}

// exampleCalls is the list of a program that does not ask the kernel for more than ./hello does.
const exampleCalls = "../../examples/rawsys/syscalls.txt"
