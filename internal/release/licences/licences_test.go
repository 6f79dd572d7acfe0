package licences

import (
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// apache returns the text of this module's own licence.
func apache(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDetect(t *testing.T) {
	text := apache(t)
	for _, test := range []struct {
		text string
		want []string
	}{
		{text, []string{"Apache-2.0"}},
		{"Copyright 2026 Someone\n\n" + text, []string{"Apache-2.0"}},
		{"All rights reserved. Ask us.", nil},
		{strings.Repeat("These words are of no licence that anybody knows. ", 200) + text, nil},
		{"", nil},
	} {
		if got := Detect(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%.40q: %q, want %q", test.text, got, test.want)
		}
	}
}

func TestPolicy(t *testing.T) {
	infos := []*debug.BuildInfo{nil, {
		Main: debug.Module{Path: "example.com/app", Version: "(devel)"},
		Deps: []*debug.Module{{Path: "example.com/apache", Version: "v1.0.0"}, {Path: "example.com/none", Version: "v1.0.0"}},
	}}
	texts := &Texts{Modules: []Module{
		{Path: "example.com/apache", Version: "v1.0.0", Files: map[string]string{"LICENSE": apache(t)}},
		{Path: "example.com/none", Version: "v2.0.0", Files: map[string]string{"LICENSE": apache(t)}},
	}}
	table, err := Table(infos, Sources{Own: "MIT", Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Licence("example.com/apache", "v1.0.0") + table.Licence("example.com/app", ""); got != "Apache-2.0MIT" {
		t.Errorf("licences are %q", got)
	}
	infos[1].Deps = append(infos[1].Deps, &debug.Module{Path: "example.com/gpl"})
	infos = append(infos, infos[1], &debug.BuildInfo{Main: debug.Module{Path: "example.com/gpl"}})
	infos[1].Deps = append(infos[1].Deps, &debug.Module{Path: "example.com/both"})
	table.Modules = append(table.Modules, Finding{Path: "example.com/both", Licence: "(LGPL-2.1-only WITH x AND MIT)", DeclaredBy: "//:license"})
	labels := []string{"//:asm", "//:app", "//:app", "//:gpl"}
	table.Modules = append(table.Modules, Finding{Path: "example.com/gpl", Licence: "GPL-3.0-only", DeclaredBy: "//:license"})
	for _, test := range []struct {
		policy Policy
		want   string // in the error; empty for none
	}{
		{Policy{}, ""},
		{Policy{Allow: []string{"MIT", "Apache-2.0", "GPL-3.0-only", "LGPL-2.1-only"}}, ""},
		{Policy{Deny: []string{"GPL-3.0-only"}}, "example.com/gpl, in //:app, //:gpl: it is under GPL-3.0-only (as //:license says), which licenses_deny names; " +
			"do without the module, allow the licence, or correct it by licenses_override"},
		{Policy{Allow: []string{"Apache-2.0"}}, "example.com/app, in //:app: it is under MIT (as license says), which is not in licenses_allow; do without"},
		{Policy{Deny: []string{"Apache-2.0"}}, "example.com/apache@v1.0.0, in //:app: it is under Apache-2.0 (by LICENSE), which licenses_deny names"},
		{Policy{Deny: []string{"LGPL-2.1-only"}}, "example.com/both, in //:app: it is under LGPL-2.1-only WITH x (as //:license says), which licenses_deny"},
		{Policy{DenyUnknown: true}, "example.com/none@v1.0.0, in //:app: no licence is known"},
	} {
		err := test.policy.Check(table.Modules, labels, infos)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: error %v, want %q", test.policy, err, test.want)
		}
	}
}
