package cmdlink

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/link/elflinker"
)

func TestResolveXDef(t *testing.T) {
	stamps := map[string]string{"STABLE_V": "1.2 {x}", "EMPTY": ""}
	for _, tt := range []struct {
		name, def, want string
		dropped         bool
		err             string
	}{
		{name: "plain", def: "a/b.Name=value", want: "a/b.Name=value"},
		{name: "value with equals and dots", def: "a/b.Name=x=y.z", want: "a/b.Name=x=y.z"},
		{name: "dotted import path", def: "example.com/p.Name=v", want: "example.com/p.Name=v"},
		{name: "main by its package path", def: "example.com/cmd.V=v", want: "main.V=v"},
		{name: "stamp, not expanded twice", def: "p.V=v{STABLE_V}!", want: "p.V=v1.2 {x}!"},
		{name: "empty stamp", def: "p.V=[{EMPTY}]", want: "p.V=[]"},
		{name: "unknown stamp", def: "p.V=v{NONE}", dropped: true},
		{name: "empty braces are no key", def: "p.V={}", want: "p.V={}"},
		{name: "no value", def: "p.V", err: "want importpath.name=value"},
		{name: "no dot", def: "pV=x", err: "want importpath.name=value"},
		{name: "no name", def: "p.=x", err: "want importpath.name=value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok, err := resolveXDef(tt.def, "example.com/cmd", stamps)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || ok == tt.dropped || (ok && got != tt.want) {
				t.Errorf("got %q, %v, %v; want %q, dropped %v", got, ok, err, tt.want, tt.dropped)
			}
		})
	}
}

func TestReadStamps(t *testing.T) {
	f := filepath.Join(t.TempDir(), "status.txt")
	if err := os.WriteFile(f, []byte("A 1 2\nB\nC x\r\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := readStamps([]string{f})
	if err != nil || m["A"] != "1 2" || m["B"] != "" || m["C"] != "x" || len(m) != 3 {
		t.Errorf("got %q, %v", m, err)
	}
	if _, err := readStamps([]string{f + ".none"}); err == nil {
		t.Error("a missing stamp file gave no error")
	}
}

func TestCheckLdflags(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []string
		want []string
		errs []string
	}{
		{name: "bool", in: []string{"-s", "--w", "-checklinkname=false"}, want: []string{"-s", "-w", "-checklinkname=false"}},
		{name: "value in two", in: []string{"-X", "a.b=c d"}, want: []string{"-X=a.b=c d"}},
		{name: "value in one", in: []string{"-X=a.b=c"}, want: []string{"-X=a.b=c"}},
		{name: "refused with its value", in: []string{"-linkmode", "external", "-s"}, errs: []string{"-linkmode: refused: golink decides it"}},
		{name: "several", in: []string{"-d", "-nosuch", "stray"}, errs: []string{"-d: refused", `"-nosuch": unknown`, `"stray": not a flag`}},
		{name: "value missing", in: []string{"-X"}, errs: []string{"its value is missing"}},
		{name: "dash", in: []string{"-"}, errs: []string{"not a flag"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := checkLdflags(tt.in)
			if len(tt.errs) == 0 {
				if err != nil || !slices.Equal(got, tt.want) {
					t.Errorf("got %q, %v; want %q", got, err, tt.want)
				}
				return
			}
			for _, e := range tt.errs {
				if err == nil || !strings.Contains(err.Error(), e) {
					t.Errorf("error %v, want %q", err, e)
				}
			}
		})
	}
}

func TestImportcfg(t *testing.T) {
	arc := func(s string) Archive {
		a, err := ParseArchive(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	got, err := importcfg([]string{"fmt", "os/user"}, "lib/linux_amd64", []Archive{arc("x.org/p\tv/x.org/p\tbin/p=.a\t@@r//p:p=q")}, "path\tx\n")
	if err != nil {
		t.Fatal(err)
	}
	want := "packagefile fmt=lib/linux_amd64/fmt.a\npackagefile os/user=lib/linux_amd64/os/user.a\npackagefile v/x.org/p=bin/p=.a\nmodinfo \"0w"
	if !strings.HasPrefix(string(got), want) {
		t.Errorf("got %q, want prefix %q", got, want)
	}
	_, err = importcfg([]string{"fmt"}, "lib", []Archive{arc("a\ta\t1.a\t//x:one"), arc("a\ta\t2.a\t//y:two"), arc("fmt\tfmt\tf.a\t//z:fmt")}, "")
	for _, e := range []string{"package a: two copies in one link, from //x:one and from //y:two", "package fmt: two copies in one link, from the standard library and from //z:fmt"} {
		if err == nil || !strings.Contains(err.Error(), e) {
			t.Errorf("error %v, want %q", err, e)
		}
	}
	if _, err := ParseArchive("a\tb\tc"); err == nil {
		t.Error("an archive of three fields gave no error")
	}
}

func TestModinfo(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return file
	}
	metadata := func(name, purl string) string { return write(name, `{"purl": "`+purl+`"}`) }
	main := metadata("main", "pkg:golang/example.com@v1.0.0")
	a := metadata("a", "pkg:golang/a.org/x@0.1.0")
	c := Config{
		GOOS: "linux", GOARCH: "arm64", GOARCHLevel: "v8.2", BuildMode: ModeStaticPIE, Tags: []string{"one", "two"},
		StampFiles: []string{write("status", "STABLE_VCS git\nSTABLE_VCS_REVISION 0123\nSTABLE_VCS_MODIFIED false\n")},
		BuildInfo: BuildInfo{
			Path:     "example.com/cmd",
			Deps:     []string{"b.org/y@v2.0.0 h1:zz="},
			Settings: []string{"DefaultGODEBUG=fips140=on"},
		},
		MainPURL: main,
		Archives: []Archive{
			{ImportPath: "a.org/x", PkgPath: "a.org/x"},
			{ImportPath: "a.org/x/sub", PkgPath: "vendored/a.org/x/sub"},
			{ImportPath: "example.com/lib", PkgPath: "example.com/lib"},
			{ImportPath: "c.org/z", PkgPath: "c.org/z"},
			{ImportPath: "d.org/w", PkgPath: "d.org/w"},
		},
		PackagePURLs: []string{
			"a.org/x=" + a,
			"vendored/a.org/x/sub=" + a,
			"example.com/lib=" + main,
			"c.org/z=" + metadata("not linked", "pkg:golang/c.org/z@v1.0.0"),
			"d.org/w=" + metadata("of something else", "pkg:golang/other.org@v1.0.0"),
		},
	}
	if err := c.addModules([]*loadedPackage{{path: "main"}, {path: "a.org/x"}, {path: "vendored/a.org/x/sub"}, {path: "example.com/lib"}, {path: "d.org/w"}}); err != nil {
		t.Fatal(err)
	}
	settings, err := c.settings("GOARM64=v8.0", "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.BuildInfo.encode(settings)
	if err != nil {
		t.Fatal(err)
	}
	bi, err := debug.ParseBuildInfo(text)
	if err != nil {
		t.Fatal(err)
	}
	if bi.Path != "example.com/cmd" || bi.Main.Version != "v1.0.0" || len(bi.Deps) != 2 || bi.Deps[0].Path != "a.org/x" || bi.Deps[1].Sum != "h1:zz=" {
		t.Errorf("got %+v", bi)
	}
	want := "-buildmode=pie -compiler=gc -tags=one,two -trimpath=true CGO_ENABLED=0 GOARCH=arm64 GOOS=linux GOARM64=v8.2 " +
		"vcs=git vcs.revision=0123 vcs.modified=false DefaultGODEBUG=fips140=on"
	var got []string
	for _, s := range bi.Settings {
		got = append(got, s.Key+"="+s.Value)
	}
	if strings.Join(got, " ") != want {
		t.Errorf("settings %q, want %q", got, want)
	}
	for directory, want := range map[string]string{"": "example.com", "cmd/tool": "example.com/cmd/tool"} {
		c := Config{BuildInfo: BuildInfo{Path: "made/up"}, MainPURL: main, MainDirectory: &directory}
		if err := c.addModules(nil); err != nil || c.BuildInfo.Path != want || c.BuildInfo.Main != "example.com@v1.0.0" {
			t.Errorf("in %q: %+v, %v, want path %s", directory, c.BuildInfo, err, want)
		}
	}
	if f := frameModinfo("x"); len(f) != 33 {
		t.Errorf("frame is %d bytes around 1, want 16 each side", len(f)-1)
	}
	for _, bad := range []BuildInfo{
		{Main: "nover"},
		{Deps: []string{"a@v1", "a@v2"}},
		{Deps: []string{"a@v1 h1:x\n"}},
		{Settings: []string{"novalue"}},
		{Path: "a\nb"},
	} {
		if got, err := bad.encode(nil); err == nil {
			t.Errorf("%+v: got %q, want an error", bad, got)
		}
	}
}

func TestParseObjectHeader(t *testing.T) {
	ar := arMagic + strings.Repeat(" ", arHeaderSize)
	for _, tt := range []struct {
		name, in string
		want     goobj.Header
		err      string
	}{
		{name: "good", in: ar + "go object linux arm64 go1.26.8 GOARM64=v8.0 X:a,b\nbuild id", want: goobj.Header{GOOS: "linux", GOARCH: "arm64", Version: "go1.26.8", Level: "GOARM64=v8.0"}},
		{name: "empty", in: "", err: "offset 0"},
		{name: "ELF", in: "\x7fELF" + strings.Repeat("x", 100), err: "want an archive"},
		{name: "only the magic", in: arMagic, err: "want an archive"},
		{name: "C object", in: ar + "\x7fELF\n", err: "not made by the Go compiler"},
		{name: "no end of line", in: ar + "go object linux arm64 go1.26.8", err: "not made by the Go compiler"},
		{name: "short", in: ar + "go object linux arm64\n", err: "want GOOS, GOARCH and version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseObjectHeader("x.a", []byte(tt.in))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

// A link that fails leaves neither an output nor a temporary directory.
func TestLinkLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "main.a")
	object := "go object linux amd64 go1.26.8\n!\n\x00go120ld" + strings.Repeat("\x00", 88)
	text := fmt.Sprintf("%s%-16s%32s%-10d`\n%s", arMagic, "_go_.o", "", len(object), object)
	if err := os.WriteFile(main, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	good := Config{Linker: filepath.Join(dir, "no-linker"), Main: main, GOOS: "linux", GOARCH: "amd64", BuildMode: ModeExe, Out: filepath.Join(dir, "out")}
	for _, tt := range []struct {
		name string
		edit func(*Config)
		err  string
	}{
		{"linker missing", func(*Config) {}, "no-linker"},
		{"other system", func(c *Config) { c.GOOS = "windows" }, "want linux/amd64"},
		{"other architecture", func(c *Config) { c.GOARCH = "386" }, "want linux/amd64"},
		{"archive of another architecture", func(c *Config) { c.GOARCH = "arm64" }, "compiled for linux/amd64, want linux/arm64"},
		{"experiment", func(c *Config) { c.GOEXPERIMENT = "x" }, "not verified"},
		{"build mode", func(c *Config) { c.BuildMode = "plugin" }, `build mode "plugin"`},
		{"stamp file", func(c *Config) { c.StampFiles = []string{"none"} }, "stamp file"},
		{"standard library", func(c *Config) { c.PackageList, c.Stdlib = "none", "nowhere" }, "nowhere/linux_amd64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.edit(&c)
			if _, err := Link(c); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if ls, _ := os.ReadDir(dir); len(ls) != 1 {
				t.Errorf("left behind: %v", ls)
			}
		})
	}
	verdict := filepath.Join(t.TempDir(), "verdict.json")
	withVerdict := good
	withVerdict.SDKVerdict = verdict
	for _, tt := range []struct{ release, formats, readers, traceback, err, experiment string }{
		{"go1.26.8", "differ", "agree", "",
			"what defines formats is not as in releases that were verified: runtime/symtab.go: type moduledata (changed)", ""},
		{"go1.26.8", "unknown", "unknown", "", "of a series that this release of the tools does not know", ""},
		{"go1.26.8", "agree", "differ", "functions", "what reads the function tables is not", ""},
		{"go1.26.8", "agree", "differ", "full", "no-linker", ""}, // what is wrong besides
		{"go1.26.8", "agree", "differ", "", "no-linker", ""},
		{"go1.26.9", "agree", "agree", "", `the verdict is on the SDK of "go1.26.9"`, ""},
		{"go1.26.8", "agree", "agree", "", "no-linker", "x"},
	} {
		text := fmt.Sprintf(`{"schema": 1, "go": %q, "series": "go1.26", "formats": {"status": %q, "compared": 1, "differences":
			[{"file": "runtime/symtab.go", "declaration": "type moduledata", "change": "changed"}]}, "readers": {"status": %q, "compared": 1}}`,
			tt.release, tt.formats, tt.readers)
		if err := os.WriteFile(verdict, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		c := withVerdict
		c.Traceback, c.GOEXPERIMENT = tt.traceback, tt.experiment
		if _, err := Link(c); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%v: error %v", tt, err)
		}
	}
	if err := os.WriteFile(main, []byte(strings.Replace(text, "go1.26.8", "go1.99.0", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Link(good); err == nil || !strings.Contains(err.Error(), `made by Go "go1.99.0": its formats are not known`) {
		t.Errorf("error %v for an unverified Go release", err)
	}
}

func TestHint(t *testing.T) {
	if got := hint("cannot find package runtime/cgo (using -importcfg)\n"); !strings.Contains(got, "CGO_ENABLED=0") {
		t.Errorf("cgo: hint %q", got)
	}
	if got := hint("main.main: relocation target x not defined"); !strings.Contains(got, "declared without a body") {
		t.Errorf("no code: hint %q", got)
	}
	if got := hint("x: another error"); got != "" {
		t.Errorf("another error: hint %q", got)
	}
}

// What the user asks of an external linker reaches golink as -extld.
func TestExternalFlags(t *testing.T) {
	c := Config{BuildMode: ModeExe, ExtLD: "golink"}
	if got := c.externalFlags(); got != nil {
		t.Errorf("without an external linker: %q", got)
	}
	c.External = elflinker.Linker{Path: "a b/ld", Flavor: elflinker.LLD, Script: "x.ld", Flags: []string{"-O1", "-z", "a=b"}}
	args, err := c.args("importcfg", "tmp", "")
	if err != nil {
		t.Fatal(err)
	}
	const want = "-extldflags=-Wl,--build-id=sha256 '-Wl,--external-linker=a b/ld' -Wl,--external-flavor=lld -Wl,--linker-script=x.ld" +
		" -Wl,--external-flag=-O1 -Wl,--external-flag=-z -Wl,--external-flag=a=b"
	if !slices.Contains(args, want) {
		t.Errorf("arguments %q, want %q among them", args, want)
	}
}
