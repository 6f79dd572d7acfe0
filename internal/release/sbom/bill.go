// Package sbom says what programs are made of, as SPDX 2.3 and CycloneDX 1.6. It takes that from the build information that the linker
// wrote into the programs, and from nothing else but texts of licences: a module that is not in a file is not in its bill. It refuses to
// guess: what is not known is NOASSERTION, or left out.
package sbom

import (
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// A Bill is what a release is made of.
type Bill struct {
	Name     string
	Version  string
	Date     string // RFC 3339
	Programs []Program
}

// A Program is one executable.
type Program struct {
	Name     string
	Platform string
	SHA256   string
	// Modules are those of the packages that are linked: the main module first if it is known, and Go's standard library last. A program
	// that is not Go has none.
	Modules []Module
}

// A Module is a Go module, or the standard library, which has the path "std".
type Module struct {
	Path    string
	Version string // empty for a main module without a version
	Sum     string // h1:… as in go.sum; empty where the program does not say
	Licence string // SPDX expression; empty if unknown
}

// std is the path of the standard library.
const std = "std"

// stdLicence is that of the Go project: the file LICENSE of every release since 1.0.
const stdLicence = "BSD-3-Clause"

// New returns the bill of the programs of x. infos is their build information, nil for one that is not Go. licence gives the SPDX
// expression of a module, empty if unknown.
func New(x *index.Index, infos []*debug.BuildInfo, licence func(path, version string) string) Bill {
	b := Bill{Name: x.Name, Version: x.Version, Date: x.Date}
	for i, p := range x.Programs {
		program := Program{Name: p.Name, Platform: p.Platform, SHA256: p.SHA256}
		if info := infos[i]; info != nil {
			for _, m := range Linked(info) {
				program.Modules = append(program.Modules, Module{m.Path, m.Version, m.Sum, licence(m.Path, m.Version)})
			}
			version, _, _ := strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " ")
			program.Modules = append(program.Modules, Module{Path: std, Version: version, Licence: stdLicence})
		}
		b.Programs = append(b.Programs, program)
	}
	return b
}

// Linked returns the modules that a program is linked from, the main module first if it is known: what replaces a module in its place,
// and a main module without a version with none. info may be nil.
func Linked(info *debug.BuildInfo) []debug.Module {
	if info == nil {
		return nil
	}
	var out []debug.Module
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Path == "" {
			continue
		}
		module := debug.Module{Path: m.Path, Version: m.Version, Sum: m.Sum}
		if m.Version == "(devel)" {
			module.Version = ""
		}
		out = append(out, module)
	}
	return out
}

// PURL returns the package URL of m (https://github.com/package-url/purl-spec, type golang), with the path in the case that Go has it.
func (m Module) PURL() string {
	segments := strings.Split(m.Path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	purl := "pkg:golang/" + strings.Join(segments, "/")
	if m.Version != "" {
		purl += "@" + strings.ReplaceAll(url.PathEscape(m.Version), "+", "%2B")
	}
	return purl
}

// modules returns all modules of the bill, each once, sorted by PURL.
func (b *Bill) modules() []Module {
	var out []Module
	for _, p := range b.Programs {
		out = append(out, p.Modules...)
	}
	slices.SortFunc(out, func(x, y Module) int {
		return strings.Compare(x.PURL()+" "+x.Sum, y.PURL()+" "+y.Sum)
	})
	return slices.Compact(out)
}

// Facts returns what a bill says, as sorted lines, by which bills of several formats can be compared.
func (b *Bill) Facts() []string {
	out := []string{fmt.Sprintf("release %s %s of %s", b.Name, b.Version, b.Date)}
	for _, p := range b.Programs {
		out = append(out, p.fact())
		for _, m := range p.Modules {
			out = append(out, p.fact()+" links "+m.fact())
		}
	}
	slices.Sort(out)
	return out
}

func (p Program) fact() string {
	return fmt.Sprintf("program %s for %s (SHA-256 %s)", p.Name, p.Platform, p.SHA256)
}

func (m Module) fact() string {
	out := m.PURL()
	if m.Sum != "" {
		out += " " + m.Sum
	}
	if m.Licence != "" {
		out += " under " + m.Licence
	}
	return out
}

// Compare returns an error that names the facts in which got differs from want, nil if there are none. what names got.
func Compare(what string, got, want []string) error {
	var problems []string
	for _, fact := range got {
		if _, ok := slices.BinarySearch(want, fact); !ok {
			problems = append(problems, "it says, and the files do not: "+fact)
		}
	}
	for _, fact := range want {
		if _, ok := slices.BinarySearch(got, fact); !ok {
			problems = append(problems, "it does not say: "+fact)
		}
	}
	switch n := len(problems); {
	case n == 0 && len(got) == len(want):
		return nil
	case n == 0:
		return fmt.Errorf("%s: it has %d facts, want %d: one is there twice", what, len(got), len(want))
	default:
		return fmt.Errorf("%s: %s (%d differences in all)", what, problems[0], n)
	}
}

// digest returns a name for the whole bill: equal bills have equal ones.
func (b *Bill) digest() string { return index.Sum([]byte(strings.Join(b.Facts(), "\n"))) }
