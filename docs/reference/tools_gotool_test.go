// Package reference tests that the pages of this folder are current: each is made of what it describes.
//
//	go test ./docs/reference -update
package reference

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the pages instead of comparing with them")

const toolsHead = `# Tools

<!-- Made by ` + "`go test ./docs/reference -update`" + ` of what the commands print for -h. -->

They are plain Go programs: ` + "`go build ./tools/NAME`" + ` in a checkout makes each. Flags have one dash or two; elfstrip's are GNU strip's.

## Exit status

`

const toolsCompletion = `
## Completion and manual pages

Each tool prints a completion script for bash, fish and zsh, and its manual page:

` + "```sh" + `
golink --completion=bash >~/.local/share/bash-completion/completions/golink
golink --completion=fish >~/.config/fish/completions/golink.fish
golink --completion=zsh >"${fpath[1]}/_golink"
golink --man >~/.local/share/man/man1/golink.1
` + "```" + `

## Colour and progress

Reports of linkcheck have colours on a terminal; ` + "`NO_COLOR`" + ` in the environment or ` + "`--color=never`" + ` turn them off, ` + "`--color=always`" + `
turns them on. Checking files, comparing and packing show on a terminal how far they are when it takes more than two seconds; ` + "`--quiet`" + ` does not.
`

var (
	commandNames = regexp.MustCompile(`(?m)^[a-z0-9-]+ \[?([a-z-]+)\]?(?: .*)?\n        `)
	exitStatuses = regexp.MustCompile(`(?m)^  ([0-9])  (.+)$`)
)

func TestTools(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "../../tools/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var b, exits strings.Builder
	programs, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		tool := program.Name()
		usage := help(t, dir, tool)
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s```\n", tool, usage)
		row := [3]string{}
		for _, match := range exitStatuses.FindAllStringSubmatch(usage, -1) {
			row[match[1][0]-'0'] = match[2]
		}
		if row[0] == "" || row[1] == "" {
			t.Errorf("%s -h has no exit status", tool)
		}
		fmt.Fprintf(&exits, "| %s | %s |\n", tool, strings.Join(row[:], " | "))
		for _, match := range commandNames.FindAllStringSubmatch(usage, -1) {
			fmt.Fprintf(&b, "\n### %s %s\n\n```\n%s```\n", tool, match[1], help(t, dir, tool, match[1]))
		}
	}
	compare(t, "tools.md", toolsHead+"| tool | 0 | 1 | 2 |\n|---|---|---|---|\n"+exits.String()+toolsCompletion+b.String())
	for _, want := range []string{"### golink link", "### linkcheck check", "### linkcheck sizes", "### elfsign strip-signature"} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("found no section %q", want)
		}
	}
}

// help returns what a command prints for -h.
func help(t *testing.T, dir, tool string, command ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, tool), append(command, "-h")...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	if len(out) == 0 {
		t.Fatalf("%s printed nothing", cmd)
	}
	text := strings.ReplaceAll(string(out), "\t", "    ")
	return regexp.MustCompile(`(?m) +$`).ReplaceAllString(text, "")
}

// compare compares a page with what it should be, or writes it.
func compare(t *testing.T, page, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("docs/reference/%s is out of date: run `go test ./docs/reference -update`", page)
	}
}
