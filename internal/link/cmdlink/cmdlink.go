// Package cmdlink runs the linker of a Go SDK (cmd/link) on compiled packages,
// with golink as its external linker, in a directory and with an environment of
// its own, so that equal inputs give equal bytes. It refuses Go versions that
// were not verified, packages of another platform, two copies of one package, and
// linker options that would break the output.
package cmdlink

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cgofiles"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/golink"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/link/elflinker"
	"github.com/go3s/rules_go3s/internal/machine"
)

// Build modes of Config.BuildMode.
const (
	ModeExe       = "exe"        // fixed address
	ModeStaticPIE = "static-pie" // relocates itself; packages must be compiled with -shared
)

// goModes maps our build modes to cmd/link's.
var goModes = map[string]string{ModeExe: "exe", ModeStaticPIE: "pie"}

// GoMode returns what cmd/link and build information call a build mode.
func GoMode(mode string) string { return goModes[mode] }

// A Config says what to link. Paths may be relative to the working directory.
type Config struct {
	Linker      string // the SDK's link tool
	SDK         string // GOROOT of the SDK, for its tables of GODEBUG settings; "" for the one that Linker is in
	ExtLD       string // golink itself, in case that it must be started as the external linker
	PackageList string // file that lists the import paths of the standard library; "" for none
	Stdlib      string // directory that holds GOOS_GOARCH/<import path>.a; "" when PackageList is
	Archives    []Archive
	Main        string // archive of package main
	MainLabel   string // its build target, for messages; "" takes the import path
	MainPkgPath string // package path that x-defs may use for package main besides "main"

	// GOROOT is recorded as the place of the Go SDK; "" records "GOROOT": the true place
	// would differ from machine to machine.
	GOROOT       string
	GOOS, GOARCH string
	GOARCHLevel  string // value of GOAMD64, GOARM64 or GORISCV64; "" for the default
	GOEXPERIMENT string
	FIPS         string   // version of the FIPS 140-3 module, as GOFIPS140 names it; "" for no FIPS 140-3 mode
	GoLinker     GoLinker // what loads packages and lays out go.o; "" is Auto
	KeepArchives bool     // leave archives mapped into memory: the process ends with the link
	archives     *golink.Archives

	XDefs      []string // "importpath.name=value" with {KEY} placeholders
	StampFiles []string // Bazel workspace status files
	Sources    []string // source files of package main, read for //go:debug lines
	CgoSources []string // "importmap=file": sources, for any system, of packages that may have files which import C
	Tags       []string // build constraints that hold, besides those of the platform
	Godebug    []string // "key=value" settings over those of the sources
	ModInfo    string   // build information text that replaces BuildInfo; "" derives it
	BuildInfo  BuildInfo
	// MainPURL is the file of package metadata (readPackageMetadata) that names the main module where BuildInfo.Main does not.
	// A BuildInfo.Path outside of that module, which a build system made up, becomes that of MainDirectory in it, unless that is nil.
	MainPURL      string
	MainDirectory *string
	// PackagePURLs are "importmap=file", file of package metadata: the modules of packages that are linked are added
	// to BuildInfo.Deps.
	PackagePURLs []string

	BuildMode       string   // ModeExe or ModeStaticPIE
	BuildID         string   // Go build id; "" derives it from what is loaded
	BuildIDNote     string   // GNU build-id note: "sha256" of what is loaded, "none", or "0x" and hexadecimal digits
	Sections        []string // "name=file" or "name@address=file"
	Notes           []string // "owner:type=file"
	PackageMetadata string   // file; "" for none
	NoHugePages     bool     // the program will be packed: link.Options.NoHugePages
	Traceback       string   // name of a pcln.Tier: make the tables for tracebacks smaller; "" leaves them alone
	SymbolsFile     string   // where the tier External puts what it takes out; "" in others
	Ldflags         []string
	StripSymbols    bool // no symbol table and no DWARF
	StripDWARF      bool
	StripAll        bool // as elfstrip --strip-all: no DWARF, and of the symbol table what govulncheck needs
	UnverifiedGo    goabi.Unverified
	SDKVerdict      string           // verdict of linkcheck sdkcheck on the SDK, a file; "" for none
	External        elflinker.Linker // does the last step in golink's place unless its Path is ""
	LeftOutFile     string           // where to write what was left out for want of cgo (package cgofiles); "" for nowhere
	Map             string           // link map to write, of the linker that does the last step; "" for none
	Out             string
}

// Link links the program and writes it to c.Out, whole or not at all. Warnings
// of cmd/link go to the returned string, its errors into the error.
func Link(c Config) (warnings string, err error) {
	if c.GOOS != "linux" || machine.Of(c.GOARCH) == nil {
		return "", fmt.Errorf("platform %s/%s: want linux/amd64, linux/arm64 or linux/riscv64", c.GOOS, c.GOARCH)
	}
	if goModes[c.BuildMode] == "" {
		return "", fmt.Errorf("build mode %q: want %s or %s", c.BuildMode, ModeExe, ModeStaticPIE)
	}
	if err := elflinker.CheckFlags(c.External.Flags); err != nil {
		return "", err
	}
	object, err := c.checkMain()
	if err != nil {
		return "", err
	}
	if err := c.readLdflags(); err != nil {
		return "", err
	}
	c.StripDWARF = c.StripDWARF || c.StripAll

	if err := c.checkInputs(); err != nil {
		return "", err
	}

	c.archives = &golink.Archives{}
	if !c.KeepArchives {
		defer c.archives.Close()
	}
	var packages []*loadedPackage
	if err := goelf.Guard(func() (err error) {
		packages, err = c.loaded()
		return err
	}); err != nil {
		return "", err
	}
	if err := checkDynamicImports(packages); err != nil {
		return "", err
	}
	leftOut, err := c.leftOut(packages)
	if err != nil {
		return "", err
	}
	if err := c.addModules(packages); err != nil {
		return "", err
	}

	dir := filepath.Dir(c.Out)
	if atomicfile.IsSpecial(c.Out) {
		dir = os.TempDir()
	}
	tmp, err := os.MkdirTemp(dir, ".golink*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()

	godebugs, err := c.godebugDefault(object.series.Name)
	if err != nil {
		return "", err
	}
	s := step{Config: &c, object: object, tmp: tmp}
	if s.importcfg, err = c.importcfg(object.Level, godebugs); err != nil {
		return "", err
	}
	if s.args, err = c.args(s.importcfgFile(), tmp, godebugs); err != nil {
		return "", err
	}
	out := filepath.Join(tmp, "linked")
	if warnings, err = s.link(out); err != nil {
		return "", err
	}
	return object.warning + warnings, c.publish(tmp, out, leftOut)
}

// publish puts what was made in tmp, the program out among it, and the list of what was left out where c wants them,
// all or nothing.
func (c *Config) publish(tmp, out string, leftOut []cgofiles.LeftOut) error {
	var outputs atomicfile.Batch
	defer outputs.Close()
	for _, f := range []struct{ from, to string }{{mapName, c.Map}, {symbolsName, c.SymbolsFile}} {
		if f.to == "" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(tmp, f.from))
		if err != nil {
			return fmt.Errorf("%s ended without an output: %w", c.Linker, err)
		}
		if err := outputs.Write(f.to, 0o644, data); err != nil {
			return err
		}
	}
	if c.LeftOutFile != "" {
		if err := outputs.Write(c.LeftOutFile, 0o644, cgofiles.EncodeReport(leftOut)); err != nil {
			return err
		}
	}
	if _, err := os.Stat(out); err != nil {
		return fmt.Errorf("%s ended without an output: %w", c.Linker, err)
	}
	if err := outputs.Move(c.Out, out); err != nil {
		return err
	}
	return outputs.Commit()
}

// checkInputs refuses scripts and contents that are no regular files, before the link: external linkers would wait for a named pipe.
// Archives are checked by loaded.
func (c *Config) checkInputs() error {
	type input struct{ what, file string }
	var inputs []input
	for _, spec := range c.Sections {
		s, file, err := link.ParseSection(spec)
		if err != nil {
			return err
		}
		inputs = append(inputs, input{"section " + s.Name, file})
	}
	for _, spec := range c.Notes {
		n, file, err := link.ParseNote(spec)
		if err != nil {
			return err
		}
		inputs = append(inputs, input{"note " + n.Owner, file})
	}
	inputs = append(inputs, input{"package metadata", c.PackageMetadata}, input{"linker script", c.External.Script})
	for _, i := range inputs {
		if i.file == "" {
			continue
		}
		if err := inputfile.Check(i.file); err != nil {
			return fmt.Errorf("%s: %w", i.what, err)
		}
	}
	return nil
}

// Names in the temporary directory.
const (
	outName     = "a.out" // what cmd/link's external linker is to write
	mapName     = "map"
	symbolsName = "symbols"
	objectName  = "go.o" // cmd/link decides it
)

// A mainObject is what the object of package main says of itself.
type mainObject struct {
	goobj.Header
	series     *goabi.Series
	unverified bool   // no release of a known series whose sources are as they should be
	warning    string // about a Go release that was not verified; "" for none
}

// checkMain checks that the main archive was compiled for the wanted platform by
// a Go release of a known series. cmd/link itself checks that the packages below agree.
func (c *Config) checkMain() (mainObject, error) {
	h, err := ReadObjectHeader(c.Main)
	if err != nil {
		return mainObject{}, err
	}
	if h.GOOS != c.GOOS || h.GOARCH != c.GOARCH {
		return mainObject{}, fmt.Errorf("%s: compiled for %s/%s, want %s/%s", c.Main, h.GOOS, h.GOARCH, c.GOOS, c.GOARCH)
	}
	object := mainObject{Header: h}
	if object.warning, err = c.checkSDK(h.Version); err != nil {
		return mainObject{}, err
	}
	_, _, refused := goabi.Linked(h.Version, goabi.Refuse)
	if c.GOEXPERIMENT != "" && refused == nil {
		refused = fmt.Errorf("GOEXPERIMENT=%s: not verified: build without it, or give the verdict of linkcheck sdkcheck, or --%s=warn and test the result", c.GOEXPERIMENT, goabi.UnverifiedFlag)
	}
	object.unverified = refused != nil || object.warning != ""
	// What is no release, or was built with a GOEXPERIMENT, counts as verified by its sources.
	proven := c.SDKVerdict != "" && object.warning == ""
	switch {
	case refused == nil:
	case proven:
		c.UnverifiedGo = goabi.Warn
	case c.UnverifiedGo == goabi.Warn:
		object.warning += fmt.Sprintf("%s: %v\n", c.Main, refused)
	default:
		return mainObject{}, fmt.Errorf("%s: %w", c.Main, refused)
	}
	if object.series, _, err = goabi.Linked(h.Version, c.UnverifiedGo); err != nil {
		return mainObject{}, fmt.Errorf("%s: %w", c.Main, err)
	}
	return object, nil
}

// importcfg returns cmd/link's import configuration.
func (c *Config) importcfg(level, godebugs string) ([]byte, error) {
	var std []string
	var stdDir string
	if c.PackageList != "" {
		stdDir = filepath.Join(c.Stdlib, c.GOOS+"_"+c.GOARCH)
		if _, err := os.Stat(filepath.Join(stdDir, "runtime.a")); err != nil {
			return nil, fmt.Errorf("standard library: %w: want archives compiled for %s/%s", err, c.GOOS, c.GOARCH)
		}
		var err error
		if std, err = readPackageList(c.PackageList); err != nil {
			return nil, err
		}
		if err := c.checkFIPS(std, stdDir); err != nil {
			return nil, err
		}
	}
	modinfo := c.ModInfo
	if modinfo == "" {
		settings, err := c.settings(level, godebugs)
		if err != nil {
			return nil, err
		}
		if modinfo, err = c.BuildInfo.encode(settings); err != nil {
			return nil, err
		}
	}
	return importcfg(std, stdDir, c.Archives, modinfo)
}

// args returns cmd/link's arguments.
func (c *Config) args(importcfg, tmp, godebugs string) ([]string, error) {
	var quoted []string
	for _, f := range append([]string{c.ExtLD}, c.extldflags(tmp)...) {
		q, err := QuoteWord(f)
		if err != nil {
			return nil, err
		}
		quoted = append(quoted, q)
	}
	args := []string{
		"-importcfg", importcfg,
		"-tmpdir", tmp,
		"-buildid", c.goBuildID(),
		"-linkmode=external",
		"-buildmode=" + goModes[c.BuildMode],
		"-extld=" + quoted[0],
		"-extldflags=" + strings.Join(quoted[1:], " "),
	}
	if c.StripSymbols {
		args = append(args, "-s")
	}
	if c.StripDWARF {
		args = append(args, "-w")
	}
	if c.StripSymbols || c.StripDWARF {
		args = append(args, "-compressdwarf=false") // there is none: spare cmd/link a trial of golink
	}
	stamps, err := readStamps(c.StampFiles)
	if err != nil {
		return nil, err
	}
	for _, def := range c.XDefs {
		arg, ok, err := resolveXDef(def, c.MainPkgPath, stamps)
		if err != nil {
			return nil, err
		}
		if ok {
			args = append(args, "-X="+arg)
		}
	}
	if godebugs != "" {
		args = append(args, "-X="+godebugVariable+"="+godebugs)
	}
	return slices.Concat(args, c.Ldflags, []string{"-o", filepath.Join(tmp, outName), c.Main}), nil
}

func (c *Config) goBuildID() string { return cmp.Or(c.BuildID, link.GoBuildIDPlaceholder) }

// noGOROOT is recorded as the place of the Go SDK where Config.GOROOT is "".
const noGOROOT = "GOROOT"

// QuoteWord quotes s for a flag that cmd/link or cmd/go splits at spaces.
func QuoteWord(s string) (string, error) {
	switch {
	case s != "" && !strings.ContainsAny(s, " \t\r\n'\""):
		return s, nil
	case !strings.Contains(s, "'"):
		return "'" + s + "'", nil
	case !strings.Contains(s, `"`):
		return `"` + s + `"`, nil
	}
	return "", fmt.Errorf("argument %s: holds both kinds of quotes, which the Go linker cannot take", s)
}

// noGC makes cmd/link collect no garbage while memory suffices. Most of its memory is in
// use up to its end: 2 % more at most for a tenth less CPU time.
var noGC = []string{"GOGC=off", "GOMEMLIMIT=4GiB"}

// byCmdLink runs cmd/link, in an environment that holds only what it must read, with golink as its external linker. The program goes to
// the file out of s.tmp.
func (s *step) byCmdLink(out string) (warnings string, err error) {
	c := s.Config
	if err := os.WriteFile(s.importcfgFile(), s.importcfg, 0o666); err != nil {
		return "", err
	}
	args, err := boundArgs(s.args, s.tmp, s.object.series.ResponseFiles)
	if err != nil {
		return "", err
	}
	// exec looks up a name without a slash in PATH; we mean the file.
	tool := c.Linker
	if !strings.ContainsRune(tool, filepath.Separator) {
		tool = "." + string(filepath.Separator) + tool
	}
	cmd := exec.Command(tool, args...)
	cmd.Env = []string{
		"GOROOT=" + cmp.Or(c.GOROOT, noGOROOT),
		"GOOS=" + c.GOOS,
		"GOARCH=" + c.GOARCH,
		"GOEXPERIMENT=" + c.GOEXPERIMENT,
		"LC_ALL=C",
	}
	cmd.Env = append(cmd.Env, noGC...)
	if c.GOARCHLevel != "" {
		cmd.Env = append(cmd.Env, machine.Of(c.GOARCH).Level+"="+c.GOARCHLevel)
	}
	var output, kept bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	err = cmd.Run()
	for line := range bytes.Lines(output.Bytes()) {
		if !slices.Contains(harmless, string(bytes.TrimSpace(line))) {
			kept.Write(line)
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s on %s: %w\n%s%s", tool, cmp.Or(c.BuildInfo.Path, c.Main), err, bytes.TrimSpace(kept.Bytes()), hint(kept.String()))
	}
	if err := os.Rename(filepath.Join(s.tmp, outName), out); err != nil {
		return "", fmt.Errorf("%s ended without an output: %w", c.Linker, err)
	}
	return kept.String(), nil
}
