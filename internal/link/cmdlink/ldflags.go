package cmdlink

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ldflag says what we do with one flag of cmd/link that a user asks for.
type ldflag struct {
	value  bool   // takes a value
	refuse string // why it is refused; "" when it is passed on
}

// ldflags lists every flag of cmd/link. One that is not listed is refused: the
// table is written for the verified Go releases.
var ldflags = map[string]ldflag{
	"X":                {value: true},
	"benchmark":        {value: true},
	"c":                {},
	"checklinkname":    {},
	"compressdwarf":    {},
	"debugnosplit":     {},
	"dumpdep":          {},
	"funcalign":        {value: true},
	"pruneweakmap":     {},
	"randlayout":       {value: true},
	"s":                {},
	"strictdups":       {value: true},
	"v":                {},
	"w":                {},
	"B":                {value: true, refuse: "golink writes the build-id note itself: use --build-id-note"},
	"D":                {value: true, refuse: "golink lays out the file"},
	"E":                {value: true, refuse: "golink sets the entry point"},
	"H":                {value: true, refuse: "the output is always Linux ELF"},
	"I":                {value: true, refuse: "the output has no dynamic loader"},
	"L":                {value: true, refuse: "packages come from --archive and --stdlib only"},
	"R":                {value: true, refuse: "golink lays out the file"},
	"T":                {value: true, refuse: "golink lays out the file"},
	"V":                {refuse: "it prints a version instead of linking"},
	"a":                {refuse: "it has no effect any more"},
	"asan":             {refuse: "it needs a C runtime"},
	"aslr":             {refuse: "it is for Windows: use --buildmode=static-pie"},
	"bindnow":          {refuse: "the output has no dynamic loader"},
	"buildid":          {value: true, refuse: "use --buildid"},
	"buildmode":        {value: true, refuse: "use --buildmode"},
	"capturehostobjs":  {value: true, refuse: "it writes an undeclared file"},
	"cpuprofile":       {value: true, refuse: "it writes an undeclared file"},
	"memprofile":       {value: true, refuse: "it writes an undeclared file"},
	"memprofilerate":   {value: true, refuse: "it is of use with -memprofile only"},
	"benchmarkprofile": {value: true, refuse: "it writes an undeclared file"},
	"d":                {refuse: "with PIE it makes a file that crashes at start (golang/go#80464): use --buildmode"},
	"debugtextsize":    {value: true, refuse: "it is for tests of cmd/link"},
	"debugtramp":       {value: true, refuse: "it is for tests of cmd/link"},
	"e":                {refuse: "it is for debugging cmd/link"},
	"extar":            {value: true, refuse: "no C toolchain takes part in the link"},
	"extld":            {value: true, refuse: "golink is the external linker"},
	"extldflags":       {value: true, refuse: "no C linker takes part in the link"},
	"f":                {refuse: "mixed Go versions make programs that crash: build all packages with one SDK"},
	"fipso":            {value: true, refuse: "it writes an undeclared file"},
	"g":                {refuse: "it drops consistency checks of the packages"},
	"h":                {refuse: "it is for debugging cmd/link"},
	"importcfg":        {value: true, refuse: "golink writes it"},
	"installsuffix":    {value: true, refuse: "packages come from --archive and --stdlib only"},
	"k":                {value: true, refuse: "it needs a GOEXPERIMENT"},
	"libgcc":           {value: true, refuse: "no C toolchain takes part in the link"},
	"linkmode":         {value: true, refuse: "golink decides it"},
	"linkshared":       {refuse: "the output is static"},
	"msan":             {refuse: "it needs a C runtime"},
	"n":                {refuse: "it has no effect"},
	"o":                {value: true, refuse: "use -o of golink"},
	"pluginpath":       {value: true, refuse: "plugins need a dynamic loader"},
	"r":                {value: true, refuse: "the output has no dynamic loader"},
	"race":             {refuse: "it needs a C runtime"},
	"tmpdir":           {value: true, refuse: "golink makes and removes it"},
}

// HasValue reports whether the flag of cmd/link with that name takes a value.
func HasValue(name string) bool { return ldflags[name].value }

// checkLdflags checks extra flags for cmd/link, each element one argument, and
// returns them in "-name=value" form. All offenders are named in the error.
func checkLdflags(args []string) ([]string, error) {
	var out []string
	var errs []error
	for i := 0; i < len(args); i++ {
		a := args[i]
		body := strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-")
		name, value, hasValue := strings.Cut(body, "=")
		f, known := ldflags[name]
		switch {
		case body == a || name == "":
			errs = append(errs, fmt.Errorf("linker option %q: not a flag", a))
			continue
		case !known:
			errs = append(errs, fmt.Errorf("linker option %q: unknown to the verified Go releases", a))
			continue
		}
		if f.value && !hasValue {
			if i++; i == len(args) {
				errs = append(errs, fmt.Errorf("linker option %q: its value is missing", a))
				continue
			}
			value, hasValue = args[i], true
		}
		switch {
		case f.refuse != "":
			errs = append(errs, fmt.Errorf("linker option -%s: refused: %s", name, f.refuse))
		case hasValue:
			out = append(out, "-"+name+"="+value)
		default:
			out = append(out, "-"+name)
		}
	}
	return out, errors.Join(errs...)
}

// readLdflags checks c.Ldflags, and takes what fields of c say as well out of them.
func (c *Config) readLdflags() error {
	args, err := checkLdflags(c.Ldflags)
	c.Ldflags = slices.DeleteFunc(args, func(arg string) bool {
		c.StripSymbols = c.StripSymbols || arg == "-s"
		c.StripDWARF = c.StripDWARF || arg == "-w"
		return arg == "-s" || arg == "-w"
	})
	return err
}
