package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// runLink is "golink link".
func runLink(args []string) error {
	var c cmdlink.Config
	fs := flag.NewFlagSet("golink link", flag.ContinueOnError)
	list := func(p *[]string, name, usage string) {
		fs.Func(name, usage+" (repeatable)", func(s string) error { *p = append(*p, s); return nil })
	}
	fs.StringVar(&c.Linker, "linker", "", "the Go SDK's link tool: `file`")
	fs.StringVar(&c.SDK, "sdk", "", "GOROOT of the Go SDK, for its GODEBUG settings: `directory`; default: the one that --linker is in")
	fs.StringVar(&c.PackageList, "package-list", "", "`file` with the import paths of the standard library, one a line")
	fs.StringVar(&c.Stdlib, "stdlib", "", "`directory` with linux_<arch>/<import path>.a")
	fs.Func("archive", "a package below main: `importpath, importmap, file and label`, with a tab between them (repeatable)", func(s string) error {
		a, err := cmdlink.ParseArchive(s)
		c.Archives = append(c.Archives, a)
		return err
	})
	fs.StringVar(&c.Main, "main", "", "archive `file` of package main")
	fs.StringVar(&c.MainLabel, "main-label", "", "`label` of the build target of package main, for messages")
	fs.StringVar(&c.MainPkgPath, "main-importmap", "", "package `path` that --x-def may use for package main")
	fs.Var(&c.GoLinker, cmdlink.GoLinkerFlag, cmdlink.GoLinkerUsage)
	fs.StringVar(&c.GOOS, "goos", "linux", "target operating system")
	cli.OneOf(fs, &c.GOARCH, "goarch", "target `architecture`: amd64, arm64 or riscv64", machine.GOARCHs()...)
	fs.StringVar(&c.GOARCHLevel, "goarch-level", "", "instruction set `level`: value of GOAMD64, GOARM64 or GORISCV64")
	fs.StringVar(&c.GOEXPERIMENT, "goexperiment", "", "GOEXPERIMENT of the packages")
	list(&c.XDefs, "x-def", "set a string variable: `importpath.name=value`, where {KEY} is a stamp; dropped when KEY has no stamp")
	list(&c.StampFiles, "stamp", "workspace status `file`; go version -m shows its STABLE_VCS, STABLE_VCS_REVISION, STABLE_VCS_TIME and STABLE_VCS_MODIFIED")
	list(&c.Sources, "main-source", "source `file` of package main, read for //go:debug lines")
	list(&c.CgoSources, "cgo-source", "`importmap=file`: a source of a package that may have files which import C")
	fs.StringVar(&c.LeftOutFile, "cgo-left-out", "", "also write to `file` (JSON) of which packages files were left out because they need cgo")
	list(&c.Tags, "tag", "build `constraint` that holds for the sources")
	list(&c.Godebug, "godebug", "`key=value` that GODEBUG starts with, over the //go:debug lines of the sources")
	fs.StringVar(&c.FIPS, "fips", "", "`version` of the FIPS 140-3 module that the standard library was compiled with, or latest: the program starts in FIPS 140-3 mode unless --godebug says otherwise")
	fs.StringVar(&c.ModInfo, "modinfo", "", "build information `text` (runtime/debug.BuildInfo.String), instead of deriving it")
	fs.StringVar(&c.BuildInfo.Path, "main-path", "", "import `path` of the main package, for go version -m")
	fs.StringVar(&c.BuildInfo.Main, "module", "", "main module, for go version -m: `path@version [sum]`")
	list(&c.BuildInfo.Deps, "dep-module", "another module, for go version -m: `path@version [sum]`")
	fs.StringVar(&c.MainPURL, "main-purl", "", "`file` of package metadata (JSON with a member purl) that names the main module")
	fs.Func("main-directory", "`directory` of package main in that module, for an import path that is not of it", func(s string) error {
		c.MainDirectory = &s
		return nil
	})
	list(&c.PackagePURLs, "package-purl", "package metadata that names the module of a package, for go version -m where the package is linked: `importmap=file`")
	list(&c.BuildInfo.Settings, "build-setting", "further `key=value`, for go version -m")
	fs.StringVar(&c.BuildMode, "buildmode", cmdlink.ModeExe, "exe or static-pie")
	fs.StringVar(&c.BuildID, "buildid", "", "Go build `id`; \"\" derives it from what is loaded, as the build-id note")
	fs.StringVar(&c.BuildIDNote, "build-id-note", "sha256", "GNU build-id note: sha256 (of what is loaded, so that debug information makes no difference), none, or 0x and hexadecimal `digits`")
	fs.BoolVar(&c.NoHugePages, "no-huge-pages", false, "for a static PIE that will be packed: do not use huge pages for what it relocates at start")
	list(&c.Sections, "section", "add a read-only section: `.name=file` or .name@address=file")
	list(&c.Notes, "note", "add an ELF note: `owner:type=file`")
	fs.StringVar(&c.PackageMetadata, "package-metadata", "", "add the package metadata note: `file` with a JSON object of strings")
	fs.StringVar(&c.Traceback, "traceback", "", "make the tables for tracebacks smaller, as elfstrip does: `tier` full, functions or external")
	fs.StringVar(&c.SymbolsFile, "symbols-file", "", "where to write what -traceback=external takes out: `file`")
	fs.StringVar(&c.Map, "map", "", "also write a link map to `file`")
	list(&c.Ldflags, "ldflag", "one more `argument` for the Go linker")
	fs.BoolVar(&c.StripSymbols, "s", false, "leave out symbol table and DWARF")
	fs.BoolVar(&c.StripDWARF, "w", false, "leave out DWARF")
	fs.BoolVar(&c.StripAll, "strip-all", false, "leave out DWARF and the symbol table, but for what govulncheck needs, as elfstrip --strip-all does")
	fs.Var(&c.UnverifiedGo, goabi.UnverifiedFlag, goabi.UnverifiedUsage)
	fs.StringVar(&c.SDKVerdict, sdkcheck.VerdictFlag, "", sdkcheck.VerdictUsage)
	fs.StringVar(&c.External.Path, "external-linker", "", "let this ELF linker, GNU ld or LLD, lay out the program: `file`")
	fs.StringVar(&c.External.Flavor, "external-flavor", "", "what the external linker must be: gnu or lld; \"\" takes either")
	fs.StringVar(&c.External.Script, "linker-script", "", "linker script for the external linker: `file`")
	list(&c.External.Flags, "external-flag", "one more `argument` for the external linker")
	fs.StringVar(&c.Out, "o", "", "output `file`")
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("golink link: unexpected argument %q", fs.Arg(0))
	}
	var errs []error
	for _, f := range []struct{ name, value string }{{"linker", c.Linker}, {"main", c.Main}, {"goarch", c.GOARCH}, {"o", c.Out}} {
		if f.value == "" {
			errs = append(errs, fmt.Errorf("golink link: flag -%s is missing", f.name))
		}
	}
	if (c.PackageList == "") != (c.Stdlib == "") {
		errs = append(errs, errors.New("golink link: -package-list and -stdlib go together"))
	}
	if x := c.External; x.Path == "" && (x.Flavor != "" || x.Script != "" || len(x.Flags) > 0) {
		errs = append(errs, errors.New("golink link: -external-flavor, -linker-script and -external-flag need -external-linker: golink itself takes none of them"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	c.KeepArchives = true
	var err error
	if c.ExtLD, err = os.Executable(); err != nil {
		return err
	}
	warnings, err := cmdlink.Link(c)
	fmt.Fprint(os.Stderr, warnings)
	return err
}
