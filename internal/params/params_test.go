package params

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "params")
	for _, test := range []struct{ name, contents, want string }{
		{"lines", "-s\n-o\nout file\n", "-s|-o|out file"},
		{"verbatim", " a\\b 'c' \n\n@d", " a\\b 'c' ||@d"},
		{"empty", "", ""},
	} {
		if err := os.WriteFile(file, []byte(test.contents), 0o644); err != nil {
			t.Fatal(err)
		}
		want := []string{"first"}
		if test.want != "" {
			want = append(want, strings.Split(test.want, "|")...)
		}
		want = append(want, "last")
		got, err := Expand([]string{"first", "@" + file, "last"})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, want)
		}
	}
	if _, err := Expand([]string{"@" + file + ".missing"}); err == nil || !strings.Contains(err.Error(), "params.missing") {
		t.Errorf("missing file: error %v does not name it", err)
	}
}
