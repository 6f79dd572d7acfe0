// Package elflinker links Go programs by a general ELF linker, GNU ld or LLD, where
// golink's own would do the last step: the linker of the user's choice lays out the
// file, by a linker script if the user has one. It refuses other linkers, options
// that change what kind of file results, and results that are not what golink
// itself would vouch for (link.External.Finish).
package elflinker

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/link"
)

// The flavors of linkers.
const (
	GNU = "gnu" // GNU ld of binutils, also called ld.bfd
	LLD = "lld" // ld.lld of LLVM
)

// A Linker is a linker and what the user asks of it. Paths may be relative to the
// working directory.
type Linker struct {
	Path   string   // the program
	Flavor string   // GNU or LLD; "" takes what the program says it is
	Script string   // linker script; "" for the linker's own layout
	Flags  []string // further options
}

// version is what a linker says of itself.
type version struct {
	flavor       string
	major, minor int
}

// firstLines recognise linkers by the first line of their --version.
var firstLines = sync.OnceValue(func() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		GNU: regexp.MustCompile(`^GNU ld .*?(\d+)\.(\d+)[.0-9-]*$`),
		LLD: regexp.MustCompile(`\bLLD (\d+)\.(\d+)`),
	}
})

// minVersions are the oldest releases with all options that arguments gives.
var minVersions = map[string]version{
	GNU: {GNU, 2, 38}, // -z pack-relative-relocs, which this release knows for x86-64 alone
	LLD: {LLD, 14, 0}, // the oldest one tried
}

// parseVersion reads the output of --version.
func parseVersion(path, text string) (version, error) {
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimSpace(line)
	for flavor, re := range firstLines() {
		m := re.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		v := version{flavor: flavor}
		var err1, err2 error
		v.major, err1 = strconv.Atoi(m[1])
		v.minor, err2 = strconv.Atoi(m[2])
		if err := errors.Join(err1, err2); err != nil {
			return v, fmt.Errorf("external linker %s: version %q: %w", path, line, err)
		}
		if least := minVersions[flavor]; v.major < least.major || v.major == least.major && v.minor < least.minor {
			return v, fmt.Errorf("external linker %s: %q: want at least version %d.%d", path, line, least.major, least.minor)
		}
		return v, nil
	}
	return version{}, fmt.Errorf("external linker %s: it calls itself %q: want GNU ld or LLD for ELF; no other linker was verified", path, line)
}

// command returns the command that starts the linker. exec looks up a name without
// a slash in PATH; we mean the file.
func (l *Linker) command(args ...string) *exec.Cmd {
	path := l.Path
	if !strings.ContainsRune(path, filepath.Separator) {
		path = "." + string(filepath.Separator) + path
	}
	return exec.Command(path, args...)
}

// version asks the program what it is.
func (l *Linker) version() (version, error) {
	out, err := l.command("--version").CombinedOutput()
	if err != nil {
		return version{}, fmt.Errorf("external linker %s: --version: %w: want GNU ld or LLD with all files that it needs\n%s", l.Path, err, bytes.TrimSpace(out))
	}
	v, err := parseVersion(l.Path, string(out))
	if err == nil && l.Flavor != "" && l.Flavor != v.flavor {
		err = fmt.Errorf("external linker %s: it is of flavor %s, want %s as declared", l.Path, v.flavor, l.Flavor)
	}
	return v, err
}

// refusedFlags are options that golink decides, by their names without dashes.
var refusedFlags = map[string]string{
	"o": "golink decides the output", "output": "golink decides the output",
	"T": "use --linker-script", "script": "use --linker-script",
	"e": "golink decides the entry point", "entry": "golink decides the entry point",
	"m":                       "golink decides the machine",
	"r":                       "the output is a program",
	"relocatable":             "the output is a program",
	"shared":                  "the output is a program",
	"Bdynamic":                "the output is static",
	"I":                       "the output has no dynamic loader",
	"dynamic-linker":          "the output has no dynamic loader",
	"pie":                     "use --buildmode",
	"no-pie":                  "use --buildmode",
	"build-id":                "use --build-id-note",
	"Map":                     "use --map",
	"s":                       "use -s of golink",
	"strip-all":               "use -s of golink",
	"S":                       "use -w of golink",
	"strip-debug":             "use -w of golink",
	"gc-sections":             "cmd/link has left out what is not needed, and the linker cannot see all that is",
	"plugin":                  "the link does not take part in compilation",
	"reproduce":               "it writes an undeclared file",
	"dependency-file":         "it writes an undeclared file",
	"print-map":               "use --map",
	"emit-relocs":             "the output is final",
	"compress-debug-sections": "golink compresses DWARF when it is asked to",
	"q":                       "the output is final",
	"pack-dyn-relocs":         "golink decides the form of relocations",
	"no-dynamic-linker":       "golink gives it when it is needed",
}

// CheckFlags refuses options that golink decides itself, and names of files.
func CheckFlags(flags []string) error {
	var errs []error
	for _, f := range flags {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		name, _, _ = strings.Cut(name, " ")
		if why, ok := refusedFlags[name]; ok && strings.HasPrefix(f, "-") {
			errs = append(errs, fmt.Errorf("external linker flag %q: refused: %s", f, why))
		}
		if strings.HasPrefix(f, "@") {
			errs = append(errs, fmt.Errorf("external linker flag %q: refused: give the flags themselves", f))
		}
	}
	return errors.Join(errs...)
}

// Files that Link makes in its directory.
const (
	objectFile = "go3s.o"
	entryFile  = "entry.o"
	scriptFile = "go3s.ld"
	outputFile = "external.out"
)

// gnuScript lays out a program as golink does. GNU ld's own script would put the
// sections that it does not know after .data, and out of RELRO's pages. LLD leaves
// them in the order of the object, which is right. The first address is to fill in.
const gnuScript = `SECTIONS
{
  . = %#x + SIZEOF_HEADERS;
  .note.gnu.build-id : { *(.note.gnu.build-id) }
  .note.go.buildid : { *(.note.go.buildid) }
  .hash : { *(.hash) }
  .gnu.hash : { *(.gnu.hash) }
  .dynsym : { *(.dynsym) }
  .dynstr : { *(.dynstr) }
  .relr.dyn : { *(.relr.dyn) }
  .rela.dyn : { *(.rela.*) }
  .rodata : { *(.rodata) }
  .gopclntab : { *(.gopclntab) }
  .typelink : { *(.typelink) }
  .itablink : { *(.itablink) }

  /* Pages of its own in memory, at the same offset in the page as in the file, and pages of 4 KiB of its own in the file. */
  . = ALIGN(4096);
  . = ALIGN(CONSTANT(MAXPAGESIZE)) + (. & (CONSTANT(MAXPAGESIZE) - 1));
  .text : { *(.text) . = ALIGN(4096); } =0

  . = DATA_SEGMENT_ALIGN(CONSTANT(MAXPAGESIZE), CONSTANT(COMMONPAGESIZE));
  .tbss : { *(.tbss) }
  .data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) }
  .dynamic : { *(.dynamic) }
  .got : { *(.got .got.plt) }
  . = DATA_SEGMENT_RELRO_END(0, .);
  .go.buildinfo : { *(.go.buildinfo) }
  .go.fipsinfo : { *(.go.fipsinfo) }
  .go.module : { *(.go.module) }
  .noptrdata : { *(.noptrdata) }
  .data : { *(.data) }
  .bss : { *(.bss) }
  .noptrbss : { *(.noptrbss) }
  . = DATA_SEGMENT_END(.);
}
`

// exeBase is the first address of a program that is not a PIE, as cmd/link has it.
const exeBase = 0x400000

// script returns gnuScript for a PIE or a program at a fixed address.
func script(pie bool) string {
	if pie {
		return fmt.Sprintf(gnuScript, 0)
	}
	return fmt.Sprintf(gnuScript, exeBase)
}

// arguments returns the linker's arguments for files in dir. mapFile may be "".
func (l *Linker) arguments(v version, e *link.External, opt link.Options, dir, mapFile string) []string {
	page := strconv.FormatUint(e.PageSize(), 10)
	args := []string{
		"-m", e.Emulation(),
		"-static",
		"-e", link.EntrySymbol,
		"-z", "noexecstack",
		"-z", "relro",
		"-z", "now",
		"-z", "separate-code",
		"-z", "max-page-size=" + page,
		"--build-id=" + e.BuildIDFlag(),
	}
	if opt.PIE {
		args = append(args, "-pie", "--no-dynamic-linker", "-z", "text")
		switch {
		case v.flavor == LLD:
			args = append(args, "--pack-dyn-relocs=relr")
		case e.GOARCH() == "amd64":
			args = append(args, "-z", "pack-relative-relocs")
		}
	}
	if v.flavor == GNU { // RELRO ends with a page of this size; LLD pads it itself
		args = append(args, "-z", "common-page-size="+page)
	}
	if v.flavor == GNU && e.GOARCH() == "riscv64" {
		args = append(args, "--no-relax") // Go's tables hold distances in the code
	}
	switch {
	case opt.StripSymbols:
		args = append(args, "-s")
	case opt.StripDWARF:
		args = append(args, "-S")
	}
	if opt.CompressDWARF {
		args = append(args, "--compress-debug-sections=zlib")
	}
	if mapFile != "" {
		args = append(args, "-Map="+mapFile)
	}
	switch {
	case l.Script != "":
		args = append(args, "-T", l.Script)
	case v.flavor == GNU:
		args = append(args, "-T", filepath.Join(dir, scriptFile))
	}
	args = append(args, l.Flags...)
	return append(args, "-o", filepath.Join(dir, outputFile), filepath.Join(dir, objectFile), filepath.Join(dir, entryFile))
}

// Link links the relocatable object data, go.o of cmd/link, and returns the finished
// program and what the linker printed. name is for messages. It makes files in the
// directory dir, and the linker's map in mapFile unless that is "".
func (l *Linker) Link(name string, data []byte, opt link.Options, dir, mapFile string) (image []byte, warnings string, err error) {
	if err := CheckFlags(l.Flags); err != nil {
		return nil, "", err
	}
	e, err := link.Prepare(name, data, opt)
	if err != nil {
		return nil, "", err
	}
	v, err := l.version()
	if err != nil {
		return nil, "", err
	}
	for file, text := range map[string][]byte{objectFile: e.Object, entryFile: e.Entry, scriptFile: []byte(script(opt.PIE))} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o666); err != nil {
			return nil, "", err
		}
	}
	args := l.arguments(v, e, opt, dir, mapFile)
	cmd := l.command(args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, "", fmt.Errorf("external linker %s for linux/%s: %w: is it one for that machine, and capable of static links?\n%s\narguments: %q", l.Path, e.GOARCH(), err, bytes.TrimSpace(out), args)
	}
	image, err = os.ReadFile(filepath.Join(dir, outputFile))
	if err != nil {
		return nil, "", fmt.Errorf("external linker %s ended without an output: %w", l.Path, err)
	}
	image, err = e.Finish("output of "+l.Path, image)
	if err != nil {
		return nil, "", fmt.Errorf("%w\nlinker arguments: %q", err, args)
	}
	return image, string(out), nil
}
