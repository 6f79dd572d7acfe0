// Package godebug works out the GODEBUG settings that a program starts with, as the go command does: from the
// //go:debug lines of its main package, and from what a build asks for. It refuses settings that the Go SDK
// does not know, because the program would ignore them silently.
package godebug

import (
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// A Setting is one key and value of GODEBUG.
type Setting struct {
	Key, Value string
	Where      string // what asked for it, for messages: file:line or the name of a flag
}

// Parse returns the setting "key=value" that a build asks for. Besides the keys of //go:debug lines it takes those
// that only the runtime knows, such as gctrace.
func (t *Table) Parse(s, where string) (Setting, error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok {
		return Setting{}, fmt.Errorf("%s: %q: want key=value", where, s)
	}
	if !t.runtime[key] {
		if err := t.check(key, value); err != nil {
			return Setting{}, fmt.Errorf("%s: %q: %w", where, s, err)
		}
	} else if strings.ContainsAny(value, ", \t\r\n") {
		return Setting{}, fmt.Errorf("%s: %q: the value holds a comma or space", where, s)
	}
	return Setting{key, value, where}, nil
}

// check checks a setting as cmd/go does (modload.CheckGodebug).
func (t *Table) check(key, value string) error {
	if strings.ContainsAny(key+value, ", \t\r\n") {
		return fmt.Errorf("holds a comma or space, want one key=value")
	}
	if key == "default" {
		minor, ok := minorVersion(value)
		if !ok {
			return fmt.Errorf("want default=go1.N, a Go version")
		}
		if minor > t.minor {
			return fmt.Errorf("is newer than go1.%d, the Go release in use", t.minor)
		}
		return nil
	}
	if _, ok := t.settings[key]; ok {
		return nil
	}
	r, ok := t.removed[key]
	switch {
	case !ok:
		return fmt.Errorf("is not known to the Go SDK, of go1.%d: correct the key (https://go.dev/doc/godebug lists them)", t.minor)
	case r.old == nil || r.old[value]:
		return fmt.Errorf("was removed in go1.%d (https://go.dev/doc/godebug#go-1%d): remove it", r.minor, r.minor)
	}
	return nil // the value asks for what is the rule since
}

// minorVersion returns N of "go1.N" and of its patch releases and candidates.
func minorVersion(v string) (int, bool) {
	rest, ok := strings.CutPrefix(v, "go1.")
	if !ok {
		return 0, false
	}
	digits := strings.TrimLeft(rest, "0123456789")
	minor, err := strconv.Atoi(rest[:len(rest)-len(digits)])
	if err != nil {
		return 0, false
	}
	for _, mark := range []string{".", "rc", "beta"} {
		if patch, ok := strings.CutPrefix(digits, mark); ok {
			_, err := strconv.ParseUint(patch, 10, 31)
			return minor, err == nil
		}
	}
	return minor, digits == ""
}

// Directives returns the settings of the //go:debug lines in front of the package clause of a Go file, in their
// order. A file that ctx excludes, by its name or its build constraints, has none. The error names the line.
func (t *Table) Directives(ctx *build.Context, file string) ([]Setting, error) {
	if filepath.Ext(file) != ".go" {
		return nil, nil
	}
	if err := inputfile.Check(file); err != nil { // MatchFile would wait for a named pipe
		return nil, err
	}
	ok, err := ctx.MatchFile(filepath.Split(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if !ok {
		return nil, nil
	}
	fset := token.NewFileSet()
	text, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(fset, file, text, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var found []Setting
	for _, group := range syntax.Comments {
		if group.Pos() >= syntax.Package {
			break
		}
		for _, comment := range group.List {
			text, ok := strings.CutPrefix(comment.Text, "//go:debug")
			if !ok || (text != "" && !strings.ContainsAny(text[:1], " \t")) {
				continue
			}
			at := fset.Position(comment.Pos())
			where := fmt.Sprintf("%s:%d: //go:debug", file, at.Line)
			key, value, ok := strings.Cut(strings.TrimSpace(text), "=")
			if !ok {
				return nil, fmt.Errorf("%s: want key=value after it", where)
			}
			if err := t.check(key, value); err != nil {
				return nil, fmt.Errorf("%s %s=%s: %w", where, key, value, err)
			}
			found = append(found, Setting{key, value, where})
		}
	}
	return found, nil
}

// Default returns the value of runtime.godebugDefault for settings, of which a later one replaces an earlier one
// with the same key: "key=value" in the order of the keys, with commas between them. The setting default=go1.N
// stands for the defaults of that release.
func (t *Table) Default(list []Setting) string {
	m := make(map[string]string)
	version := t.minor
	for _, s := range list {
		if s.Key == "default" {
			version, _ = minorVersion(s.Value)
			continue
		}
		m[s.Key] = s.Value
	}
	for key, c := range t.settings {
		if _, ok := m[key]; !ok && version < c.minor {
			m[key] = c.old
		}
	}
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(key + "=" + m[key])
	}
	return b.String()
}
