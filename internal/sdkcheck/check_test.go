package sdkcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

func TestCheckGroup(t *testing.T) {
	tab, err := parseTable("go1.26.txt", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	typ, f, g := key{"a/a.go", "type T"}, key{"a/a.go", "func f"}, key{"b.go", "func g"}
	digest := func(last string) string { return strings.Repeat("0", digestLen-len(last)) + last }
	for _, tt := range []struct {
		name             string
		formats, readers map[key]string
		want             string
	}{
		{"as in 0", map[key]string{typ: digest("1"), f: digest("2")}, nil, ""},
		{"as in 5", map[key]string{typ: digest("1"), f: digest("3")}, map[key]string{g: digest("4")}, ""},
		{"mixed", map[key]string{typ: digest("1"), f: digest("2")}, map[key]string{g: digest("4")}, ""},
		{"changed", map[key]string{typ: digest("2"), f: digest("2")}, nil, "a/a.go: type T (changed)"},
		{"changed reader", map[key]string{typ: digest("1"), f: digest("2")}, map[key]string{g: digest("1")}, "b.go: func g (changed)"},
		{"gone", map[key]string{typ: digest("1")}, nil, "a/a.go: func f (gone)"},
		{"new", map[key]string{typ: digest("1"), f: digest("2"), {"a/a.go", "func h"}: digest("1")}, nil, "a/a.go: func h (new)"},
		{"moved", map[key]string{typ: digest("1"), {"a/b.go", "func f"}: digest("2")}, nil, "a/b.go: func f (new) a/a.go: func f (gone)"},
		{"of the other group", map[key]string{typ: digest("1"), f: digest("2"), g: digest("4")}, nil, "b.go: func g (new)"},
	} {
		s := &SDK{Version: "go1.26.9", Series: "go1.26", formats: tt.formats, readers: tt.readers}
		var got []string
		for _, group := range groupNames {
			g := check(tab, s, group)
			if (g.Status == Agree) != (len(g.Differences) == 0) {
				t.Errorf("%s: status %s with %v", tt.name, g.Status, g.Differences)
			}
			for _, d := range g.Differences {
				got = append(got, d.String())
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if g := check(nil, &SDK{}, formatGroup); g.Status != Unknown {
		t.Errorf("without a table: %v", g)
	}
}

func TestDiff(t *testing.T) {
	from := map[key]string{{"a", "x"}: "1", {"a", "y"}: "1", {"b", "z"}: "1"}
	to := map[key]string{{"a", "x"}: "1", {"a", "y"}: "2", {"b", "n"}: "1"}
	var got []string
	for _, d := range diff(from, to) {
		got = append(got, d.String())
	}
	if want := "a: y (changed) b: n (new) b: z (gone)"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestVerdictFile(t *testing.T) {
	v := &Verdict{Schema: SchemaVersion, Go: "go1.26.9", Series: "go1.26", Formats: Group{Status: Agree, Compared: 2},
		Readers: Group{Status: Differ, Compared: 1, Differences: []Difference{{"b.go", "func g", "changed"}}}}
	data, err := v.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) (*Verdict, error) {
		file := filepath.Join(t.TempDir(), "verdict.json")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return ReadVerdict(file)
	}
	got, err := read(string(data))
	if err != nil || got.Go != v.Go || got.Formats.Status != Agree || got.Readers.Differences[0] != v.Readers.Differences[0] || got.OK() {
		t.Errorf("%v, %v", got, err)
	}
	for _, tt := range []struct{ text, err string }{
		{"", "no verdict"},
		{"{}", "schema 0, want 1"},
		{strings.Replace(string(data), `"schema": 1`, `"schema": 2`, 1), "schema 2, want 1"},
		{strings.Replace(string(data), `"go"`, `"golang"`, 1), "unknown field"},
		{string(data) + "{}", "found more after the verdict"},
		{string(data[:len(data)/2]), "no verdict"},
	} {
		if v, err := read(tt.text); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %v, error %v, want %q", tt.text, v, err, tt.err)
		}
	}
	if (&Verdict{}).OK() {
		t.Error("a verdict that says nothing is one that agrees")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir, ""); err == nil || !strings.Contains(err.Error(), "is "+dir+" the GOROOT") {
		t.Errorf("empty directory: %v", err)
	}
	if _, err := Open(dir, "devel +0123"); err == nil || !strings.Contains(err.Error(), "is no Go release") {
		t.Errorf("development version: %v", err)
	}
	if _, err := Open(dir, "go1.26.8"); err == nil || !strings.Contains(err.Error(), "needs the sources") {
		t.Errorf("no sources: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "src"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, "go1.26.8"); err == nil || !strings.Contains(err.Error(), "runtime") {
		t.Errorf("no package runtime: %v", err)
	}
}

func TestCheckFile(t *testing.T) {
	agree, unknown := Group{Status: Agree}, Group{Status: Unknown}
	format := Group{Status: Differ, Differences: []Difference{{"runtime/symtab.go", "type moduledata", "changed"}}}
	reader := Group{Status: Differ, Differences: []Difference{{"runtime/traceback.go", "func (*unwinder).next", "changed"}}}
	many := Group{Status: Differ}
	for range 12 {
		many.Differences = append(many.Differences, Difference{"internal/abi/abi.go", "type T", "new"})
	}
	for _, tt := range []struct {
		name             string
		formats, readers Group
		canary           *Group
		release          string
		tables           bool
		err              string // "" for none
	}{
		{"agrees", agree, agree, nil, "go1.26.9", true, ""},
		{"another release", agree, agree, nil, "go1.26.8", false, `is made by Go "go1.26.8", and the verdict is on the SDK of "go1.26.9"`},
		{"format", format, agree, nil, "go1.26.9", false, "what defines formats is not as in releases that were verified: runtime/symtab.go: type moduledata (changed)"},
		{"reader, tables as they are", agree, reader, nil, "go1.26.9", false, ""},
		{"reader, other tables", agree, reader, nil, "go1.26.9", true, "what reads the function tables is not as in releases that were verified: " +
			"runtime/traceback.go: func (*unwinder).next (changed)"},
		{"canary", agree, agree, &format, "go1.26.9", false, "the layout of programs is not"},
		{"unknown series", unknown, unknown, nil, "go1.26.9", false, "known are go1.26, go1.27"},
		{"no status", Group{}, agree, nil, "go1.26.9", false, "what defines formats is not"},
		{"many", many, agree, nil, "go1.26.9", false, "and 2 more (linkcheck sdkcheck lists them)"},
	} {
		v := Verdict{Schema: SchemaVersion, Go: "go1.26.9", Series: "go1.26", Formats: tt.formats, Readers: tt.readers, Canary: tt.canary}
		data, err := v.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "verdict.json")
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
		warning, err := CheckFile(file, "program", tt.release, tt.tables, goabi.Refuse)
		if tt.err == "" {
			if err != nil || warning != "" {
				t.Errorf("%s: %q, %v", tt.name, warning, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "--unverified-go=warn") {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
		if warning, err := CheckFile(file, "program", tt.release, tt.tables, goabi.Warn); err != nil || !strings.Contains(warning, tt.err) {
			t.Errorf("%s: with warn: %q, %v", tt.name, warning, err)
		}
	}
	if _, err := CheckFile(filepath.Join(t.TempDir(), "none"), "program", "go1.26.9", false, goabi.Warn); err == nil {
		t.Error("a verdict that is not there was let through")
	}
}
