package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// writeProgram copies the test program for a release. A file with what only 1.27 has is stored under a name that gofmt of older
// releases, which fails on its syntax, does not read.
func (r *release) writeProgram() error {
	r.source = filepath.Join(r.dir, "program")
	if err := os.CopyFS(r.source, os.DirFS(r.bench.source)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(r.source, "newer_go1.27.txt"), filepath.Join(r.source, "newer_go1.27.go")); err != nil {
		return err
	}
	wants := []string{"want.txt"}
	if r.is127() {
		wants = append(wants, "want_go1.27.txt")
	}
	for _, name := range wants {
		text, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return err
		}
		r.want += string(text)
	}
	return nil
}

// is127 reports whether the release has what is new in 1.27.
func (r *release) is127() bool { return !strings.HasPrefix(r.name, "1.26.") }

const limit = 2 * time.Minute // of one run

// start runs a program with arg, by an emulator if it needs one, and returns its output and exit status.
func (s *subject) start(path, arg string) (string, int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := []string{path, arg}
	if e := s.emulators[s.arch]; e != "" {
		args = append([]string{e}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=single")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return out.String(), exit.ExitCode(), nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s %s: %w\n%s", filepath.Base(path), arg, err, out.String())
	}
	return out.String(), 0, nil
}

// work checks what a program prints.
func (s *subject) work(path string) error {
	out, status, err := s.start(path, "work")
	if err == nil && (out != s.want || status != 0) {
		err = fmt.Errorf("work: exit status %d, %s", status, difference(out, s.want))
	}
	return err
}

// panic returns the traceback of a program.
func (s *subject) panic(path string) (string, error) {
	out, status, err := s.start(path, "panic")
	if err == nil && status != 2 {
		err = fmt.Errorf("panic: exit status %d, want 2; printed\n%s", status, out)
	}
	return out, err
}

// difference says where two texts first differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d: %q, want %q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

var (
	number   = regexp.MustCompile(`0x[0-9a-f]+`)
	position = regexp.MustCompile(`^\t\S+:[0-9]+`)
)

// mask replaces in a traceback what differs from run to run, which are numbers in arguments; without arguments these too, and
// without lines, places in sources.
func mask(text string, arguments, lines bool) string {
	var out []string
	frames := false
	for line := range strings.SplitSeq(text, "\n") {
		open := strings.LastIndex(line, "(")
		switch {
		case strings.HasPrefix(line, "goroutine "):
			frames = true
		case strings.HasPrefix(line, "\t"):
			if frames && !lines {
				line = position.ReplaceAllString(line, "\t?:0")
			}
		case frames && open >= 0 && !arguments:
			line = line[:open] + "(...)"
		case frames:
			line = number.ReplaceAllString(line, "0x")
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
