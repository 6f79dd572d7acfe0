package params

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

func TestExpand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "params")
	long := strings.Repeat("x", 200_000)
	for _, test := range []struct {
		name, contents string
		want           []string
		err            string
	}{
		{name: "plain", contents: "-s\n-o\nout/file.o\n", want: []string{"-s", "-o", "out/file.o"}},
		{name: "no newline at the end", contents: "-s\nfile", want: []string{"-s", "file"}},
		{name: "quoted", contents: "'out file'\n'a\\b \"c\" $d'\n", want: []string{"out file", `a\b "c" $d`}},
		{name: "newline", contents: "'--x-def=p.V=first\n--linker=/evil\n'\nnext\n", want: []string{"--x-def=p.V=first\n--linker=/evil\n", "next"}},
		{name: "single quote", contents: `'it'\''s'` + "\n", want: []string{"it's"}},
		{name: "at and dash", contents: "@d\n-\n--\n'@ e'\n", want: []string{"@d", "-", "--", "@ e"}},
		{name: "empty word", contents: "a\n''\nb\n", want: []string{"a", "", "b"}},
		{name: "empty line", contents: "a\n\nb\n", want: []string{"a", "b"}},
		{name: "long", contents: "'" + long + "='\n", want: []string{long + "="}},
		{name: "not ASCII", contents: "'Zürich 東京'\n", want: []string{"Zürich 東京"}},
		{name: "empty file"},
		{name: "open quote", contents: "ok\n'open\n", err: "offset 3: a single quote is not closed"},
		{name: "space", contents: "a b\n", err: `offset 1: ' ' outside of single quotes`},
		{name: "double quote", contents: `"a"`, err: `offset 0: '"' outside of single quotes`},
		{name: "backslash", contents: "a\\\n", err: "offset 1: a backslash ends the line"},
	} {
		if err := os.WriteFile(file, []byte(test.contents), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Expand([]string{"first", "@" + file, "last"})
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q and the file's name", test.name, err, test.err)
			}
			continue
		}
		if want := slices.Concat([]string{"first"}, test.want, []string{"last"}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %.200q, %v; want %.200q", test.name, got, err, want)
		}
	}
	if _, err := Expand([]string{"@" + file + ".missing"}); err == nil || !strings.Contains(err.Error(), "params.missing") {
		t.Errorf("missing file: error %v does not name it", err)
	}
}

// FuzzSplit compares split with the quoting that Bazel does, as its documentation says.
func FuzzSplit(f *testing.F) {
	f.Add("a b", "it's", "")
	f.Add("\n", "\\", "@-")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		want := []string{a, b, c}
		var text strings.Builder
		for _, word := range want {
			text.WriteString("'" + strings.ReplaceAll(word, "'", `'\''`) + "'\n")
		}
		var got []string
		var err error
		fuzztest.Bounded(t, text.Len(), 256, func() { got, err = split(text.String()) })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", text.String(), got, err, want)
		}
		if words, err := split(a); err != nil && words != nil {
			t.Errorf("%q: words %q and error %v", a, words, err)
		}
	})
}
