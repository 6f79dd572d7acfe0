package gobuild

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
)

// valueFlags are the flags of go build that take a value, which may be the argument after them.
var valueFlags = []string{
	"C", "p", "o", "asmflags", "buildvcs", "compiler", "coverpkg", "covermode", "gccgoflags", "gcflags", "installsuffix", "ldflags", "mod",
	"modfile", "overlay", "pgo", "pkgdir", "tags", "toolexec",
}

// refused are flags of go build that cannot be combined with what golink does.
var refused = map[string]string{
	"toolexec": "golink is the toolexec program: run go build -toolexec yourself",
	"race":     "it needs cgo, and so a libc",
	"msan":     "it needs cgo, and so a libc",
	"asan":     "it needs cgo, and so a libc",
	"compiler": "golink links what the gc compiler made",
}

// Build is "golink build": it runs go build, by the command named goCommand, with golink as its tools. An error that the go command
// has printed is an ExitError.
func Build(goCommand string, args []string) error {
	o := NewOptions()
	fs := o.Flags("golink build")
	goFlags, packages, err := split(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		return cli.Help{Flags: fs}
	}
	if err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	if err := o.absolute(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var toolexec []string
	for _, word := range append([]string{self, "toolexec"}, o.Args()...) {
		quoted, err := cmdlink.QuoteWord(word)
		if err != nil {
			return err
		}
		toolexec = append(toolexec, quoted)
	}
	if err := setEnvironment(); err != nil {
		return err
	}
	command := []string{"build"}
	if len(goFlags) > 0 && isFlag(goFlags[0], "C") { // must be the first
		n := 1
		if !strings.Contains(goFlags[0], "=") {
			n = min(2, len(goFlags))
		}
		command = append(command, goFlags[:n]...)
		goFlags = goFlags[n:]
	}
	command = append(command, "-trimpath", "-toolexec="+strings.Join(toolexec, " "))
	return run(goCommand, slices.Concat(command, goFlags, packages), os.Stdout)
}

// setEnvironment sets what a program for Linux without cgo needs.
func setEnvironment() error {
	if goos := os.Getenv("GOOS"); goos != "" && goos != "linux" {
		return fmt.Errorf("GOOS=%s: golink makes programs for Linux: unset GOOS, or use go build", goos)
	}
	return errors.Join(os.Setenv("GOOS", "linux"), os.Setenv("CGO_ENABLED", "0"))
}

func isFlag(arg, name string) bool {
	flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && flag == name
}

// split gives the flags of fs to fs, and returns the flags of go build and what follows the flags.
func split(fs *flag.FlagSet, args []string) (goFlags, packages []string, err error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-") || arg == "-" || arg == "--" {
			return goFlags, args[i:], nil
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		own := fs.Lookup(name) != nil
		words := []string{arg}
		if (own || slices.Contains(valueFlags, name)) && !hasValue && i+1 < len(args) && name != "buildvcs" {
			i++
			words = append(words, args[i])
		}
		switch why, bad := refused[name]; {
		case name == "h" || name == "help":
			return nil, nil, flag.ErrHelp
		case bad:
			return nil, nil, fmt.Errorf("golink build: -%s: %s", name, why)
		case own:
			if err := fs.Parse(words); err != nil {
				return nil, nil, fmt.Errorf("golink build: %w", err)
			}
		default:
			goFlags = append(goFlags, words...)
		}
	}
	return goFlags, nil, nil
}

// Before and After are what the help says before and after the flags.
const (
	Before = `Golink build compiles the packages named by the import paths, along with their
dependencies, by the go command, and links the main packages into static
executables for Linux: without a libc, without a dynamic loader, stripped, and
checked by the rules of linkcheck. Nothing is installed but the Go SDK.

It is go build with golink as its linker: packages, patterns and build flags are
those of 'go help build' and 'go help packages', modules, workspaces, vendor
directories and the build cache work as ever, and GOARCH, GOAMD64, GOARM64,
GORISCV64, GOFIPS140, GOFLAGS and go.env are honoured. What differs:

	GOOS is linux, and CGO_ENABLED is 0.
	-trimpath is the default; -trimpath=false keeps the paths of this machine.
	-race, -msan, -asan, -toolexec and -compiler are refused.

A program that is up to date is not linked again: when nothing has changed, golink
itself and its flags included. There is no program when the check fails.

The flags are, besides those of go build:`
	After = `With -reports=DIR a program NAME leaves in DIR:

	NAME.linkcheck.json  what was checked, and what was found
	NAME.sizes.json      what every byte is for
	NAME.sizes.html      the same as a page with a treemap
	NAME.debug           debug information, for debuggers (unless -ldflags has -w or -s)
	NAME.symbols         with -traceback=external: what symbolize needs to read tracebacks

Other commands of go take golink as well, by

	go build -toolexec='golink toolexec [flags]' -trimpath [build flags] [packages]

with GOOS=linux and CGO_ENABLED=0, and the flags above.

Examples:

	golink build ./cmd/server
	GOARCH=riscv64 golink build -buildmode=exe -o server.riscv64 ./cmd/server
	golink build -traceback=external -pack=lz4 -reports=out -o bin/ ./cmd/...

See also: go help build, golink link -h, linkcheck -h.`
)
