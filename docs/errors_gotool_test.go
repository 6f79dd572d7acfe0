package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTroubleshooting: docs/troubleshooting.md has an entry for each message by which a build refuses what a user wrote, and no
// entry without a message. Such messages are
//
//   - what the rules and toolchains pass to fail, or return as the problem of an attribute;
//   - the errors of the Go files in judges;
//   - what e2e/refusals/refusals_test.sh wants of builds that must fail; rules of linkcheck have their entries in docs/linkcheck.md.
//
// An entry is a message, or a part of one that other messages lack; "…" is what differs.
func TestTroubleshooting(t *testing.T) {
	var entries []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(.*?)` \\|").FindAllStringSubmatch(read(t, "docs/troubleshooting.md"), -1) {
		entries = append(entries, plain(match[1]))
	}
	messages := starlarkMessages(t)
	for _, file := range judges {
		messages = append(messages, goMessages(t, file)...)
	}
	refusals := refusals(t)

	used := map[string]bool{}
	covered := func(message string) bool {
		found := false
		for _, entry := range entries {
			if fits(entry, message) {
				used[entry], found = true, true
			}
		}
		return found
	}
	for _, m := range messages {
		if !covered(m.text) {
			t.Errorf("docs/troubleshooting.md has no entry for %q of %s", m.text, m.file)
		}
	}
	rules := anchors(read(t, "docs/linkcheck.md"))
	for _, words := range refusals {
		isRule := func(word string) bool { return slices.Contains(rules, word) }
		if !covered(strings.Join(words, "; ")) && !slices.ContainsFunc(words, isRule) {
			t.Errorf("docs/troubleshooting.md has no entry for the refusal with the words %q", words)
		}
	}
	for _, entry := range entries {
		if !used[entry] && !slices.Contains(elsewhere, entry) {
			t.Errorf("docs/troubleshooting.md has an entry for %q, and no message is like it", entry)
		}
	}
	if len(messages) < 60 || len(refusals) < 25 {
		t.Errorf("found %d messages and %d refusals, want at least 60 and 25: is the source read as it should be?", len(messages), len(refusals))
	}
}

// judges are the Go files that judge what users write in a build.
var judges = []string{
	"internal/boot/uki/uki.go",
	"internal/godebug/godebug.go",
	"internal/link/cmdlink/importcfg.go",
	"internal/link/cmdlink/ldflags.go",
	"internal/link/cmdlink/leftout.go",
	"internal/link/cmdlink/loaded.go",
	"internal/link/cmdlink/own.go",
	"internal/sdkcheck/verdict.go",
}

// elsewhere are entries for messages of the Go toolchain and of generated code, and for warnings.
var elsewhere = []string{
	"function main is undeclared in the main package",
	"linked by the Go SDK's linker: …",
	"undefined: errors.AsType",
	"panic: section …: not in this program",
}

type message struct{ file, text string }

// wordless matches messages that only wrap others.
var wordless = regexp.MustCompile(`^[^a-zA-Z]*$`)

// internalFault matches errors about files that the tools themselves write: a user meets them only where a disk is damaged.
var internalFault = regexp.MustCompile(`offset …: (?:no|an) archive member|no member … among|cgo source|a newline in its path|^…: found no|^…: … …=…: …$|^…: …: …$`)

// starlarkMessages returns the texts of the rules and toolchains.
func starlarkMessages(t *testing.T) []message {
	t.Helper()
	const literals = `\(?\s*((?:"(?:[^"\\]|\\.)*"[\s+]*)+)`
	call := regexp.MustCompile(`(?:\bfail\(|_fail\(\w+, |\bproblem\(|\breturn )` + literals)
	literal := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	function := regexp.MustCompile(`(?m)^def (\w+)`)
	var found []message
	for _, file := range tracked(t, "rules/*.bzl", "toolchains/*.bzl") {
		text := read(t, file)
		for _, at := range call.FindAllStringSubmatchIndex(text, -1) {
			if strings.HasPrefix(text[at[0]:], "return") {
				// Of what is returned only problems are messages.
				defs := function.FindAllStringSubmatch(text[:at[0]], -1)
				if len(defs) == 0 || !strings.HasSuffix(defs[len(defs)-1][1], "problem") {
					continue
				}
			}
			var b strings.Builder
			for _, part := range literal.FindAllString(text[at[2]:at[3]], -1) {
				s, err := strconv.Unquote(part)
				if err != nil {
					t.Fatalf("%s: %s: %v", file, part, err)
				}
				b.WriteString(s)
			}
			if s := plain(strings.ReplaceAll(b.String(), "{}", "…")); !wordless.MatchString(s) {
				found = append(found, message{file, s})
			}
		}
	}
	return found
}

var verb = regexp.MustCompile(`%[-+# 0]*[0-9.]*[a-zA-Z]`)

// goMessages returns the texts that a Go file makes errors of.
func goMessages(t *testing.T, name string) []message {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []message
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if s, ok := call.Fun.(*ast.SelectorExpr); !ok || s.Sel.Name != "Errorf" && s.Sel.Name != "New" {
			return true
		}
		if s := plain(verb.ReplaceAllString(concatenated(call.Args[0]), "…")); !wordless.MatchString(s) && !internalFault.MatchString(s) {
			found = append(found, message{name, s})
		}
		return true
	})
	return found
}

// concatenated returns the text of string literals with + between them.
func concatenated(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return concatenated(e.X) + concatenated(e.Y)
	case *ast.BasicLit:
		s, _ := strconv.Unquote(e.Value)
		return s
	}
	return ""
}

// refusals returns the words that the script wants of each build.
func refusals(t *testing.T) [][]string {
	t.Helper()
	var found [][]string
	for _, line := range regexp.MustCompile(`(?m)^ *refused [a-z]\S* (.*)$`).FindAllStringSubmatch(read(t, "e2e/refusals/refusals_test.sh"), -1) {
		var words []string
		for _, word := range regexp.MustCompile(`'([^']*)'|"([^"]*)"`).FindAllStringSubmatch(line[1], -1) {
			words = append(words, plain(word[1]+word[2]))
		}
		found = append(found, words)
	}
	return found
}

// plain returns a message on one line, without the quotes of Markdown.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "`", "")), " ")
}

// fits reports whether text has the pieces between the "…" of pattern, in their order.
func fits(pattern, text string) bool {
	for piece := range strings.SplitSeq(pattern, "…") {
		if strings.Trim(piece, ` :,"`) == "" {
			continue
		}
		_, after, ok := strings.Cut(text, strings.TrimSpace(piece))
		if !ok {
			return false
		}
		text = after
	}
	return true
}
