package policy

// # Packages in a program
//
// Go's function table names every function that the program holds, also those that
// were inlined into others, and stripping keeps it. A link name begins with the
// import path of its package (cmd/internal/objabi/path.go, PathToPrefix), so the
// table tells which packages are in a program: all but those without any function,
// which can do nothing.
//
// Where names were taken out on purpose (elfstrip --traceback=external), it tells
// with the side file only, and without it the rules that need names say so.

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// A packageSet is the packages of a program, by import path. The main package is
// "main".
type packageSet struct {
	text  map[string]uint64   // bytes of code of each package, padding included
	names map[string][]string // link names of each package's functions, inlined ones too
}

func newPackageSet(t *gobin.FuncTable) *packageSet {
	s := &packageSet{text: map[string]uint64{}, names: map[string][]string{}}
	for name := range t.Names() {
		if pkg := gobin.PackageOf(name); pkg != "" {
			s.names[pkg] = append(s.names[pkg], name)
		}
	}
	for i := range t.Len() {
		fn := t.At(i)
		if pkg := gobin.PackageOf(fn.Name); pkg != "" {
			s.text[pkg] += fn.End - fn.Entry
		}
	}
	return s
}

// paths returns the import paths, sorted.
func (s *packageSet) paths() []string { return slices.Sorted(maps.Keys(s.names)) }

// symbols returns what a package has, such as "Client.Do".
func (s *packageSet) symbols(path string) map[string]bool {
	have := map[string]bool{}
	for _, name := range s.names[path] {
		_, rest := gobin.CutLinkName(name)
		have[plainSymbol(rest)] = true
		// F.func1 is a function in F, or method func1 of F.
		if parts := symbolParts(rest); len(parts) > 1 {
			have[parts[0]+"."+parts[1]] = true
		}
	}
	return have
}

// splitLinkName splits the link name of a function into the import path of its package
// and the name in it, without type arguments, pointers and what the compiler appends:
// "net/http.(*Client).Do.func1" gives "net/http" and "Client.Do". Names that belong
// to no package, as those of assembly and of generated type code, give "".
func splitLinkName(name string) (pkg, symbol string) {
	pkg, rest := gobin.CutLinkName(name)
	return pkg, plainSymbol(rest)
}

// plainSymbol returns a function's name in its package as vulnerability reports
// write it: Func or Type.Method.
func plainSymbol(s string) string {
	parts := symbolParts(s)
	for i, p := range parts {
		if i > 0 && compilerPart().MatchString(p) {
			parts = parts[:i]
			break
		}
	}
	return strings.Join(parts, ".")
}

var pointers = strings.NewReplacer("(*", "", "(", "", ")", "")

// compilerPart is what the compiler calls functions inside of functions (cmd/compile/internal/ir, closureName), and what it numbers.
// A method may have a name that begins so.
var compilerPart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^((func|gowrap|deferwrap)?[0-9]+(-range[0-9]+)?)?$`)
})

// symbolParts splits a function's name in its package, without type arguments and pointers, at the dots.
func symbolParts(s string) []string {
	return strings.Split(strings.TrimSuffix(pointers.Replace(gobin.DropTypeArguments(s)), "-fm"), ".")
}

// readNames says why a program's packages cannot be told, "" when they can.
func readNames(in *Input) string {
	t, err := in.funcs()
	switch {
	case err != nil:
		return in.reason(err)
	case !t.HasName("main.main"):
		return "it does not name main.main: the names were taken out of it"
	}
	return ""
}

var forbiddenPackages = Rule{
	ID:       "forbidden-packages",
	What:     "No forbidden package or module is in the program.",
	Why:      "Debugging servers, plugin loaders and abandoned modules get into a program through a dependency that nobody looks at.",
	Evidence: "Import paths in Go's function table, inlined functions included, which stripping keeps; modules and replacements in the build information. A package without any function leaves no trace; forbidden-imports is for package unsafe.",
	Remedy:   "Find out who imports it with `go mod why -m` or `bazel query 'somepath(…)'`, and drop or replace the importer.",
	Ref:      "the policy's forbidden.packages and forbidden.modules",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if len(in.Forbidden.Packages)+len(in.Forbidden.Modules) == 0 {
			return "the policy forbids no package"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		var out collector
		if why := in.noNames(); why != "" {
			out.add("function table", "the packages cannot be told, so forbidden ones cannot be ruled out: %s", why)
		} else {
			s, _ := in.packages()
			for _, path := range s.paths() {
				for _, p := range in.Forbidden.Packages {
					if matches(p, path) {
						out.add(clip(path), "this package is in the program, but %q is forbidden", p)
					}
				}
				for _, p := range in.Forbidden.Modules {
					if path == p || strings.HasPrefix(path, p+"/") || matches(p, path) {
						out.add(clip(path), "this package is in the program, but the module %q is forbidden", p)
					}
				}
			}
		}
		list, err := modules(in)
		if err != nil && len(in.Forbidden.Modules) > 0 {
			out.add(goabi.BuildInfo, "the modules cannot be read, so forbidden ones cannot be ruled out: %v", in.reason(err))
		}
		for _, m := range list {
			for _, p := range in.Forbidden.Modules {
				if matches(p, m.Path) {
					out.add(clip(m.Path), "this module is in the build information, but %q is forbidden", p)
				}
			}
		}
		return out
	},
}

var packageBudget = Rule{
	ID:       "package-budget",
	What:     "The code of no package, or of a group of packages, is larger than its budget.",
	Why:      "A size budget for the whole file says that it has grown; this says by whom.",
	Evidence: "Bounds of functions in Go's function table: code, without data and without what the tables say about it. Inlined code counts for the package that it is inlined into.",
	Remedy:   "See what has grown (`go tool nm -size -sort size` on the file before stripping), drop the dependency, or raise the budget.",
	Ref:      "the policy's package_budgets: pattern of import paths and bytes; packages that match together count together",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if len(in.PackageBudgets) == 0 {
			return "the policy gives no package a budget"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		if why := in.noNames(); why != "" {
			return one("function table", "the packages cannot be told: %s", why)
		}
		s, _ := in.packages()
		var out collector
		for _, pattern := range slices.Sorted(maps.Keys(in.PackageBudgets)) {
			var total, largest uint64
			var which string
			for _, path := range slices.Sorted(maps.Keys(s.text)) {
				if matches(pattern, path) {
					total += s.text[path]
					if s.text[path] > largest {
						which, largest = path, s.text[path]
					}
				}
			}
			if budget := in.PackageBudgets[pattern]; total > budget {
				most := ""
				if strings.Contains(pattern, "*") {
					most = fmt.Sprintf("; the largest is %s with %d", clip(which), largest)
				}
				out.add(pattern, "the code has %d bytes, %d more than its budget of %d%s", total, total-budget, budget, most)
			}
		}
		return out
	},
}
