package cgofiles

import (
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"plain.go":         "package p\n",
		"stub.go":          "//go:build !cgo\n\npackage p\n",
		"cgo_tag.go":       "//go:build cgo\n\npackage p\n",
		"imports.go":       "package p\n\n// int f(void);\nimport \"C\"\n",
		"grouped.go":       "package p\n\nimport (\n\t\"fmt\"\n\t\"C\"\n)\n",
		"hurd.go":          "//go:build hurd\n\npackage p\n\nimport \"C\"\n",
		"sys_windows.go":   "package p\n\nimport \"C\"\n",
		"sys_arm64.go":     "package p\n",
		"special.go":       "//go:build special && cgo\n\npackage p\n",
		"text.go":          "package p\n\nconst s = `import \"C\"`\n",
		"code.c":           "int f(void) { return 1; }\n",
		"code_darwin.c":    "int f(void) { return 1; }\n",
		"code.cc":          "",
		"code.s":           "",
		"code.S":           "",
		"code.h":           "",
		"notag.c":          "//go:build special\n\nint g;\n",
		"generated.go.txt": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		goarch, tag   string
		kept, leftOut string
	}{
		{"amd64", "", "plain.go stub.go text.go", "cgo_tag.go code.S code.c code.cc grouped.go imports.go"},
		{"arm64", "", "plain.go stub.go sys_arm64.go text.go", "cgo_tag.go code.S code.c code.cc grouped.go imports.go"},
		{"amd64", "special", "plain.go stub.go text.go", "cgo_tag.go code.S code.c code.cc grouped.go imports.go notag.c special.go"},
	} {
		ctx := build.Default
		ctx.GOOS, ctx.GOARCH, ctx.BuildTags = "linux", test.goarch, strings.Fields(test.tag)
		for _, enabled := range []bool{true, false} {
			ctx.CgoEnabled = enabled
			p, err := Split(ctx, files)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(p.Kept); got != test.kept {
				t.Errorf("%s %q: kept %s, want %s", test.goarch, test.tag, got, test.kept)
			}
			if got := names(p.LeftOut); got != test.leftOut {
				t.Errorf("%s %q: left out %s, want %s", test.goarch, test.tag, got, test.leftOut)
			}
		}
	}

	broken := filepath.Join(dir, "broken.go")
	if err := os.WriteFile(broken, []byte("package p\n\nimport (\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{broken, filepath.Join(dir, "missing.go")} {
		if _, err := Split(build.Default, []string{file}); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v does not name it", file, err)
		}
	}
}

func names(files []string) string {
	var out []string
	for _, f := range files {
		out = append(out, filepath.Base(f))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestReport(t *testing.T) {
	for _, list := range [][]LeftOut{nil, {{"example.com/p", "//p", []string{"a.go", "b \"c\".go"}}}} {
		data := EncodeReport(list)
		got, err := ParseReport(data)
		if err != nil || got == nil || len(got) != len(list) || len(list) > 0 && !slices.Equal(got[0].Files, list[0].Files) {
			t.Errorf("%s: %+v, %v; want %+v", data, got, err, list)
		}
	}
	for _, bad := range []string{"", "{}", "[{}]", `[{"package":"p","files":[]}]`, `[{"package":"p","files":["f"],"x":1}]`, "[] []", "null null"} {
		if got, err := ParseReport([]byte(bad)); err == nil {
			t.Errorf("%q: %+v, want an error", bad, got)
		}
	}
}
