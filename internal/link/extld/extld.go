// Package extld is what cmd/link starts as its external linker, or would start:
// it understands the command lines of the verified Go releases, refuses the rest,
// and links.
//
// cmd/link expects a C compiler driver. It first tries flags out on a C file,
// trivial.c, and takes a failure or the word "unrecognized" for no; then it calls
// once with go.o.
package extld

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/link/elflinker"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// plainFlags lists the flags without a value that cmd/link gives, or that it tries
// and may give. Further flags come from -extldflags.
var plainFlags = map[string]func(*Command){
	"-m64":                               nil,
	"-no-pie":                            nil,
	"-static":                            nil,
	"-Wl,--export-dynamic-symbol=main":   nil, // there is nothing to export it to
	"-Wl,-z,relro":                       nil, // always
	"-Wl,--compress-debug-sections=zlib": func(x *Command) { x.opt.CompressDWARF = true },
	"-pie":                               func(x *Command) { x.opt.PIE = true },
	"-static-pie":                        func(x *Command) { x.opt.PIE = true },
	"-s":                                 func(x *Command) { x.opt.StripSymbols = true },
	NoHugePagesFlag:                      func(x *Command) { x.opt.NoHugePages = true },
	"-Wl,-S":                             func(x *Command) { x.opt.StripDWARF = true },
	StripAllFlag:                         func(x *Command) { x.stripAll = true },
}

// A Command is a parsed command line that links.
type Command struct {
	opt     link.Options
	input   string
	out     string
	mapFile string
	// external links in golink's place unless its Path is "".
	external elflinker.Linker

	// As -extldflags give them.
	sections, notes []string
	packageMetadata string // file; "" for none
	tables          tables
	stripAll        bool // take out symbols as elfstrip --strip-all does, which leaves go:func.* to govulncheck
}

// Flags that golink link itself gives by -extldflags, each followed by a value but
// the last.
const (
	BuildIDFlag         = "-Wl,--build-id=" // none, sha256 (of what is loaded), or 0x and hexadecimal digits
	MapFlag             = "-Wl,-Map="
	SectionFlag         = "-Wl,--section="
	NoteFlag            = "-Wl,--note="
	PackageMetadataFlag = "-Wl,--package-metadata-file="
	TracebackFlag       = "-Wl,--traceback=" // full, functions or external
	SymbolsFileFlag     = "-Wl,--symbols-file="
	StripAllFlag        = "-Wl,--strip-all"
	ExternalLinkerFlag  = "-Wl,--external-linker="
	ExternalFlavorFlag  = "-Wl,--external-flavor="
	ExternalFlagFlag    = "-Wl,--external-flag="
	LinkerScriptFlag    = "-Wl,--linker-script="
	UnverifiedFlag      = "-Wl,--" + goabi.UnverifiedFlag + "=" // refuse or warn
	NoHugePagesFlag     = "-Wl,--no-huge-pages"
)

// trialInput is the base name of the input of a trial.
const trialInput = "trivial.c"

// IsTrial tells whether args only ask whether a flag is understood.
func IsTrial(args []string) bool {
	return len(args) > 0 && filepath.Base(args[len(args)-1]) == trialInput
}

// Parse parses args, without the name of the program. When they are a trial it
// returns nil and no error for a flag that is understood.
func Parse(args []string) (*Command, error) {
	x := &Command{}
	var unknown []error
	for i := 0; i < len(args); i++ {
		a := args[i]
		set, known := plainFlags[a]
		switch {
		case known:
			if set != nil {
				set(x)
			}
		case a == "-o":
			if i++; i == len(args) {
				return nil, errors.New("-o: the file name is missing")
			}
			x.out = args[i]
		case strings.HasPrefix(a, BuildIDFlag):
			if err := x.setBuildID(a[len(BuildIDFlag):]); err != nil {
				return nil, err
			}
		case strings.HasPrefix(a, UnverifiedFlag):
			if err := x.opt.UnverifiedGo.Set(a[len(UnverifiedFlag):]); err != nil {
				return nil, fmt.Errorf("%s: %w", a, err)
			}
		case x.setExternal(a):
		case strings.HasPrefix(a, MapFlag):
			x.mapFile = a[len(MapFlag):]
		case strings.HasPrefix(a, SectionFlag):
			x.sections = append(x.sections, a[len(SectionFlag):])
		case strings.HasPrefix(a, NoteFlag):
			x.notes = append(x.notes, a[len(NoteFlag):])
		case strings.HasPrefix(a, PackageMetadataFlag):
			x.packageMetadata = a[len(PackageMetadataFlag):]
		case strings.HasPrefix(a, TracebackFlag):
			x.tables.tier = a[len(TracebackFlag):]
		case strings.HasPrefix(a, SymbolsFileFlag):
			x.tables.symbolsFile = a[len(SymbolsFileFlag):]
		case strings.HasPrefix(a, "-"):
			unknown = append(unknown, fmt.Errorf("unrecognized option %q: golink links pure Go programs of the verified releases only", a))
		case x.input != "":
			return nil, fmt.Errorf("inputs %s and %s: want one, go.o: does the program use cgo?", x.input, a)
		default:
			x.input = a
		}
	}
	if err := errors.Join(unknown...); err != nil {
		return nil, err
	}
	switch {
	case filepath.Base(x.input) == trialInput:
		return nil, nil
	case x.input == "" || x.out == "":
		return nil, errors.New("want go.o and -o")
	}
	if err := x.tables.check(x.opt.StripSymbols || x.stripAll); err != nil {
		return nil, err
	}
	return x, nil
}

// setExternal handles the flags about an external linker.
func (x *Command) setExternal(a string) bool {
	for flag, set := range map[string]func(value string){
		ExternalLinkerFlag: func(s string) { x.external.Path = s },
		ExternalFlavorFlag: func(s string) { x.external.Flavor = s },
		LinkerScriptFlag:   func(s string) { x.external.Script = s },
		ExternalFlagFlag:   func(s string) { x.external.Flags = append(x.external.Flags, s) },
	} {
		if value, ok := strings.CutPrefix(a, flag); ok {
			set(value)
			return true
		}
	}
	return false
}

// setBuildID handles --build-id=none, =sha256 and =0x<hexadecimal digits>.
func (x *Command) setBuildID(s string) error {
	x.opt.BuildID, x.opt.NoBuildID = nil, false
	switch digits, isHex := strings.CutPrefix(s, "0x"); {
	case s == "none":
		x.opt.NoBuildID = true
	case s == "sha256":
	case isHex:
		id, err := hex.DecodeString(digits)
		if err != nil || len(id) == 0 || len(id) > 64 {
			return fmt.Errorf("build-id %q: want 1 to 64 bytes in hexadecimal", s)
		}
		x.opt.BuildID = id
	default:
		return fmt.Errorf("build-id %q: want none, sha256 or 0x and hexadecimal digits", s)
	}
	return nil
}

// readUserFiles reads the files of sections and notes into the options.
func (x *Command) readUserFiles(opt *link.Options) error {
	for _, spec := range x.sections {
		s, file, err := link.ParseSection(spec)
		if err != nil {
			return err
		}
		if s.Data, err = inputfile.Read(file, inputfile.Data); err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
		opt.Sections = append(opt.Sections, s)
	}
	for _, spec := range x.notes {
		n, file, err := link.ParseNote(spec)
		if err != nil {
			return err
		}
		if n.Desc, err = inputfile.Read(file, inputfile.Data); err != nil {
			return fmt.Errorf("note %s: %w", n.Owner, err)
		}
		opt.Notes = append(opt.Notes, n)
	}
	if x.packageMetadata != "" {
		var err error
		if opt.PackageMetadata, err = inputfile.Read(x.packageMetadata, inputfile.Text); err != nil {
			return fmt.Errorf("package metadata: %w", err)
		}
	}
	return nil
}

// A Result is a linked program.
type Result struct {
	Warnings string // of an external linker

	image   [][]byte // pieces, which follow each other
	linkMap []byte   // nil when an external linker wrote it itself, or none is asked for
	symbols []byte   // side file of the tables; nil for none
	// buildIDs waits for what is missing in image, and returns it.
	buildIDs func() []link.Patch
}

// Link links the object data. It puts files of its own, if any, into directory dir.
func (x *Command) Link(data []byte, dir string) (*Result, error) {
	opt := x.opt
	if err := x.readUserFiles(&opt); err != nil {
		return nil, err
	}
	if x.external.Path != "" {
		image, warnings, err := x.external.Link(x.input, data, opt, dir, x.mapFile)
		if err != nil {
			return nil, err
		}
		r := &Result{Warnings: warnings, image: [][]byte{image}, buildIDs: noBuildIDs}
		return r, x.finish(r)
	}
	opt.DeferBuildIDs = x.defersBuildIDs()
	out, err := link.Link(x.input, data, opt)
	if err != nil {
		return nil, err
	}
	return x.Finish(out)
}

// LinkProgram links p, a program in memory, up to what Finish does. That needs nothing of p.
func (x *Command) LinkProgram(p *link.Program) (*link.Output, error) {
	opt := x.opt
	if err := x.readUserFiles(&opt); err != nil {
		return nil, err
	}
	opt.DeferBuildIDs = x.defersBuildIDs()
	return link.LinkProgram(x.input, p, opt)
}

// WriteProgram links p into the new file out. It is for what WritesProgram is true of.
func (x *Command) WriteProgram(p *link.Program, out string) error {
	opt := x.opt
	if err := x.readUserFiles(&opt); err != nil {
		return err
	}
	const mode = 0o755
	f, err := os.OpenFile(out, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := link.LinkProgramTo(f, x.input, p, opt); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil { // without the mask
		return err
	}
	return f.Close()
}

// WritesProgram reports whether a program is left as it is linked, and nothing but it is asked for.
func (x *Command) WritesProgram() bool { return x.isFinished() && x.mapFile == "" }

// Finish returns what is made of the linked program out.
func (x *Command) Finish(out *link.Output) (*Result, error) {
	r := &Result{image: [][]byte{out.File}, buildIDs: noBuildIDs}
	if x.defersBuildIDs() { // beside all else: to sum the contents takes as long as to write them
		var ids []link.Patch
		wait := goelf.Go(func() { ids = out.DeferredBuildIDs() })
		r.buildIDs = func() []link.Patch { wait(); return ids }
	}
	if x.mapFile != "" {
		r.linkMap = out.Map()
	}
	return r, x.finish(r)
}

func noBuildIDs() []link.Patch { return nil }

// defersBuildIDs reports whether build IDs are put into the file at last. They stay where they are, since smaller tables move only what
// follows them; but names of the tier External are made of one.
func (x *Command) defersBuildIDs() bool { return x.tables.tier != pcln.External.String() }

// Write writes r to the file out, and the link map and the side file to what x names, all of them or none.
func (x *Command) Write(r *Result, out string) error {
	var outputs atomicfile.Batch
	defer outputs.Close()
	for _, f := range []struct {
		name string
		data []byte
	}{{x.mapFile, r.linkMap}, {x.tables.symbolsFile, r.symbols}} {
		if f.data == nil {
			continue
		}
		if err := outputs.Write(f.name, 0o644, f.data); err != nil {
			return err
		}
	}
	err := outputs.WriteFunc(out, 0o755, func(w io.Writer) error {
		for _, piece := range r.image {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		ids := r.buildIDs()
		if len(ids) == 0 {
			return nil
		}
		f, ok := w.(io.WriterAt)
		if !ok {
			return fmt.Errorf("%s: %T: want a file, to write the build IDs", out, w)
		}
		for _, id := range ids {
			if _, err := f.WriteAt(id.Data, id.Off); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return outputs.Commit()
}

// Run links as cmd/link's external linker.
func Run(args []string) error {
	x, err := Parse(args)
	if x == nil || err != nil {
		return err
	}
	data, err := os.ReadFile(x.input)
	if err != nil {
		return err
	}
	r, err := x.Link(data, filepath.Dir(x.input))
	if err != nil {
		return err
	}
	fmt.Fprint(os.Stderr, r.Warnings)
	return x.Write(r, x.out)
}
