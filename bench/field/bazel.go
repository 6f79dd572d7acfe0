package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// bazel runs Bazel in a workspace, with an output base of its own that goes when the program is done.
type bazel struct {
	wrapper   string
	dir, base string
	log       *os.File // of what Bazel says
}

// command runs Bazel and returns its standard output. The error has the errors that Bazel prints.
func (b *bazel) command(args ...string) (string, error) {
	cmd := exec.Command(b.wrapper, append([]string{"--output_base=" + b.base}, args...)...)
	cmd.Dir = b.dir
	start, err := b.log.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	cmd.Stderr = b.log
	out, err := cmd.Output()
	if err == nil {
		return string(out), nil
	}
	said, readErr := os.ReadFile(b.log.Name())
	if readErr != nil || int64(len(said)) < start {
		return "", errors.Join(err, readErr)
	}
	return string(out), fmt.Errorf("bazelw %s: %w\n%s", args[0], err, problems(string(said[start:])))
}

var errorLine = regexp.MustCompile(`^(ERROR|Error|FATAL)\b`)

// problems returns the lines of Bazel's output that begin an error, with what follows up to the next message.
func problems(said string) string {
	const most = 60
	var out []string
	inside := false
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\n")
		switch {
		case errorLine.MatchString(line):
			inside = true
		case line == "" || strings.HasPrefix(line, "INFO:") || strings.HasPrefix(line, "WARNING:") || strings.HasPrefix(line, "Analyzing") || strings.HasPrefix(line, "["):
			inside = false
		}
		if inside && len(out) < most {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// binary returns the label of the go_binary that Gazelle has made of a package.
func (b *bazel) binary(repo, pkg string) (string, error) {
	out, err := b.command("query", "--color=no", "--curses=no", fmt.Sprintf("kind('^go_binary rule$', @%s//%s:all)", repo, pkg))
	if err != nil {
		return "", err
	}
	labels := strings.Fields(out)
	if len(labels) != 1 {
		return "", fmt.Errorf("@%s//%s: Gazelle made %d go_binary targets %v, want 1", repo, pkg, len(labels), labels)
	}
	return labels[0], nil
}

// reports are the output groups that are built beside the programs.
const reports = "--output_groups=+linkcheck_report,+compare_report"

func targets() []string {
	var out []string
	for _, m := range modes {
		out = append(out, "//:"+m.name)
	}
	return out
}

// files returns where the files of all modes are, built or not, by their names. The options are those of the build: with others Bazel would
// analyse all again.
func (b *bazel) files(options ...string) (map[string]string, error) {
	args := append([]string{"cquery", "--color=no", "--curses=no", "--output=files", reports}, options...)
	out, err := b.command(append(args, strings.Join(targets(), " + "))...)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for path := range strings.FieldsSeq(out) {
		files[filepath.Base(path)] = filepath.Join(b.dir, path)
	}
	return files, nil
}

// buildAll builds all modes, with reports. It fails with what Bazel says, also when all files were built and a check failed.
func (b *bazel) buildAll(options ...string) error {
	args := append([]string{"build", "--color=no", "--curses=no", "--show_result=0", "--keep_going", "--spawn_strategy=local", reports}, options...)
	_, err := b.command(append(args, targets()...)...)
	return err
}

// remove ends Bazel and removes its output base, which is read-only in parts.
func (b *bazel) remove() error {
	_, err := b.command("clean", "--expunge")
	walkErr := filepath.WalkDir(b.base, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o777)
		}
		return err
	})
	if errors.Is(walkErr, os.ErrNotExist) {
		walkErr = nil
	}
	return errors.Join(err, walkErr, os.RemoveAll(b.base))
}
