// Package schema holds the JSON Schemas (draft 2020-12) of what linkcheck reads and writes, so that tests can hold
// files and Go types to them. linkcheck itself does not read them: its readers refuse more than a schema can express.
package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.json
var files embed.FS

// Validate checks data, a JSON text, against the schema in that file, such as "policy.json". The error names what does
// not fit.
func Validate(file string, data []byte) error {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return err
	}
	for _, name := range names { // a schema may refer to another
		text, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("schema %s: %w", name, err)
		}
		if err := c.AddResource(name, doc); err != nil {
			return err
		}
	}
	compiled, err := c.Compile(file)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return compiled.Validate(value)
}

// CheckType returns in what the schema in that file and the JSON form of t differ: members that only one of them has,
// members that the schema does not describe, and objects that may have others. written says that t is marshalled, so that
// members without omitempty must be required.
func CheckType(file string, t reflect.Type, written bool) ([]string, error) {
	text, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := checker{written: written}
	if err := json.Unmarshal(text, &c.root); err != nil {
		return nil, fmt.Errorf("schema %s: %w", file, err)
	}
	c.check("", c.resolve(c.root), t)
	return c.wrong, nil
}

type checker struct {
	root    map[string]any
	written bool
	wrong   []string
}

func (c *checker) errorf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// resolve returns node with what its $ref, to a definition of the same file, adds.
func (c *checker) resolve(node any) map[string]any {
	own, _ := node.(map[string]any)
	ref, _ := own["$ref"].(string)
	name, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return own
	}
	defs, _ := c.root["$defs"].(map[string]any)
	out := map[string]any{}
	for _, from := range []map[string]any{c.resolve(defs[name]), own} {
		for key, value := range from {
			switch old := out[key].(type) {
			case map[string]any: // properties
				merged := maps.Clone(old)
				maps.Copy(merged, value.(map[string]any))
				out[key] = merged
			case []any: // required
				out[key] = slices.Concat(old, value.([]any))
			default:
				out[key] = value
			}
		}
	}
	return out
}

// check compares node, at path, with t.
func (c *checker) check(path string, node map[string]any, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		c.check(path, node, t.Elem())
	case reflect.Slice:
		if t != reflect.TypeFor[json.RawMessage]() {
			c.check(path+"[]", c.resolve(node["items"]), t.Elem())
		}
	case reflect.Map:
		properties, _ := node["properties"].(map[string]any)
		for key, member := range properties {
			c.check(path+"."+key, c.resolve(member), t.Elem())
		}
		if others := c.resolve(node["additionalProperties"]); others != nil || len(properties) == 0 {
			c.check(path+".*", others, t.Elem())
		}
	case reflect.Struct:
		c.checkMembers(path, node, t)
	}
}

func (c *checker) checkMembers(path string, node map[string]any, t reflect.Type) {
	properties, _ := node["properties"].(map[string]any)
	required, _ := node["required"].([]any)
	if node["additionalProperties"] != false && node["unevaluatedProperties"] != false {
		c.errorf("%s: the schema lets other members in", path)
	}
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		tag, ok := f.Tag.Lookup("json")
		if !ok {
			if !f.Anonymous && f.IsExported() {
				c.errorf("%s: the field %s has no JSON name", path, f.Name)
			}
			continue // the members of an embedded type are visible themselves
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "-" {
			continue
		}
		known[name] = true
		property, ok := properties[name]
		if !ok {
			c.errorf("%s.%s: the schema lacks it", path, name)
			continue
		}
		member := c.resolve(property)
		if text, _ := member["description"].(string); text == "" {
			c.errorf("%s.%s: the schema does not describe it", path, name)
		}
		if c.written && slices.Contains(required, any(name)) == (options == "omitempty") {
			c.errorf("%s.%s: the schema requires it, and it may be left out, or the other way around", path, name)
		}
		c.check(path+"."+name, member, f.Type)
	}
	for name := range properties {
		if !known[name] {
			c.errorf("%s.%s: %s has no such member", path, name, t)
		}
	}
}
