package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const head = `# Rules

<!-- Made by ` + "`bazel build //docs/reference:rules`" + ` of rules/. Edit the descriptions there, build, and copy
     bazel-bin/docs/reference/rules.generated.md over this file. -->

All of them are in ` + "`@rules_go3s//rules:defs.bzl`" + `.
`

// programs are the macros that share the attributes of programs.
var programs = []string{"go_static_binary", "go_pie_binary", "go_nolibc_binary"}

// internal are the attributes of the rules of a program that its macro sets and users do not.
var internal = []string{"link", "mode", "package_note_file", "profile", "public_label"}

// types are the names of attribute types in the tables.
var types = map[string]string{
	"BOOLEAN":           "bool",
	"INT":               "int",
	"LABEL":             "label",
	"LABEL_DICT_UNARY":  "dict of string to label",
	"LABEL_LIST":        "list of labels",
	"LABEL_STRING_DICT": "dict of label to string",
	"STRING":            "string",
	"STRING_DICT":       "dict of string to string",
	"STRING_LIST":       "list of strings",
	"STRING_LIST_DICT":  "dict of string to list of strings",
}

// render returns the page about the module defs; the rules in program declare the attributes of programs.
func render(defs, program message) (string, error) {
	sections := map[string]string{}
	for _, f := range defs.messages("func_info") {
		sections[f.text("function_name")] = function(f)
	}
	for _, r := range defs.messages("rule_info") {
		table, err := attributes(r.messages("attribute"))
		if err != nil {
			return "", err
		}
		sections[r.text("rule_name")] = prose(r.text("doc_string")) + "\n\n" + table
	}
	for _, a := range defs.messages("aspect_info") {
		sections[a.text("aspect_name")] = prose(a.text("doc_string")) + "\n"
	}
	for _, p := range defs.messages("provider_info") {
		sections[p.text("provider_name")] = provider(p)
	}

	var b strings.Builder
	b.WriteString(head)
	for _, name := range programs {
		text, ok := sections[name]
		if !ok {
			return "", fmt.Errorf("found no function %s", name)
		}
		delete(sections, name)
		fmt.Fprintf(&b, "\n## %s\n\n%s", name, text)
	}
	table, err := programAttributes(program)
	if err != nil {
		return "", err
	}
	b.WriteString("\n## Attributes of programs\n\nThese, and those of\n" +
		"[go_binary](https://github.com/bazel-contrib/rules_go/blob/master/docs/go/core/rules.md#go_binary).\n\n" + table)
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		fmt.Fprintf(&b, "\n## %s\n\n%s", name, sections[name])
	}
	return b.String(), nil
}

// programAttributes returns the table of the attributes that the rules of a program declare. What the macro has its own
// description of counts as that says.
func programAttributes(program message) (string, error) {
	rules := map[string][]message{}
	for _, r := range program.messages("rule_info") {
		rules[r.text("rule_name")] = r.messages("attribute")
	}
	known := map[string]message{}
	for _, rule := range []string{"go3s_link", "go3s_binary", "program_attributes"} {
		if rules[rule] == nil {
			return "", fmt.Errorf("found no rule %s, want its attributes", rule)
		}
		for _, a := range rules[rule] {
			known[a.text("name")] = a
		}
	}
	for _, name := range internal {
		delete(known, name)
	}
	return attributes(slices.Collect(maps.Values(known)))
}

// attributes returns a table of attributes in the order of their names.
func attributes(list []message) (string, error) {
	byName := func(a, b message) int { return strings.Compare(a.text("name"), b.text("name")) }
	var b strings.Builder
	b.WriteString("| attribute | type | default | meaning |\n|---|---|---|---|\n")
	for _, a := range slices.SortedFunc(slices.Values(list), byName) {
		if a.text("type") == "NAME" {
			continue
		}
		typ, ok := types[a.text("type")]
		if !ok {
			return "", fmt.Errorf("attribute %s has the type %s, want a name for it in render.go", a.text("name"), a.text("type"))
		}
		if a.text("doc_string") == "" {
			return "", fmt.Errorf("attribute %s has no description, want one", a.text("name"))
		}
		standard := "`" + a.text("default_value") + "`"
		switch {
		case a.text("mandatory") == "true":
			standard = "required"
		case slices.Contains([]string{`""`, "None", "[]", "{}"}, a.text("default_value")):
			standard = "none"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", a.text("name"), typ, standard, cell(a.text("doc_string")))
	}
	return b.String(), nil
}

// function returns the section of a macro, without its heading.
func function(f message) string {
	var b strings.Builder
	b.WriteString(prose(f.text("doc_string")) + "\n\n| parameter | default | meaning |\n|---|---|---|\n")
	for _, p := range f.messages("parameter") {
		name, standard := p.text("name"), "`"+p.text("default_value")+"`"
		switch {
		case p.text("mandatory") == "true":
			standard = "required"
		case p.text("default_value") == "": // Bazel 7 does not tell the role of a parameter
			name, standard = "**"+name, ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, standard, cell(p.text("doc_string")))
	}
	return b.String()
}

// provider returns the section of a provider, without its heading.
func provider(p message) string {
	var b strings.Builder
	b.WriteString(prose(p.text("doc_string")) + "\n\n| field | meaning |\n|---|---|\n")
	for _, field := range p.messages("field_info") {
		fmt.Fprintf(&b, "| `%s` | %s |\n", field.text("name"), cell(field.text("doc_string")))
	}
	return b.String()
}

// prose returns a description with the links that hold in docs/reference. Those in rules/ begin at the file.
func prose(doc string) string {
	return strings.NewReplacer("](../../docs/", "](../", "](../docs/", "](../").Replace(strings.TrimSpace(doc))
}

// cell returns a description as a cell of a table.
func cell(doc string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(prose(doc)), " "), "|", `\|`)
}
