package licences

import (
	"slices"
	"strings"
	"testing"
)

// TestExpression: what is denied of an expression cannot be hidden in it, and a choice counts as one.
func TestExpression(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string // that are denied, of those that begin with GPL
	}{
		{"MIT", nil},
		{"GPL-3.0-only", []string{"GPL-3.0-only"}},
		{"GPL-2.0+", []string{"GPL-2.0+"}},
		{"GPL-2.0-only WITH Classpath-exception-2.0", []string{"GPL-2.0-only WITH Classpath-exception-2.0"}},
		{"MIT AND GPL-3.0-only", []string{"GPL-3.0-only"}},
		{"(MIT AND GPL-3.0-only)", []string{"GPL-3.0-only"}},
		{"MIT AND (ISC AND (GPL-3.0-only))", []string{"GPL-3.0-only"}},
		{"MIT OR GPL-3.0-only", nil},
		{"GPL-2.0-only OR GPL-3.0-only", []string{"GPL-2.0-only", "GPL-3.0-only"}},
		{"MIT OR GPL-2.0-only AND ISC", nil},
		{"(MIT OR GPL-2.0-only) AND GPL-3.0-only", []string{"GPL-3.0-only"}},
		{"LicenseRef-own OR DocumentRef-a:LicenseRef-b", nil},
	} {
		e, err := ParseExpression(test.text)
		got := e.Problems(func(id string) string {
			if strings.HasPrefix(id, "GPL") {
				return id
			}
			return ""
		})
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: denied are %q, want %q; %v", test.text, got, test.want, err)
		}
	}
	for text, want := range map[string]string{
		"":              "it ends where an identifier is missing",
		"MIT AND":       "it ends where an identifier is missing",
		"MIT Apache":    `found "Apache", want AND, OR, WITH or the end`,
		"MIT, ISC":      `found "MIT,", want an identifier`,
		"MIT and ISC":   `found "and", want AND, OR, WITH or the end`,
		"OR MIT":        `found "OR", want an identifier`,
		"(MIT OR ISC":   `a "(" without ")"`,
		"MIT)":          `found ")", want AND, OR, WITH or the end`,
		"MIT WITH":      "it ends where an identifier is missing",
		"not a license": `found "a", want AND, OR, WITH or the end`,
	} {
		if _, err := ParseExpression(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}
