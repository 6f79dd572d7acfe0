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

They are plain Go programs: ` + "`go build ./tools/NAME`" + ` in a checkout makes each.
`

func TestTools(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "../../tools/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var b strings.Builder
	b.WriteString(toolsHead)
	programs, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		tool := program.Name()
		usage := help(t, dir, tool)
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s```\n", tool, usage)
		// A command of the tool follows its name where a line of the usage begins, or several do, separated by bars.
		commands := regexp.MustCompile(`(?m)^(?:[uU]sage:)?\s*` + tool + ` ([a-z|]+) `)
		for _, match := range commands.FindAllStringSubmatch(usage, -1) {
			for command := range strings.SplitSeq(match[1], "|") {
				if text := help(t, dir, tool, command); text != usage {
					fmt.Fprintf(&b, "\n### %s %s\n\n```\n%s```\n", tool, command, text)
				}
			}
		}
	}
	compare(t, "tools.md", b.String())
	if !strings.Contains(b.String(), "### golink link") || !strings.Contains(b.String(), "### linkcheck sizes") {
		t.Error("found no section for golink link or linkcheck sizes")
	}
}

// help returns what a command prints for -h. Most exit with 2, as package flag has it.
func help(t *testing.T, dir, tool string, command ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, tool), append(command, "-h")...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatalf("%s: %v", cmd, err)
	}
	if len(out) == 0 {
		t.Fatalf("%s printed nothing", cmd)
	}
	// flag indents by tabs, and `trailing spaces` are noise in the page.
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
