package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// malformedGroup is the heading whose files are not sound, and have a table of their own.
const malformedGroup = "malformed"

// A row is all that is known of one specimen.
type row struct {
	*specimen
	judgment judgment
	start    string
	peers    []string
}

type table struct {
	rules []string
	rows  []row
	peers bool
}

const preamble = `# The zoo

<!-- Made by ` + "`go run ./bench/zoo -doc docs/evidence/zoo.md`" + `. Edit bench/zoo instead. -->

Executables of every kind that [linkcheck](../linkcheck.md) may meet, what it says about each, and what other checkers
say about the same files. Expected verdicts are in ` + "`bench/zoo/golden.json`" + `; the command that makes this page fails
on any other, and ` + "`-update`" + ` accepts them after a review. CI makes no zoo: the tests of internal/policy hold the same
kinds of files, as far as Go and gcc make them.

` + "```sh" + `
# Debian: apt-get install checksec devscripts pax-utils elfutils llvm binutils musl-tools; upx and sstrip (upx-ucl and elfkickers of newer Debian) are looked for on PATH
go run ./bench/zoo -doc docs/evidence/zoo.md
` + "```" + `

`

const reading = `- **verdict** is by the profile that the file claims to keep; *clean* means no error.
- **starts**: how the program ended when it was started here, foreign ones under qemu; "-" was not started.
- "not made" names the tool that was not there.
- ` + "`pie-relocations`" + ` is broken by glibc's and Rust's static PIEs since they have IRELATIVE relocations, for which code is
  called; ` + "`pie-dynamic`" + ` by what UPX packs since nothing is left of PT_DYNAMIC. Such files do start.
- In the columns of rules every rule is asked, also those that the profile lacks: ` + "`x`" + ` is a finding, ` + "`.`" + ` is none, a space means
  that the file has nothing for the rule to judge. Where a file breaks a rule of its profile the column says ` + "`X`" + `.

`

func (t *table) markdown() []byte {
	var b bytes.Buffer
	b.WriteString(preamble)
	b.WriteString("## Who was asked\n\n| checker | version |\n|---|---|\n")
	fmt.Fprintf(&b, "| linkcheck | this one, built by %s |\n", runtime.Version())
	for _, p := range peers {
		fmt.Fprintf(&b, "| %s | %s |\n", p.name, p.versionOf())
	}
	b.WriteString("\n## Files and rules\n\n")
	b.WriteString(reading)
	for i, rule := range t.rules {
		fmt.Fprintf(&b, "%d. [`%s`](../linkcheck.md#%s)\n", i+1, rule, rule)
	}
	b.WriteString("\n| file | profile | verdict | starts")
	for i := range t.rules {
		fmt.Fprintf(&b, " | %d", i+1)
	}
	b.WriteString(" |\n|---|---|---|---" + strings.Repeat("|---", len(t.rules)) + "|\n")
	for _, r := range t.rows {
		if r.Group != malformedGroup {
			fmt.Fprintf(&b, "| %s | %s | %s | %s", r.Name, r.Profile, r.verdict(), r.start)
			for _, rule := range t.rules {
				fmt.Fprintf(&b, " | %s", r.cell(rule))
			}
			b.WriteString(" |\n")
		}
	}
	if !t.peers {
		return b.Bytes()
	}
	b.WriteString(peersText)
	t.peerTable(&b, func(r row) bool { return r.Group != malformedGroup && r.Missing == "" }, row.brief)
	b.WriteString(malformedText)
	t.peerTable(&b, func(r row) bool { return r.Group == malformedGroup }, func(r row) string {
		if r.judgment.Verdict == "refused" {
			return "refused: " + shorten(r.judgment.Refusal)
		}
		return r.brief()
	})
	return b.Bytes()
}

const peersText = `
## The same files and other checkers

checksec, hardening-check and scanelf go by the file type, PT_GNU_RELRO, DT_FLAGS and names; none of them
asks whether the program can start, whether a C library is in it, or whether what Go needs is whole. So "pie yes" stands for files
that crash at start, and RELRO is denied to files at fixed addresses that have no relocation to protect. scanelf prints the type, the
permissions of stack, RELRO and segments, text relocations, run path and needed libraries. eu-elflint checks the format;
its words on notes of owner Go and on SHT_RELR (type 19) are about what that version does not know.

`

const malformedText = `
## Malformed files

Each is a small executable with one defect (` + "`internal/elf/elftest`" + `). linkcheck refuses a file whose headers contradict
themselves with status 2, and has findings on one whose defect is deeper. Files that only a tool which rewrites has to refuse may be clean.

`

func (t *table) peerTable(b *bytes.Buffer, include func(row) bool, word func(row) string) {
	b.WriteString("| file | starts | linkcheck")
	for _, p := range peers {
		fmt.Fprintf(b, " | %s", p.name)
	}
	b.WriteString(" |\n|---|---|---" + strings.Repeat("|---", len(peers)) + "|\n")
	for _, r := range t.rows {
		if include(r) {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", r.Name, r.start, word(r), strings.Join(r.peers, " | "))
		}
	}
}

// verdict is the cell for the verdict.
func (r row) verdict() string {
	switch {
	case r.Missing != "":
		return "not made: " + r.Missing
	case r.judgment.Verdict == "errors":
		return fmt.Sprintf("%d errors", len(r.judgment.Errors))
	}
	return r.judgment.Verdict
}

// brief is the verdict with the rules that make it.
func (r row) brief() string {
	if r.judgment.Verdict == "errors" {
		return strings.Join(r.judgment.Errors, ", ")
	}
	return r.judgment.Verdict
}

func (r row) cell(rule string) string {
	switch {
	case r.judgment.Verdict == "" || r.judgment.Verdict == "refused" || slices.Contains(r.judgment.Skipped, rule):
		return ""
	case slices.Contains(r.judgment.Errors, rule):
		return "X"
	case slices.Contains(r.judgment.Broken, rule):
		return "x"
	}
	return "."
}

// versionOf returns the first word with a digit of what the peer says about itself.
func (p peer) versionOf() string {
	out, err := exec.Command(p.version[0], p.version[1:]...).CombinedOutput()
	if err != nil && len(out) == 0 {
		return "not installed"
	}
	for _, word := range strings.Fields(string(out)) {
		if strings.ContainsAny(word, "0123456789") {
			return strings.Trim(word, ",():;")
		}
	}
	return "unknown"
}
