package reference

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const schemasHead = `# JSON Schemas

<!-- Made by ` + "`go test ./docs/reference -update`" + ` of docs/schema. -->

The schemas (draft 2020-12) of the files that the tools read and write as JSON, for editors and other tools. A path such as
` + "`files.*.size`" + ` goes through the members of an object by any name, ` + "`[]`" + ` through the elements of an array.
`

// A schema is the part of a JSON Schema that the page shows.
type schema struct {
	Title, Description string
	Ref                string `json:"$ref"`
	Defs               map[string]*schema
	Type               any // string, or list of strings
	Const              any
	Enum               []any
	OneOf              []*schema
	Properties         map[string]*schema
	Items              *schema
	Additional         json.RawMessage `json:"additionalProperties"` // a schema, or false
}

func TestSchemas(t *testing.T) {
	names, err := filepath.Glob("../schema/*.json")
	if err != nil || len(names) < 5 {
		t.Fatalf("found the schemas %q, %v", names, err)
	}
	var b strings.Builder
	b.WriteString(schemasHead)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var root struct {
			schema
			Defs map[string]*schema `json:"$defs"`
		}
		if err := json.Unmarshal(text, &root); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		root.schema.Defs = root.Defs
		file := filepath.Base(name)
		fmt.Fprintf(&b, "\n## %s\n\n%s [%s](../schema/%s)\n\n", root.Title, root.Description, file, file)
		b.WriteString("| path | type | meaning |\n|---|---|---|\n")
		p := page{t: t, b: &b, root: &root.schema}
		p.members("", &root.schema, nil)
	}
	compare(t, "schemas.md", b.String())
}

type page struct {
	t    *testing.T
	b    *strings.Builder
	root *schema
}

// resolve returns the definition that s refers to, and its name. A reference to another file stays as it is.
func (p *page) resolve(s *schema) (*schema, string) {
	name, ok := strings.CutPrefix(s.Ref, "#/$defs/")
	if !ok {
		return s, ""
	}
	def := p.root.Defs[name]
	if def == nil {
		p.t.Fatalf("%s: no such definition", s.Ref)
	}
	base, _ := p.resolve(def)
	merged := *base
	if s.Description != "" {
		merged.Description = s.Description
	}
	return &merged, name
}

// members writes a row for each member of s, at path. open are the definitions that s is part of.
func (p *page) members(path string, s *schema, open []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p.row(strings.TrimPrefix(path+"."+name, "."), s.Properties[name], open)
	}
	var more schema
	if len(s.Additional) > 0 && json.Unmarshal(s.Additional, &more) == nil {
		p.row(strings.TrimPrefix(path+".*", "."), &more, open)
	}
	if s.Items != nil {
		p.row(path+"[]", s.Items, open)
	}
}

func (p *page) row(path string, s *schema, open []string) {
	s, def := p.resolve(s)
	// Arrays and objects of one kind of member need no row of their own for the member, unless it says more.
	if s.Description != "" || s.Properties == nil {
		fmt.Fprintf(p.b, "| `%s` | %s | %s |\n", path, typeOf(s), strings.ReplaceAll(s.Description, "|", `\|`))
	}
	if def != "" && slices.Contains(open, def) {
		return
	}
	p.members(path, s, append(open, def))
}

func typeOf(s *schema) string {
	switch {
	case s.Const != nil:
		return fmt.Sprintf("`%v`", s.Const)
	case s.Enum != nil:
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprintf("`%v`", v))
		}
		return strings.Join(values, ", ")
	case s.Ref != "":
		file, _, _ := strings.Cut(s.Ref, "#")
		return fmt.Sprintf("[%s](../schema/%s)", file, file)
	case s.Type != nil:
		return strings.Trim(fmt.Sprint(s.Type), "[]")
	case s.OneOf != nil:
		var kinds []string
		for _, one := range s.OneOf {
			kinds = append(kinds, typeOf(one))
		}
		return strings.Join(kinds, " or ")
	}
	return ""
}
