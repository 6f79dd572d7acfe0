package gobuild

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// sharedTools are the tools that make code, and of which golink wants code that fits a position-independent program. It fits one at a
// fixed address as well, so that both share what the go command caches.
var sharedTools = []string{"compile", "asm"}

// An ExitError is the exit status of a tool that has said what is wrong.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Toolexec does what the go command asks of the tool command[0] with the arguments after it, as -toolexec wants it.
func Toolexec(o *Options, command []string) error {
	if len(command) == 0 {
		return errors.New("golink toolexec: want the command line of a tool of the Go SDK: give this to go build as -toolexec")
	}
	if err := o.check(); err != nil {
		return err
	}
	tool, args := command[0], command[1:]
	name := strings.TrimSuffix(filepath.Base(tool), ".exe")
	shared, version := slices.Contains(sharedTools, name), slices.Contains(args, "-V=full")
	switch {
	case version && (shared || name == "link"):
		return printVersion(o, tool, name, args)
	case name == "link":
		return link(o, tool, args)
	case shared:
		args = append([]string{"-shared"}, args...)
	}
	return run(tool, args, os.Stdout)
}

func run(tool string, args []string, stdout io.Writer) error {
	cmd := exec.Command(tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, os.Stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return ExitError(max(exit.ExitCode(), 1))
	}
	return err
}

// printVersion prints the version of a tool, with what golink makes of it.
func printVersion(o *Options, tool, name string, args []string) error {
	var b bytes.Buffer
	if err := run(tool, args, &b); err != nil {
		return err
	}
	id := "shared"
	if name == "link" {
		var err error
		if id, err = o.id(); err != nil {
			return err
		}
	}
	// Of a development version the go command reads the last word only, from its last slash on.
	line := strings.TrimSpace(b.String())
	if i := strings.LastIndex(line, " buildID="); i >= 0 {
		_, err := fmt.Printf("%s%s golink %s-%s\n", line[:i], line[i:], id, line[i+1:])
		return errors.Join(err)
	}
	_, err := fmt.Printf("%s golink %s\n", line, id)
	return err
}

// id returns a word that is another one when golink, an option, or a file that one names is.
func (o *Options) id() (string, error) {
	h := sha256.New()
	var files []string
	info, _ := debug.ReadBuildInfo()
	if v := version(info); v != "" {
		fmt.Fprintln(h, v)
	} else {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		files = append(files, self)
	}
	if o.Policy != "" {
		files = append(files, o.Policy)
	}
	for _, spec := range slices.Concat(o.Sections, o.Notes) {
		if _, file, ok := strings.Cut(spec, "="); ok {
			files = append(files, file)
		}
	}
	for _, file := range files {
		data, err := inputfile.Read(file, inputfile.Data)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n", len(data))
		h.Write(data)
	}
	fmt.Fprintf(h, "%q", o.Args())
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15]), nil
}

// version identifies the golink with this build information, the same on all machines: by its version, if that determines all of its
// sources, and the release of Go that compiled it. It returns "" if the sources may be any, or info is nil.
func version(info *debug.BuildInfo) string {
	if info == nil || info.Main.Version == "" || info.Main.Version == "(devel)" || strings.HasSuffix(info.Main.Version, "+dirty") ||
		slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Replace != nil }) {
		return ""
	}
	return info.Main.Path + "@" + info.Main.Version + " " + info.GoVersion
}
