package cmdlink

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/golink"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/link/extld"
)

// A GoLinker says what loads the packages and lays out go.o, from which golink makes the program.
type GoLinker string

// Values of Config.GoLinker.
const (
	Auto    GoLinker = "auto"    // Own where it can, else CmdLink, with a warning that says why; "" means it, too
	Own     GoLinker = "own"     // package golink
	CmdLink GoLinker = "cmdlink" // the SDK's linker
	Verify  GoLinker = "verify"  // as Auto; where Own can, CmdLink links, too, and must give the same bytes
)

// GoLinkers are the values of a GoLinker.
var GoLinkers = []GoLinker{Auto, Own, CmdLink, Verify}

// GoLinkerFlag is the name of the flag of tools for a GoLinker.
const GoLinkerFlag = "go-linker"

// GoLinkerUsage describes that flag.
const GoLinkerUsage = "what loads packages: auto, golink itself where it can, else the Go SDK's linker, and golink says why (default); " +
	"own, golink itself or nothing; cmdlink, the Go SDK's linker; verify, as auto, and both must give the same file"

// Set sets g to the value of that name. It makes *GoLinker a flag.Value.
func (g *GoLinker) Set(name string) error {
	for _, v := range GoLinkers {
		if string(v) == name {
			*g = v
			return nil
		}
	}
	return fmt.Errorf("want one of %q", GoLinkers)
}

func (g *GoLinker) String() string { return string(*g) }

// Values returns the names of all values, for completion.
func (g *GoLinker) Values() []string {
	var names []string
	for _, v := range GoLinkers {
		names = append(names, string(v))
	}
	return names
}

// errDebugInfo is about a program with debugging information. Who asks for that knows, so it is no warning.
var errDebugInfo = fmt.Errorf("debugging information: %w", golink.ErrUnsupported)

// linkOwn links the program by package golink, and writes it to the file out of s.tmp.
func (s *step) linkOwn(out string) (warnings string, err error) {
	c := s.Config
	if !c.StripSymbols && !c.StripDWARF {
		return "", errDebugInfo
	}
	cfg := golink.Config{
		Main: c.Main, GOROOT: cmp.Or(c.GOROOT, noGOROOT), BuildID: c.goBuildID(), PIE: c.BuildMode == ModeStaticPIE,
		Archives: c.archives,
	}
	if err := cfg.ReadImportcfg(s.importcfgFile(), s.importcfg); err != nil {
		return "", err
	}
	for _, a := range c.Ldflags {
		name, value, _ := strings.Cut(a, "=")
		switch n, err := strconv.Atoi(value); {
		case name == "-X":
		case name == "-funcalign" && err == nil && golink.IsFuncAlign(n):
			cfg.FuncAlign = n
		default:
			return "", fmt.Errorf("linker option %s: %w", a, golink.ErrUnsupported)
		}
	}
	for _, a := range s.args {
		if def, ok := strings.CutPrefix(a, "-X="); ok {
			name, value, _ := strings.Cut(def, "=")
			cfg.XDefs = append(cfg.XDefs, [2]string{name, value})
		}
	}
	x, err := c.expected(s.tmp)
	if err != nil {
		return "", err
	}
	var r *extld.Result
	wrap := func(err error) error {
		return fmt.Errorf("linking %s: %w%s", cmp.Or(c.BuildInfo.Path, c.Main), err, hint(err.Error()))
	}
	if c.StripSymbols && c.Map == "" && c.External.Path == "" { // nobody asks what symbols are called
		if x.WritesProgram() {
			if err := golink.Layout(cfg, func(p *link.Program) error { return x.WriteProgram(p, out) }); err != nil {
				return "", wrap(err)
			}
			return "", nil
		}
		var out *link.Output
		if err = golink.Layout(cfg, func(p *link.Program) (err error) {
			out, err = x.LinkProgram(p)
			return err
		}); err == nil {
			r, err = x.Finish(out) // in the memory that Layout took
		}
	} else {
		var data []byte
		if data, err = golink.Object(cfg); err == nil {
			r, err = x.Link(data, s.tmp)
		}
	}
	if err != nil {
		return "", wrap(err)
	}
	return r.Warnings, x.Write(r, out)
}

// A step is a link of the program in a temporary directory: by cmd/link, or by package golink with the same arguments.
type step struct {
	*Config
	object    mainObject
	args      []string // of cmd/link
	importcfg []byte   // its import configuration
	tmp       string
}

func (s *step) importcfgFile() string { return filepath.Join(s.tmp, "importcfg") }

// link links the program into the file out of s.tmp, by what s.GoLinker says.
func (s *step) link(out string) (warnings string, err error) {
	if s.GoLinker == CmdLink {
		return s.byCmdLink(out)
	}
	if s.object.unverified {
		err = fmt.Errorf("compiled by %s, which counts as no verified release: %w", s.object.Version, golink.ErrUnsupported)
	} else {
		warnings, err = s.linkOwn(out)
	}
	switch {
	case s.GoLinker != Own && errors.Is(err, golink.ErrUnsupported):
		if !errors.Is(err, errDebugInfo) {
			warnings = fmt.Sprintf("linked by the Go SDK's linker: %v\n", err)
		}
		more, err := s.byCmdLink(out)
		return warnings + more, err
	case err != nil || s.GoLinker != Verify:
		return warnings, err
	}
	return warnings, s.verify(out)
}

// verify links by cmd/link as well, and returns an error unless that gives the file out, too.
func (s *step) verify(out string) error {
	got, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	second := filepath.Join(s.tmp, "verified")
	if _, err := s.byCmdLink(second); err != nil {
		return fmt.Errorf("golink links what cmd/link refuses: %w", err)
	}
	want, err := os.ReadFile(second)
	if err != nil {
		return err
	}
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	return fmt.Errorf("%s: golink makes %d bytes and cmd/link %d, which differ from offset %#x on: link with --%s=%s, and report this",
		cmp.Or(s.BuildInfo.Path, s.Main), len(got), len(want), at, GoLinkerFlag, CmdLink)
}
