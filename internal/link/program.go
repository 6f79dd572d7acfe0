package link

import (
	"cmp"
	"debug/elf"
	"fmt"
	"os"

	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/outfile"
)

// A Program is what go.o is made of, in memory: the sections of a Go program, without their addresses and without a symbol table. Package
// golink makes it. Nothing is encoded that Link would decode again, and contents are written once, to where they are in the file.
type Program struct {
	GOARCH, GoVersion string
	Sections          []ProgramSection
	Main              uint64            // offset in .text of the function that starts the Go runtime
	Variables         []ProgramVariable // those that stand for sections of the user
	// Write fills image, the whole file, with the contents of the sections, each at its location.
	Write func(image *outfile.File, locations []Location) error
}

// A ProgramSection is a section that cmd/link makes.
type ProgramSection struct {
	Name  string
	Align uint64
	Size  uint64
	Data  []byte // contents, where they are known before addresses are; nil where Write writes them
	// Addresses are the offsets, ascending, of the words with addresses; they matter in a position-independent program.
	Addresses []uint32
}

// A ProgramVariable is a variable that stands for a section of the user: one with such a name ([IsSectionVariable]).
type ProgramVariable struct {
	Name      string
	Section   int // index in Program.Sections
	Off, Size uint64
}

// A Location is where a section is in memory and in the file.
type Location struct{ Addr, Off uint64 }

// LinkProgram links p as Link does an object of cmd/link, without a symbol table: opt.StripSymbols must be set. name is for messages.
func LinkProgram(name string, p *Program, opt Options) (*Output, error) {
	l, err := openProgram(name, p, opt)
	if err != nil {
		return nil, err
	}
	return l.link()
}

// LinkProgramTo does the same into the file f, which is empty, and open for reading and writing. Then the program is in no memory of the
// process. There are no deferred build IDs.
func LinkProgramTo(f *os.File, name string, p *Program, opt Options) error {
	opt.DeferBuildIDs = false
	l, err := openProgram(name, p, opt)
	if err != nil {
		return err
	}
	l.file = f
	_, err = l.link()
	if l.out != nil {
		err = cmp.Or(err, l.out.Close())
	}
	return err
}

// openProgram returns the linker of p.
func openProgram(name string, p *Program, opt Options) (*linker, error) {
	a := all.Of(p.GOARCH)
	if a == nil {
		return nil, fmt.Errorf("%s: machine %s: unknown", name, p.GOARCH)
	}
	o := &object{File: &goelf.File{Name: name}, name: name, sections: make([]inSection, len(p.Sections)), program: p}
	var err error
	if o.series, _, err = goabi.Linked(p.GoVersion, opt.UnverifiedGo); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, s := range p.Sections {
		in := &o.sections[i]
		*in = inSection{Section: &goelf.Section{Index: i, Str: s.Name}, data: s.Data, addresses: s.Addresses}
		in.Size, in.Addralign = s.Size, s.Align
		if err := o.setKind(in); err != nil {
			return nil, err
		}
		in.Type, in.Flags = uint32(in.kind.Type()), uint64(in.kind.Flags())
		if s.Name == ".text" {
			o.main = symbol{section: uint16(i), value: p.Main, info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC)}
		}
	}
	return newLinker(a, o, opt), nil
}

// writeProgram has the program write its sections.
func (l *linker) writeProgram() error {
	locations := make([]Location, len(l.obj.sections))
	for i := range l.obj.sections {
		if s := l.obj.sections[i].out; s != nil {
			locations[i] = Location{s.addr, s.off}
		}
	}
	return l.obj.program.Write(l.out, locations)
}
