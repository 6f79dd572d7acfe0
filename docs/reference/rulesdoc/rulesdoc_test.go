package main

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	m, err := parse("x", "a { n: \"it\\'s \\342\\200\\246\" t: STRING i: -1 }\na { n: \"two\" }")
	if err != nil {
		t.Fatal(err)
	}
	a := m.messages("a")
	if len(a) != 2 || a[0].text("n") != "it's …" || a[0].text("t") != "STRING" || a[0].text("i") != "-1" || a[1].text("n") != "two" {
		t.Errorf("found %v", m)
	}
	for _, damaged := range []string{"a {", "a: \"x", "a: }", "a b", "\"x\"", "a: \"\\q\""} {
		if m, err := parse("x", damaged); err == nil || !strings.HasPrefix(err.Error(), "x:1:") {
			t.Errorf("%q: found %v and %v, want an error with the position", damaged, m, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, test := range []struct{ defs, program, want string }{
		{"", "", "found no function go_static_binary"},
		{`rule_info { rule_name: "r" attribute { name: "a" type: NEW doc_string: "d" } }`, "", "a has the type NEW"},
		{`rule_info { rule_name: "r" attribute { name: "a" type: INT } }`, "", "a has no description"},
		{`func_info { function_name: "go_static_binary" } func_info { function_name: "go_pie_binary" }
		  func_info { function_name: "go_nolibc_binary" }`, "", "found no rule go3s_link"},
	} {
		defs, err := parse("defs", test.defs)
		if err != nil {
			t.Fatal(err)
		}
		program, err := parse("program", test.program)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := render(defs, program); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: found %v, want %q", test.defs, err, test.want)
		}
	}
}
