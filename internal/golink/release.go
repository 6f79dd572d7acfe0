package golink

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/goobj"
)

// A release is what a series of Go releases has of its own, for the linker alone. What other tools know too is in goabi.
//
// The files in directory series have a line for each
//
//	builtin ABI NAME    symbol that objects refer to by the number of its line (cmd/internal/goobj, builtins)
//	linkname NAME PKG…  name that go:linkname may refer to in these packages only (cmd/link/internal/loader, blockedLinknames)
//	runtime PKG         package that the runtime is made of (cmd/internal/objabi, runtimePkgs)
//	experiments LIST    what the header line of objects names when no GOEXPERIMENT was asked for (internal/buildcfg)
type release struct {
	*goabi.Series
	builtins     []builtin
	linknames    map[string][]string
	experiments  string
	runtime      map[string]bool
	typeSections bool // types, interface tables and function values have sections of their own, as since Go 1.27
	mapSize      int  // bytes that a map's type descriptor has besides those of every type
	ifaceSize    int  // and an interface's
	strongWins   bool // of definitions of one name, one that is no duplicate wins, whatever comes first
	linknameStd  goobj.SymFlags
	abiWrapper   goobj.SymFlags
	// relocInitOrder is the number of R_INITORDER.
	relocInitOrder goobj.RelocType
}

type builtin struct {
	name string
	abi  int
}

//go:embed series/*.txt
var seriesFiles embed.FS

var releases = map[string]func() *release{
	"go1.26": sync.OnceValue(func() *release {
		return (&release{relocInitOrder: 99, mapSize: 64, ifaceSize: 24, abiWrapper: 1 << 13}).read("go1.26")
	}),
	"go1.27": sync.OnceValue(func() *release {
		return (&release{
			relocInitOrder: 102, mapSize: 88, ifaceSize: 32, typeSections: true, strongWins: true,
			linknameStd: 1 << 13, abiWrapper: 1 << 14,
		}).read("go1.27")
	}),
}

// read fills in what the file of a series says.
func (r *release) read(series string) *release {
	data, err := seriesFiles.ReadFile("series/" + series + ".txt")
	if err != nil {
		panic(err) // the file is part of the program
	}
	r.linknames, r.runtime = map[string][]string{}, map[string]bool{}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		switch f[0] {
		case "builtin":
			_, name, _ := strings.Cut(strings.TrimSpace(line)[len("builtin "):], " ") // names of types have spaces
			abi, _ := strconv.Atoi(f[1])
			r.builtins = append(r.builtins, builtin{name, abi})
		case "linkname":
			r.linknames[f[1]] = f[2:]
		case "runtime":
			r.runtime[f[1]] = true
		case "experiments":
			r.experiments = f[1]
		}
	}
	return r
}

// symFlags returns the flags that symbols may have: all up to SymFlagABIWrapper, but for one that was never used.
func (r *release) symFlags() goobj.SymFlags { return (r.abiWrapper<<1 - 1) &^ (1 << 7) }

func (r *release) isRuntime(pkg string) bool { return r.runtime[pkg] }

// releaseOf returns the release that compiled o.
func releaseOf(o *goobj.Object) (*release, error) {
	series, _, err := goabi.Linked(o.Version, goabi.Refuse)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrUnsupported)
	}
	get := releases[series.Name]
	if get == nil {
		return nil, fmt.Errorf("compiled by %s, want a release of go1.26 or go1.27: %w", o.Version, ErrUnsupported)
	}
	r := *get()
	if _, x, _ := strings.Cut(o.Line, " X:"); x != r.experiments {
		return nil, fmt.Errorf("compiled with GOEXPERIMENTs %q, want %q: %w", x, r.experiments, ErrUnsupported)
	}
	r.Series = series
	return &r, nil
}
