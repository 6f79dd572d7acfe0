package compare

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # The standard library's table
//
// What in the standard library depends on the architecture differs between Go releases. Package stdtable makes a table of it
// from the sources of an SDK; std.txt is the one of the release that this module is developed with. Its lines are
//
//	go RELEASE…                          the releases with exactly these contents
//	package PATH
//	file NAME ARCHITECTURES FUNCTIONS    of the package before it; built for these only
//	folds FUNCTIONS                      have constants that differ; of the package before it
//	intrinsics FUNCTIONS                 the compiler may replace by instructions
//	helpers FUNCTIONS                    the compiler calls for operations of the language
//
// Only functions in the table are explained by it. A file that takes the name of one of
// the standard library's (by a //line directive) does not get the name of its
// functions that way.

//go:embed std.txt
var shipped []byte

// A stdFile is a file of the standard library that is not built for all
// architectures.
type stdFile struct {
	pkg, name string
	archs     []string
}

func (f *stdFile) String() string { return f.pkg + "/" + f.name }

// A Std is a table of the standard library.
type Std struct {
	name       string   // where it is from, for messages
	releases   []string // of Go
	packages   map[string]bool
	files      map[string]*stdFile   // by package/name
	specific   map[string][]*stdFile // by the functions declared in them
	folds      map[string]bool
	intrinsics map[string]bool
	helpers    map[string]bool
}

// ShippedStd returns the table that is part of this program.
var ShippedStd = sync.OnceValue(func() *Std {
	t, err := ParseStd("the table of this program", shipped)
	if err != nil {
		panic(err)
	}
	return t
})

// ParseStd reads a table that stdtable.Make wrote; name is for messages. The error names the line that is not understood, or says what is
// missing.
func ParseStd(name string, text []byte) (*Std, error) {
	t := &Std{name: name, packages: map[string]bool{}, files: map[string]*stdFile{}, specific: map[string][]*stdFile{},
		folds: map[string]bool{}, intrinsics: map[string]bool{}, helpers: map[string]bool{}}
	sets := map[string]map[string]bool{"folds": t.folds, "intrinsics": t.intrinsics, "helpers": t.helpers}
	pkg, number := "", 0
	for line := range bytes.Lines(text) {
		number++
		f := strings.Fields(string(line))
		switch {
		case len(f) > 0 && f[0] == "#":
		case len(f) > 1 && f[0] == "go" && t.releases == nil:
			t.releases = f[1:]
		case len(f) == 2 && f[0] == "package":
			pkg = f[1]
			t.packages[pkg] = true
		case len(f) > 2 && f[0] == "file" && pkg != "":
			file := &stdFile{pkg, f[1], strings.Split(f[2], ",")}
			t.files[file.String()] = file
			for _, fn := range f[3:] {
				t.specific[fn] = append(t.specific[fn], file)
			}
		case len(f) > 1 && sets[f[0]] != nil:
			for _, fn := range f[1:] {
				sets[f[0]][fn] = true
			}
		default:
			return nil, fmt.Errorf("%s:%d: found %.40q, want a line of a table that linkcheck stdtable writes", name, number, line)
		}
	}
	if len(t.releases) == 0 || !t.packages["runtime"] || len(t.files) == 0 ||
		len(t.folds) == 0 || len(t.intrinsics) == 0 || len(t.helpers) == 0 {
		return nil, fmt.Errorf("%s: a part is missing, want a whole table that linkcheck stdtable wrote", name)
	}
	return t, nil
}

// check returns an error unless the table is of that release.
func (t *Std) check(program, release string) error {
	if slices.Contains(t.releases, release) {
		return nil
	}
	return fmt.Errorf("%s: made by %s; what depends on the architecture in its standard library is not known, %s has that of %s: "+
		"name the SDK by --goroot, or by --std-table what linkcheck stdtable makes of it",
		program, release, t.name, strings.Join(t.releases, ", "))
}

// closureParts are the ends of names that the compiler makes for what is inside a
// function.
var closureParts = regexp.MustCompile(`^(func[0-9]+|gowrap[0-9]+|deferwrap[0-9]+|[0-9]+|func[0-9]+-range[0-9]+|.*-fm)$`)

// declared returns the name of the function declaration that a function is made
// from, which for a closure is that of the function around it.
func declared(name string) string {
	name = strings.TrimSuffix(gobin.DropTypeArguments(name), "-fm")
	for {
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return name
		}
		last := name[dot+1:]
		if i := strings.Index(last, "-range"); i >= 0 {
			last = last[:i]
		}
		if !closureParts.MatchString(last) {
			return name[:dot+1] + last
		}
		name = name[:dot]
	}
}

// has reports whether a function belongs to the standard library.
func (t *Std) has(fn *function) bool {
	pkg := gobin.PackageOf(fn.name)
	if pkg == "" {
		return fn.stdFile != ""
	}
	return t.packages[pkg]
}

// declaredIn returns the architecture-specific files that declare fn.
func (t *Std) declaredIn(fn *function) []*stdFile {
	name := declared(fn.name)
	if files := t.specific[name]; files != nil {
		return files
	}
	// An init function, an assembler function local to its file, and one whose
	// name comes from a macro have no name in the table.
	if pkg := gobin.PackageOf(name); pkg == "" || strings.Contains(fn.name, "(") {
		if f := t.files[fn.stdFile]; f != nil && (pkg == "" || f.pkg == pkg) {
			return []*stdFile{f}
		}
	}
	return nil
}

// stdPath returns the package and name of a source file as the table has them, ""
// for one that is not in it. Build systems put different folders before them.
func (t *Std) stdPath(file string) string {
	for rest := file; ; {
		if t.packages[path.Dir(rest)] {
			return rest
		}
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			return ""
		}
		rest = after
	}
}

// specificPackage reports whether a package of the standard library has files that
// are not built for all architectures.
func (t *Std) specificPackage(pkg string) bool {
	for _, f := range t.files {
		if f.pkg == pkg {
			return true
		}
	}
	return false
}

// typeName finds the package of a named type.
var typeName = regexp.MustCompile(`([\w./\-]+)\.[\w]+`)

// bySignature matches names of functions that compare or hash, which since Go 1.27 the compiler names by what they do and not by
// a type (cmd/compile/internal/reflectdata/alg.go, eqSignature): memory, memory to skip, floats, strings, interfaces, and arrays of
// these. Machines that cannot load unaligned words have functions of their own, with the alignment in the name.
var bySignature = regexp.MustCompile(`^type:\.(eq|hash)\.(A[0-9]+)?([FGSIE]|[MK][0-9]+|\[[0-9]+|\])+$`)

// hasType reports whether name is that of a function that the compiler makes for a
// type of which all parts are the standard library's or the language's.
func (t *Std) hasType(name string, also map[string]bool) bool {
	rest, ok := strings.CutPrefix(name, "type:.")
	if !ok {
		return false
	}
	_, typ, _ := strings.Cut(rest, ".")
	found := false
	for _, m := range typeName.FindAllStringSubmatch(typ, -1) {
		if !t.packages[m[1]] && !also[m[1]] {
			return false
		}
		found = true
	}
	return found
}

// explainName explains what the compiler makes or replaces.
func (t *Std) explainName(name string) (rule, reason string) {
	generic := gobin.DropTypeArguments(name)
	switch {
	case t.intrinsics[generic]:
		return "intrinsic", "the compiler replaces it by instructions where it can"
	case t.helpers[generic], strings.HasPrefix(generic, "runtime.morestack"):
		return "helper", "the compiler calls it where it has no instructions for the operation"
	case t.hasType(name, nil):
		return "generated", "made by the compiler for a type of the standard library"
	}
	return "", ""
}
