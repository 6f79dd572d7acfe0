package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// A peer is another program that judges ELF files.
type peer struct {
	name    string
	command []string // without the file
	version []string
	// digest shortens what it prints to a cell of the table.
	digest func(stdout string) string
}

var peers = []peer{
	{"checksec", []string{"checksec", "--output=json", "--file"}, []string{"checksec", "--version"}, checksec},
	{"hardening-check", []string{"hardening-check", "--nocolor"}, []string{"dpkg-query", "-W", "-f", "${Version}", "devscripts"}, hardeningCheck},
	{"scanelf", []string{"scanelf", "-BF", "%o %e %t %r %n"}, []string{"scanelf", "--version"}, scanelf},
	{"eu-elflint", []string{"eu-elflint", "--gnu-ld"}, []string{"eu-elflint", "--version"}, elflint},
}

// ask returns the peer's word on the file.
func (p peer) ask(file string) string {
	if _, err := exec.LookPath(p.command[0]); err != nil {
		return "not installed"
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.command[0], append(p.command[1:], file)...)
	if p.name == "checksec" {
		cmd = exec.CommandContext(ctx, p.command[0], p.command[1], p.command[2]+"="+file)
	}
	out, err := cmd.Output()
	word := p.digest(strings.ReplaceAll(string(out), file, "FILE"))
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if code := exit.ExitCode(); code < 0 {
			word = strings.TrimSpace(word + " " + exit.ProcessState.String())
		} else if word == "" {
			word = fmt.Sprintf("exit %d", code)
		}
	}
	if word == "" {
		word = "says nothing"
	}
	return word
}

// checksec prints an object with one member by file.
func checksec(out string) string {
	var files map[string]map[string]string
	if json.Unmarshal([]byte(out), &files) != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
		return shorten(line)
	}
	for _, f := range files {
		return fmt.Sprintf("relro %s, nx %s, pie %s", f["relro"], f["nx"], f["pie"])
	}
	return ""
}

// hardeningCheck keeps three lines of the report.
func hardeningCheck(out string) string {
	var words []string
	for _, row := range []struct{ line, word string }{
		{"Position Independent Executable", "pie"}, {"Read-only relocations", "relro"}, {"Immediate binding", "now"},
	} {
		if _, rest, ok := strings.Cut(out, row.line+": "); ok {
			rest, _, _ = strings.Cut(rest, "\n")
			rest, _, _ = strings.Cut(rest, ",")
			rest, _, _ = strings.Cut(rest, " (")
			words = append(words, row.word+" "+rest)
		}
	}
	return strings.Join(words, ", ")
}

// scanelf prints type, stack and segments, text relocations, run path, needed.
func scanelf(out string) string {
	words := strings.Fields(out)
	return shorten(strings.TrimSpace(strings.ReplaceAll(strings.Join(words, " "), "FILE", "")))
}

// elflint prints a line for each error; the first one stands for all.
func elflint(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) == 1 {
		return shorten(lines[0])
	}
	return fmt.Sprintf("%d: %s", len(lines), shorten(lines[0]))
}

// shorten cuts what does not fit a cell, and what Markdown would read.
func shorten(s string) string {
	s = strings.NewReplacer("|", "/", "`", "'", "\x1b", "").Replace(s)
	if r := []rune(s); len(r) > 70 {
		s = string(r[:69]) + "…"
	}
	return s
}
