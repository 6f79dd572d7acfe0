package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
	"github.com/go3s/rules_go3s/internal/strip"
)

// A config is a command line taken apart.
type config struct {
	options strip.Options
	files   []string

	output        string   // "" means in place
	debugLink     string   // path of the file to link to, "" for none
	targets       []string // names of formats that the files must have
	dumps         []dump
	traceback     *pcln.Tier // nil when the tables stay
	symbolsFile   string     // path of the side file to write, "" for none
	unverifiedGo  goabi.Unverified
	sdkVerdict    string // file; "" for none
	preserveDates bool
	pack, unpack  bool
	verbose       bool
	quiet         bool // no progress
	help, version bool
	info          bool

	asked        bool // an option says what to remove; without any, all goes
	wildcard     bool
	keepSymbols  []string // patterns if wildcard, else names; -w may come later
	stripSymbols []string
}

// An option is one row of the table of options. Names have their dashes.
type option struct {
	names []string
	arg   string // what the argument is called in the help, "" when there is none
	help  string
	set   func(c *config, arg string) error
}

// values returns the words that the argument can be, with bars between them and in lower case, or nil for other arguments.
func (o *option) values() []string {
	if o.arg == "" || strings.ToLower(o.arg) != o.arg {
		return nil
	}
	return strings.Split(o.arg, "|")
}

// mode returns the setter for an option that chooses what is removed.
func mode(m strip.Mode) func(*config, string) error {
	return func(c *config, _ string) error {
		c.options.Mode, c.asked = m, true
		return nil
	}
}

func discard(d strip.Discard) func(*config, string) error {
	return func(c *config, _ string) error {
		c.options.Discard, c.asked = d, true
		return nil
	}
}

func boolean(field func(*config) *bool) func(*config, string) error {
	return func(c *config, _ string) error {
		*field(c) = true
		return nil
	}
}

// options is the table: one row per option, in the order of the help.
var options = []option{
	{[]string{"-s", "--strip-all"}, "", "remove all symbols and debug sections (the default)", mode(strip.All)},
	{[]string{"-g", "-S", "-d", "--strip-debug"}, "", "remove debug sections and the symbols of files and sections", mode(strip.Debug)},
	{[]string{"--strip-unneeded"}, "", "remove what linking again does not need: of an executable, the same as --strip-all", mode(strip.Unneeded)},
	{[]string{"-x", "--discard-all"}, "", "remove local symbols and debug sections", discard(strip.DiscardLocals)},
	{[]string{"-X", "--discard-locals"}, "", "remove local symbols whose names start with .L or ..", discard(strip.DiscardLabels)},
	{[]string{"-N", "--strip-symbol"}, "SYMBOL", "remove the symbol (more than one allowed)", func(c *config, arg string) error {
		c.stripSymbols, c.asked = append(c.stripSymbols, arg), true
		return nil
	}},
	{[]string{"--strip-symbols"}, "FILE", "as --strip-symbol, for each line of FILE", fromFile(func(c *config, name string) {
		c.stripSymbols, c.asked = append(c.stripSymbols, name), true
	})},
	{[]string{"--strip-unneeded-symbol"}, "SYMBOL", "the same as --strip-symbol: an executable needs no symbol", func(c *config, arg string) error {
		c.stripSymbols, c.asked = append(c.stripSymbols, arg), true
		return nil
	}},
	{[]string{"--strip-unneeded-symbols"}, "FILE", "the same as --strip-symbols", fromFile(func(c *config, name string) {
		c.stripSymbols, c.asked = append(c.stripSymbols, name), true
	})},
	{[]string{"-K", "--keep-symbol"}, "SYMBOL", "keep the symbol, whatever else is said (more than one allowed)", func(c *config, arg string) error {
		c.keepSymbols = append(c.keepSymbols, arg)
		return nil
	}},
	{[]string{"--keep-symbols"}, "FILE", "as --keep-symbol, for each line of FILE", fromFile(func(c *config, name string) {
		c.keepSymbols = append(c.keepSymbols, name)
	})},
	{[]string{"--keep-file-symbols"}, "", "keep symbols that name source files", boolean(func(c *config) *bool { return &c.options.KeepFileSymbols })},
	{[]string{"--keep-section-symbols"}, "", "keep symbols that name sections", boolean(func(c *config) *bool { return &c.options.KeepSectionSymbols })},
	{[]string{"--keep-govulncheck"}, "", "add the symbol go:func.* to a file that lost it; removes nothing by itself", func(c *config, _ string) error {
		c.options.AddGoFunc, c.asked = true, true
		return nil
	}},
	{[]string{"--no-keep-go-func"}, "", "do not keep the symbol go:func.*, without which govulncheck cannot see functions", boolean(func(c *config) *bool { return &c.options.DropGoFunc })},
	{[]string{"-w", "--wildcard"}, "", "SYMBOL is a shell pattern; one that starts with ! excludes", boolean(func(c *config) *bool { return &c.wildcard })},
	{[]string{"-R", "--remove-section"}, "SECTION", "remove the section, which must not be loaded; a shell pattern (more than one allowed)", func(c *config, arg string) error {
		c.options.RemoveSections.AddGlob(arg)
		return nil
	}},
	{[]string{"--remove-relocations"}, "SECTION", "remove .rel and .rela sections of the section, which must not be loaded", func(c *config, arg string) error {
		for _, prefix := range []string{".rela", ".rel"} {
			name, excluded := strings.CutPrefix(arg, "!")
			if excluded {
				prefix = "!" + prefix
			}
			c.options.RemoveSections.AddGlob(prefix + name)
		}
		c.asked = true
		return nil
	}},
	{[]string{"--strip-dwo"}, "", "remove sections whose names end in .dwo", func(c *config, _ string) error {
		c.options.RemoveSections.AddGlob("*.dwo")
		c.asked = true
		return nil
	}},
	{[]string{"--keep-section"}, "SECTION", "keep the section, whatever else is said; a shell pattern (more than one allowed)", func(c *config, arg string) error {
		c.options.KeepSections.AddGlob(arg)
		return nil
	}},
	{[]string{"--only-keep-debug"}, "", "write a file for debuggers: all symbols and debug sections, no program", func(c *config, _ string) error {
		c.options.OnlyKeepDebug, c.asked = true, true
		return nil
	}},
	{[]string{"--add-gnu-debuglink"}, "FILE", "add a section .gnu_debuglink that names FILE, a file for debuggers", func(c *config, arg string) error {
		c.debugLink = arg
		return nil
	}},
	{[]string{"--add-section"}, "SECTION=FILE", "add FILE as a section that is not loaded; removes nothing by itself", contents(func(c *config, s strip.Contents) {
		c.options.Edits.Add = append(c.options.Edits.Add, s)
	})},
	{[]string{"--update-section"}, "SECTION=FILE", "give a section that is not loaded FILE as contents; removes nothing by itself", contents(func(c *config, s strip.Contents) {
		c.options.Edits.Update = append(c.options.Edits.Update, s)
	})},
	{[]string{"--dump-section"}, "SECTION=FILE", "write the contents of the section to FILE; removes nothing by itself", func(c *config, arg string) error {
		section, file, err := pair(arg, "SECTION=FILE")
		c.dumps, c.asked = append(c.dumps, dump{section, file}), true
		return err
	}},
	{[]string{"--rename-section"}, "OLD=NEW", "rename a section that Go does not find by its name; removes nothing by itself", func(c *config, arg string) error {
		old, name, err := pair(arg, "OLD=NEW")
		if err == nil && strings.Contains(name, ",") {
			err = fmt.Errorf("%q: want OLD=NEW without flags: those of sections have no effect on a program", arg)
		}
		c.options.Edits.Rename, c.asked = append(c.options.Edits.Rename, strip.Renaming{Old: old, New: name}), true
		return err
	}},
	{[]string{"--pack"}, "lz4", "after stripping, make a program that unpacks itself when it starts; see docs/packing.md", func(c *config, arg string) error {
		if arg != "lz4" {
			return fmt.Errorf("--pack: format %q: want lz4", arg)
		}
		c.pack = true
		return nil
	}},
	{[]string{"--unpack"}, "", "write the file that was packed, the same bytes; nothing is stripped", boolean(func(c *config) *bool { return &c.unpack })},
	{[]string{"--traceback"}, "full|functions|external", "make the runtime tables of a Go program smaller; see docs/traceback.md", func(c *config, arg string) error {
		tier, err := pcln.ParseTier(arg)
		if err != nil {
			return fmt.Errorf("--traceback: %w", err)
		}
		c.traceback = &tier
		return nil
	}},
	{[]string{"--symbols-file"}, "FILE", "with --traceback=external: write to FILE what the command symbolize puts back into tracebacks", func(c *config, arg string) error {
		if arg == "" {
			return errors.New("--symbols-file: the name of the file is empty")
		}
		c.symbolsFile = arg
		return nil
	}},
	{[]string{"--" + goabi.UnverifiedFlag}, "refuse|warn", "with --traceback: " + goabi.UnverifiedUsage, func(c *config, arg string) error {
		if err := c.unverifiedGo.Set(arg); err != nil {
			return fmt.Errorf("--%s=%s: %w", goabi.UnverifiedFlag, arg, err)
		}
		return nil
	}},
	{[]string{"--" + sdkcheck.VerdictFlag}, "FILE", "with --traceback: hold the Go SDK that made the program to FILE, a verdict of linkcheck sdkcheck", func(c *config, arg string) error {
		c.sdkVerdict = arg
		return nil
	}},
	{[]string{"-o", "--output-file"}, "FILE", "write to FILE, and leave the input as it is", func(c *config, arg string) error {
		if arg == "" {
			return errors.New("-o: the name of the output file is empty")
		}
		c.output = arg
		return nil
	}},
	{[]string{"-p", "--preserve-dates"}, "", "give the output the input's time of modification", boolean(func(c *config) *bool { return &c.preserveDates })},
	{[]string{"-F", "--target"}, "FORMAT", "refuse files that are not of the format; --info lists them", target},
	{[]string{"-I", "--input-target"}, "FORMAT", "the same as --target", target},
	{[]string{"-O", "--output-target"}, "FORMAT", "the same as --target: output has the format of the input", target},
	{[]string{"-D", "--enable-deterministic-archives"}, "", "accepted: output is always deterministic", ignore},
	{[]string{"-U", "--disable-deterministic-archives"}, "", "accepted: it is about archives, which elfstrip does not take", ignore},
	{[]string{"-M", "--merge-notes"}, "", "accepted: it is about notes of a plugin of GCC, which Go does not write; all notes are kept", ignore},
	{[]string{"--no-merge-notes"}, "", "accepted: all notes are kept", ignore},
	{[]string{"--quiet"}, "", "show no progress", boolean(func(c *config) *bool { return &c.quiet })},
	{[]string{"-v", "--verbose"}, "", "say what is written, and its size", boolean(func(c *config) *bool { return &c.verbose })},
	{[]string{"-V", "--version"}, "", "print the version and stop", boolean(func(c *config) *bool { return &c.version })},
	{[]string{"--info"}, "", "print the formats that are supported and stop", boolean(func(c *config) *bool { return &c.info })},
	{[]string{"-h", "--help"}, "", "print this help and stop", boolean(func(c *config) *bool { return &c.help })},
}

// parseArgs takes a command line apart as getopt_long does: options and files
// in any order, "--" before files that start with a dash, short options
// combined ("-sx"), arguments attached ("-oFILE", "--output-file=FILE") or not,
// long names shortened as long as they are unique.
func parseArgs(args []string) (*config, error) {
	c := &config{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		var err error
		switch {
		case arg == "--":
			c.files = append(c.files, args...)
			args = nil
		case strings.HasPrefix(arg, "--"):
			args, err = c.parseLong(arg, args)
		case strings.HasPrefix(arg, "-") && arg != "-":
			args, err = c.parseShort(arg, args)
		default:
			c.files = append(c.files, arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, c.finish()
}

func (c *config) parseLong(arg string, rest []string) ([]string, error) {
	name, value, attached := strings.Cut(arg, "=")
	o, err := findLong(name)
	switch {
	case err != nil:
		return nil, err
	case o.arg == "" && attached:
		return nil, fmt.Errorf("option %s takes no argument, found %q", name, value)
	case o.arg != "" && !attached:
		if len(rest) == 0 {
			return nil, fmt.Errorf("option %s wants an argument %s", name, o.arg)
		}
		value, rest = rest[0], rest[1:]
	}
	return rest, o.set(c, value)
}

// findLong finds the option with that long name or unique start of one.
func findLong(name string) (*option, error) {
	var found []string
	var o *option
	for i := range options {
		for _, n := range options[i].names {
			if n == name {
				return &options[i], nil
			}
			if strings.HasPrefix(n, name) && strings.HasPrefix(n, "--") {
				found, o = append(found, n), &options[i]
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, unknown(name)
	case 1:
		return o, nil
	}
	return nil, fmt.Errorf("option %s could be any of %s", name, strings.Join(found, ", "))
}

func (c *config) parseShort(arg string, rest []string) ([]string, error) {
	for i := 1; i < len(arg); i++ {
		o := findShort("-" + arg[i:i+1])
		if o == nil {
			return nil, fmt.Errorf("%w in %q", unknown("-"+arg[i:i+1]), arg)
		}
		if o.arg == "" {
			if err := o.set(c, ""); err != nil {
				return nil, err
			}
			continue
		}
		if value := arg[i+1:]; value != "" {
			return rest, o.set(c, value)
		}
		if len(rest) == 0 {
			return nil, fmt.Errorf("option -%s wants an argument %s", arg[i:], o.arg)
		}
		return rest[1:], o.set(c, rest[0])
	}
	return rest, nil
}

func findShort(name string) *option {
	for i := range options {
		for _, n := range options[i].names {
			if n == name {
				return &options[i]
			}
		}
	}
	return nil
}

// finish checks what depends on several options.
func (c *config) finish() error {
	if c.help || c.version || c.info {
		return nil
	}
	if len(c.files) == 0 {
		return errors.New("no input file")
	}
	if c.output != "" && len(c.files) > 1 {
		return fmt.Errorf("-o names one output, but there are %d input files", len(c.files))
	}
	if c.options.AddGoFunc && c.options.DropGoFunc {
		return errors.New("--keep-govulncheck adds the symbol that --no-keep-go-func removes: use one of both")
	}
	if c.unpack && (c.asked || c.pack || c.debugLink != "" || !c.options.RemoveSections.Empty()) {
		return errors.New("--unpack gives back what was packed: it cannot be combined with --pack or with options that remove or add something")
	}
	if c.pack && c.options.OnlyKeepDebug {
		return errors.New("--only-keep-debug writes no program that --pack could pack: run elfstrip twice")
	}
	if c.options.OnlyKeepDebug {
		if c.options.Mode != strip.None || c.options.Discard != strip.DiscardNone || len(c.stripSymbols) > 0 {
			return errors.New("--only-keep-debug keeps all symbols: it cannot be combined with options that remove some")
		}
		if c.debugLink != "" {
			return errors.New("--add-gnu-debuglink is for the program, --only-keep-debug for the file it links to: run elfstrip twice")
		}
	}
	if err := c.checkTraceback(); err != nil {
		return err
	}
	if !c.asked {
		c.options.Mode = strip.All
	}
	add := func(p *strip.Patterns, symbols []string) {
		for _, s := range symbols {
			if c.wildcard {
				p.AddGlob(s)
			} else {
				p.AddName(s)
			}
		}
	}
	add(&c.options.KeepSymbols, c.keepSymbols)
	add(&c.options.StripSymbols, c.stripSymbols)
	return nil
}

// before is what the help says before the options.
const before = `Remove symbols and debug information from ELF executables for x86-64, AArch64
and RISC-V. Options have the names and the meaning that GNU strip gives them.
A file is replaced by a new one, whole or not at all. It keeps owner, group and
permissions as far as whoever runs elfstrip may give them, and set-user-ID and
set-group-ID only together with the owner. Unlike with GNU strip, hard links to it
keep the old contents, and capabilities of files are not carried over.`

// tool describes elfstrip.
func tool() *cli.Tool {
	var flags []cli.Flag
	for _, o := range options {
		flags = append(flags, cli.Flag{Names: o.names, Arg: o.arg, Help: o.help, Values: o.values()})
	}
	return &cli.Tool{
		Name: "elfstrip", What: "remove symbols and debug information from ELF executables",
		Commands: []cli.Command{{Usage: "[option]... file...", What: "remove symbols and debug information", Before: before, Flags: flags,
			After: "An argument @FILE is replaced by those in FILE, one a line, in single quotes where it holds spaces or quotes."}},
		Exit: []string{"all went well", "a file was refused, or could not be read or written; it is unchanged then", "the command line is wrong"},
	}
}
