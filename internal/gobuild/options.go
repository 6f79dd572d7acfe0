// Package gobuild makes static programs by the go command alone. The go command compiles as ever, with its cache, and starts golink
// instead of its tools (go build -toolexec). golink has packages compiled for position-independent code, links, and does what the Bazel
// rules do after that. It refuses programs for other systems than Linux, and cgo.
//
// # What the go command sees
//
// The go command asks each tool for its version, on which what the tool makes depends. golink adds to that what it changes, so that its
// packages are not taken for those of go build, and a program is linked again when golink or an option changes. What says which golink it
// is, is its version, or for one that was built from changed sources a sum of its bytes: so a golink that has a version makes the same
// program on all machines. A program is up to date when its Go build ID begins with what the go command wants. golink keeps the first
// three parts of the ID and derives the last one, elsewhere a sum of the contents, from them.
package gobuild

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// Options say what becomes of a program. The zero value is none: use NewOptions.
type Options struct {
	BuildMode    string // cmdlink.ModeStaticPIE or ModeExe
	Strip        string // "all", "debug" or "none"
	Traceback    string // name of a pcln.Tier
	Pack         string // "lz4", or "" for not at all
	Profile      string // of linkcheck; "" for the one that fits, noCheck for no check
	Policy       string // policy file of linkcheck, "" for none
	SizeBudget   string // as of linkcheck --size-budget, "" for no limit
	Reports      string // directory for reports and side files, "" for none
	Sections     []string
	Notes        []string
	UnverifiedGo goabi.Unverified
	GoLinker     cmdlink.GoLinker
}

// noCheck is the profile for no check.
const noCheck = "none"

// NewOptions returns the defaults.
func NewOptions() *Options {
	return &Options{BuildMode: cmdlink.ModeStaticPIE, Strip: "all", Traceback: pcln.Full.String(), GoLinker: cmdlink.Auto}
}

// Flags returns a set of flags that sets o. Their names are those of golink link, elfstrip, linkcheck and the rules.
func (o *Options) Flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.Var((*buildMode)(&o.BuildMode), "buildmode", "`mode`: static-pie (pie means the same) or exe, for a fixed address")
	cli.OneOf(fs, &o.Strip, "strip", "`what` to remove: all (symbols and debug information), debug or none", "all", "debug", "none")
	cli.OneOf(fs, &o.Traceback, "traceback", "make the runtime's tables smaller: `tier` full (loses nothing), functions or external",
		"full", "functions", "external")
	cli.OneOf(fs, &o.Pack, "pack", "pack the program, which unpacks itself when it starts: `how`, lz4", "lz4")
	fs.StringVar(&o.Profile, "profile", "", "`name` of linkcheck's profile; default: the one for -buildmode; none: do not check")
	fs.StringVar(&o.Policy, "policy", "", "policy `file` of linkcheck")
	fs.StringVar(&o.SizeBudget, "size-budget", "", "greatest `size` of the program, such as 6MB or 5.2MiB")
	fs.StringVar(&o.Reports, "reports", "", "write linkcheck's report, the size report and side files to this `directory`, made if need be")
	list := func(p *[]string, name, usage string) {
		fs.Func(name, usage+" (repeatable)", func(s string) error { *p = append(*p, s); return nil })
	}
	list(&o.Sections, "section", "add a read-only section: `.name=file` or .name@address=file")
	list(&o.Notes, "note", "add an ELF note: `owner:type=file`")
	fs.Var(&o.GoLinker, cmdlink.GoLinkerFlag, cmdlink.GoLinkerUsage)
	fs.Var(&o.UnverifiedGo, goabi.UnverifiedFlag, goabi.UnverifiedUsage)
	return fs
}

// A buildMode is the value of -buildmode.
type buildMode string

func (m *buildMode) String() string { return string(*m) }

// Values returns the modes, for completion.
func (m *buildMode) Values() []string { return []string{cmdlink.ModeStaticPIE, cmdlink.ModeExe} }

func (m *buildMode) Set(s string) error {
	switch s {
	case cmdlink.ModeExe, cmdlink.ModeStaticPIE:
		*m = buildMode(s)
	case "pie", "default":
		*m = cmdlink.ModeStaticPIE
	default:
		return fmt.Errorf("want %q or %q: golink makes static executables only", cmdlink.ModeStaticPIE, cmdlink.ModeExe)
	}
	return nil
}

// check refuses options that do not go together.
func (o *Options) check() error {
	switch {
	case o.Traceback != pcln.Full.String() && o.Strip == "none":
		return fmt.Errorf("-traceback=%s with -strip=none: a program that is not stripped is left as it is; remove one of the two", o.Traceback)
	case o.Traceback == pcln.External.String() && o.Strip != "all":
		return fmt.Errorf("-traceback=%s with -strip=%s: the symbols that are kept hold the names that it takes out; want -strip=all",
			o.Traceback, o.Strip)
	case o.Traceback == pcln.External.String() && o.Reports == "":
		return fmt.Errorf("-traceback=%s needs -reports: without the side file that it writes there, no traceback can be read", o.Traceback)
	case o.Pack != "" && o.Strip != "all":
		return fmt.Errorf("-pack=%s with -strip=%s: a packed program holds no symbols; want -strip=all", o.Pack, o.Strip)
	case o.Profile == noCheck && (o.Policy != "" || o.SizeBudget != ""):
		return errors.New("-profile=none with -policy or -size-budget: nothing is checked; remove one of the two")
	}
	return nil
}

// absolute makes the files of o independent of the working directory.
func (o *Options) absolute() error {
	var errs []error
	abs := func(file string) string {
		if file == "" {
			return ""
		}
		path, err := filepath.Abs(file)
		errs = append(errs, err)
		return path
	}
	o.Policy, o.Reports = abs(o.Policy), abs(o.Reports)
	for _, list := range [][]string{o.Sections, o.Notes} {
		for i, spec := range list {
			if what, file, ok := strings.Cut(spec, "="); ok {
				list[i] = what + "=" + abs(file)
			}
		}
	}
	return errors.Join(errs...)
}

// Args returns the flags that set o.
func (o *Options) Args() []string {
	args := []string{
		"-buildmode=" + o.BuildMode, "-strip=" + o.Strip, "-traceback=" + o.Traceback,
		"-" + goabi.UnverifiedFlag + "=" + o.UnverifiedGo.String(), "-" + cmdlink.GoLinkerFlag + "=" + o.GoLinker.String(),
	}
	for _, f := range []struct{ name, value string }{
		{"pack", o.Pack}, {"profile", o.Profile}, {"policy", o.Policy}, {"size-budget", o.SizeBudget}, {"reports", o.Reports},
	} {
		if f.value != "" {
			args = append(args, "-"+f.name+"="+f.value)
		}
	}
	for _, s := range o.Sections {
		args = append(args, "-section="+s)
	}
	for _, n := range o.Notes {
		args = append(args, "-note="+n)
	}
	return args
}
