package licences

import (
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{mit, []string{"MIT"}},
		{"MIT License\n\nCopyright (c) 2026 Someone\n\n" + mit, []string{"MIT"}},
		{"All rights reserved. Ask us.", nil},
		{strings.Repeat("These words are of no licence that anybody knows. ", 60) + mit, nil},
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
		Deps: []*debug.Module{{Path: "example.com/mit", Version: "v1.0.0"}, {Path: "example.com/none", Version: "v1.0.0"}},
	}}
	texts := &Texts{Modules: []Module{
		{Path: "example.com/mit", Version: "v1.0.0", Files: map[string]string{"LICENSE": mit}},
		{Path: "example.com/none", Version: "v2.0.0", Files: map[string]string{"LICENSE": mit}},
	}}
	table := Table(infos, texts, "Apache-2.0")
	if got := table.Licence("example.com/mit", "v1.0.0") + table.Licence("example.com/app", ""); got != "MITApache-2.0" {
		t.Errorf("licences are %q", got)
	}
	for _, test := range []struct {
		policy Policy
		want   string // in the error; empty for none
	}{
		{Policy{}, ""},
		{Policy{Allow: []string{"MIT", "Apache-2.0"}}, ""},
		{Policy{Allow: []string{"MIT"}}, "example.com/app: it is under Apache-2.0 (as license says), which is not in licenses_allow"},
		{Policy{Deny: []string{"MIT"}}, "example.com/mit@v1.0.0: it is under MIT (by LICENSE), which licenses_deny names"},
		{Policy{DenyUnknown: true}, "example.com/none@v1.0.0: no licence is known"},
	} {
		err := test.policy.Check(table.Modules)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: error %v, want %q", test.policy, err, test.want)
		}
	}
}
