package licences

import (
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// TestSources: of what says under which licence a module is, the first that says one is believed.
func TestSources(t *testing.T) {
	infos := []*debug.BuildInfo{{
		Main: debug.Module{Path: "example.com/app"},
		Deps: []*debug.Module{{Path: "example.com/app/sub", Version: "v1.0.0"}, {Path: "example.com/lib", Version: "v1.0.0"}},
	}}
	texts := &Texts{Modules: []Module{
		{Path: "example.com/lib", Files: map[string]string{"LICENSE": apache(t)}},
		{Path: "example.com/app/sub", Files: map[string]string{"LICENSE": apache(t)}},
	}}
	declared := []Declaration{
		{Package: "example.com/app/cmd", Label: "//:license", Kinds: []string{"MIT"}},
		{Package: "cmd/other", Module: "example.com/app", Label: "//:license", Kinds: []string{"MIT"}},
		{Package: "example.com/app/cmd", Module: "example.com/elsewhere", Label: "//:wrong", Kinds: []string{"Zlib"}},
		{Package: "example.com/app/sub/x", Label: "@sub//:license", Kinds: []string{"MIT", "ISC"}},
		{Package: "example.com/app/sub/y", Label: "@sub//y:license", Text: apache(t)},
		{Package: "example.com/lib", Label: "@lib//:license", Text: "All rights reserved."},
		{Package: "example.com/library", Label: "@library//:license", Kinds: []string{"GPL-3.0-only"}}, // not linked
	}
	for _, test := range []struct {
		name string
		from Sources
		want string // the licences of app, sub and lib, and what says so
	}{
		{"nothing", Sources{}, " /  / "},
		{"texts", Sources{Texts: texts}, " / Apache-2.0 by LICENSE / Apache-2.0 by LICENSE"},
		{"declared", Sources{Texts: texts, Declared: declared},
			"MIT by //:license / Apache-2.0 AND ISC AND MIT by @sub//:license, @sub//y:license / Apache-2.0 by LICENSE"},
		{"own", Sources{Texts: texts, Declared: declared, Own: "0BSD"},
			"0BSD by license / Apache-2.0 AND ISC AND MIT by @sub//:license, @sub//y:license / Apache-2.0 by LICENSE"},
		{"overridden", Sources{Texts: texts, Declared: declared, Own: "0BSD", Overrides: map[string]string{
			"example.com/app":            "Zlib",
			"example.com/app/sub@v1.0.0": "ISC",
			"example.com/app/sub":        "MIT",
		}}, "Zlib by licenses_override / ISC by licenses_override / Apache-2.0 by LICENSE"},
	} {
		table, err := Table(infos, test.from)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, f := range table.Modules {
			text := f.Licence
			if by := strings.Join(f.Files, ", ") + f.DeclaredBy; by != "" {
				text += " by " + by
			}
			got = append(got, text)
		}
		if got := strings.Join(got, " / "); got != test.want {
			t.Errorf("%s:\n  %s, want\n  %s", test.name, got, test.want)
		}
	}
	_, err := Table(infos, Sources{Overrides: map[string]string{"example.com/lib@v2.0.0": "MIT"}})
	if err == nil || !strings.Contains(err.Error(), "licenses_override: example.com/lib@v2.0.0: no program is linked from it") {
		t.Errorf("an override of a module that is not linked: error %v", err)
	}
}

func TestMetadataModule(t *testing.T) {
	for _, test := range []struct{ metadata, want, err string }{
		{`{"purl": "pkg:golang/example.com/a%2Bb@v1.0.0?checksum=h1:x#sub"}`, "example.com/a+b", ""},
		{`{"purl": "pkg:npm/a@1"}`, "", ""},
		{`{}`, "", ""},
		{`{"purl": "pkg:golang/%zz"}`, "", `purl "pkg:golang/%zz": `},
		{`[]`, "", "want a JSON object with a member purl"},
	} {
		got, err := MetadataModule([]byte(test.metadata))
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v, want %q, %q", test.metadata, got, err, test.want, test.err)
		}
	}
}

// TestReadMetadata: both formats of licences that targets of package_metadata have.
func TestReadMetadata(t *testing.T) {
	const own = `{"purl": "pkg:golang/a.example", "attributes": {"build.bazel.attribute.license": "out/l.json", "other": "out/o.json"}}`
	const legacy = `{"attributes": {"build.bazel.rules_license.license": "out/l.json"}}`
	for _, test := range []struct {
		name, metadata, licence string
		kinds                   []string
		text, err               string
	}{
		{"none", `{"purl": "pkg:golang/a.example"}`, "", nil, "", ""},
		{"a kind", own, `{"kind": {"identifier": "MIT", "name": "MIT License"}, "label": "//:l"}`, []string{"MIT"}, "", ""},
		{"a kind and a text", own, `{"kind": {"identifier": "MIT"}, "text": "out/text"}`, []string{"MIT"}, "text", ""},
		{"kinds of rules_license", legacy, `{"kind": "x.license", "license_kinds": [{"identifier": "@rules_license//licenses/spdx:MIT"},
			{"identifier": "@rules_license//licenses/generic:notice"}, {"identifier": "<?>"}]}`, []string{"MIT"}, "", ""},
		{"a file that is missing", own, "", nil, "", "attribute build.bazel.attribute.license: no such file"},
		{"no licence", own, "[]", nil, "", "out/l.json: want the JSON object of a licence"},
		{"a text that is missing", own, `{"text": "out/none"}`, nil, "", "out/l.json: text: no such file"},
		{"no metadata", "[]", "", nil, "", "want a JSON object with a member attributes"},
	} {
		kinds, text, err := ReadMetadata([]byte(test.metadata), func(path string) ([]byte, error) {
			switch {
			case path == "out/l.json" && test.licence != "":
				return []byte(test.licence), nil
			case path == "out/text":
				return []byte("text"), nil
			}
			return nil, errors.New("no such file")
		})
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q", test.name, err, test.err)
			}
			continue
		}
		if err != nil || !slices.Equal(kinds, test.kinds) || text != test.text {
			t.Errorf("%s: %q, %q, %v, want %q, %q", test.name, kinds, text, err, test.kinds, test.text)
		}
	}
}
