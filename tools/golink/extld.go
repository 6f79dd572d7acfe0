package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/elflinker"
)

// # golink as -extld
//
// cmd/link expects a C compiler driver as its external linker. It first tries
// flags out on a C file, trivial.c, and takes a failure or the word "unrecognized"
// for no; then it calls once with go.o. runExtld understands what the verified Go
// releases say in both cases and refuses the rest.

// extldFlags lists the flags without a value that cmd/link gives, or that it tries
// and may give. Further flags come from -extldflags.
var extldFlags = map[string]func(*extld){
	"-m64":                               nil,
	"-no-pie":                            nil,
	"-static":                            nil,
	"-Wl,--export-dynamic-symbol=main":   nil, // there is nothing to export it to
	"-Wl,-z,relro":                       nil, // always
	"-Wl,--compress-debug-sections=zlib": func(x *extld) { x.opt.CompressDWARF = true },
	"-pie":                               func(x *extld) { x.opt.PIE = true },
	"-static-pie":                        func(x *extld) { x.opt.PIE = true },
	"-s":                                 func(x *extld) { x.opt.StripSymbols = true },
	allowUnverifiedFlag:                  func(x *extld) { x.opt.AllowUnverifiedGo = true },
	"-Wl,-S":                             func(x *extld) { x.opt.StripDWARF = true },
}

// An extld is a parsed command line.
type extld struct {
	opt     link.Options
	input   string
	out     string
	mapFile string
	// external links in golink's place unless its Path is "".
	external elflinker.Linker

	// As -extldflags give them.
	sections, notes []string
	packageMetadata string // file; "" for none
}

// Flags that golink link itself gives by -extldflags.
const (
	buildIDFlag         = "-Wl,--build-id="
	mapFlag             = "-Wl,-Map="
	sectionFlag         = "-Wl,--section="
	noteFlag            = "-Wl,--note="
	packageMetadataFlag = "-Wl,--package-metadata-file="
	allowUnverifiedFlag = "-Wl,--allow-unverified-go"
)

// parseExtld parses args. When they are a trial it returns nil and no error for a
// flag that golink understands.
func parseExtld(args []string) (*extld, error) {
	x := &extld{}
	var unknown []error
	for i := 0; i < len(args); i++ {
		a := args[i]
		set, known := extldFlags[a]
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
		case strings.HasPrefix(a, buildIDFlag):
			if err := x.setBuildID(a[len(buildIDFlag):]); err != nil {
				return nil, err
			}
		case x.setExternal(a):
		case strings.HasPrefix(a, mapFlag):
			x.mapFile = a[len(mapFlag):]
		case strings.HasPrefix(a, sectionFlag):
			x.sections = append(x.sections, a[len(sectionFlag):])
		case strings.HasPrefix(a, noteFlag):
			x.notes = append(x.notes, a[len(noteFlag):])
		case strings.HasPrefix(a, packageMetadataFlag):
			x.packageMetadata = a[len(packageMetadataFlag):]
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
	case filepath.Base(x.input) == "trivial.c":
		return nil, nil
	case x.input == "" || x.out == "":
		return nil, errors.New("want go.o and -o")
	}
	return x, nil
}

// setExternal handles the flags about an external linker.
func (x *extld) setExternal(a string) bool {
	for flag, set := range map[string]func(value string){
		cmdlink.ExternalLinkerFlag: func(s string) { x.external.Path = s },
		cmdlink.ExternalFlavorFlag: func(s string) { x.external.Flavor = s },
		cmdlink.LinkerScriptFlag:   func(s string) { x.external.Script = s },
		cmdlink.ExternalFlagFlag:   func(s string) { x.external.Flags = append(x.external.Flags, s) },
	} {
		if value, ok := strings.CutPrefix(a, flag); ok {
			set(value)
			return true
		}
	}
	return false
}

// setBuildID handles --build-id=none, =sha256 and =0x<hexadecimal digits>.
func (x *extld) setBuildID(s string) error {
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
func (x *extld) readUserFiles() error {
	for _, spec := range x.sections {
		s, file, err := link.ParseSection(spec)
		if err != nil {
			return err
		}
		if s.Data, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
		x.opt.Sections = append(x.opt.Sections, s)
	}
	for _, spec := range x.notes {
		n, file, err := link.ParseNote(spec)
		if err != nil {
			return err
		}
		if n.Desc, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("note %s: %w", n.Owner, err)
		}
		x.opt.Notes = append(x.opt.Notes, n)
	}
	if x.packageMetadata != "" {
		var err error
		if x.opt.PackageMetadata, err = os.ReadFile(x.packageMetadata); err != nil {
			return fmt.Errorf("package metadata: %w", err)
		}
	}
	return nil
}

// runExtld links as cmd/link's external linker.
func runExtld(args []string) error {
	x, err := parseExtld(args)
	if x == nil || err != nil {
		return err
	}
	if err := x.readUserFiles(); err != nil {
		return err
	}
	data, err := os.ReadFile(x.input)
	if err != nil {
		return err
	}
	if x.external.Path != "" {
		image, warnings, err := x.external.Link(x.input, data, x.opt, filepath.Dir(x.input), x.mapFile)
		if err != nil {
			return err
		}
		fmt.Fprint(os.Stderr, warnings)
		return atomicfile.Write(x.out, 0o755, image)
	}
	out, err := link.Link(x.input, data, x.opt)
	if err != nil {
		return err
	}
	if x.mapFile != "" {
		if err := atomicfile.Write(x.mapFile, 0o644, out.Map()); err != nil {
			return err
		}
	}
	return atomicfile.Write(x.out, 0o755, out.File)
}
