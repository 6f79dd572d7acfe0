package policy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// keys are the members of the objects in a policy file, by the object's path. In a path
// * stands for any member, as of an object whose members are not listed.
var keys = keysOf(map[string][]string{}, "", reflect.TypeFor[policyFile]())

// keysOf adds to keys what objects of type t, and those in them, have. An element of an array has the path of the array.
func keysOf(keys map[string][]string, path string, t reflect.Type) map[string][]string {
	switch t.Kind() {
	case reflect.Slice:
		keysOf(keys, path, t.Elem())
	case reflect.Map:
		keysOf(keys, path+"*.", t.Elem())
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if key != "" && key != "-" {
				keys[path] = append(keys[path], key)
				keysOf(keys, path+key+".", f.Type)
			}
		}
	}
	return keys
}

// A keyChecker reads a policy file for what package json accepts in silence.
type keyChecker struct {
	data  []byte
	dec   *json.Decoder
	paths map[int64]string // of values, by the offset after the first token of each
}

// checkKeys refuses keys that are unknown, are repeated or differ from the known ones in case, and data after the
// object. It returns the paths of values, for decodeError.
func checkKeys(data []byte) (paths map[int64]string, err error) {
	c := &keyChecker{data, json.NewDecoder(bytes.NewReader(data)), map[int64]string{}}
	if err := c.value("", ""); err != nil {
		var syntax *json.SyntaxError
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected end of JSON input") {
			return nil, fmt.Errorf("%s: the policy object has no end", place(data, int64(len(data))+1))
		}
		if errors.As(err, &syntax) && errors.As(json.Unmarshal(data, new(json.RawMessage)), &syntax) { // which knows the place better
			return nil, fmt.Errorf("%s: %w", place(data, syntax.Offset), syntax)
		}
		return nil, err
	}
	if _, err := c.dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("%s: data follows the policy object", place(data, c.dec.InputOffset()))
	}
	return c.paths, nil
}

// place says where in a text file the byte before offset is. Columns count bytes.
func place(data []byte, offset int64) string {
	before := data[:max(0, min(offset-1, int64(len(data))))]
	return fmt.Sprintf("line %d, column %d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// value checks the next value. path is where it is, pattern the same as in
// keys.
func (c *keyChecker) value(path, pattern string) error {
	token, err := c.dec.Token()
	if err != nil {
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	c.paths[c.dec.InputOffset()] = strings.TrimSuffix(path, ".")
	seen := map[string]bool{}
	switch token {
	case "":
		if array, _, ok := strings.Cut(path, "["); ok && strings.HasSuffix(path, "].") {
			return fmt.Errorf("%s: %s: an entry is empty", place(c.data, c.dec.InputOffset()), array)
		}
	case json.Delim('{'):
		known, listed := keys[pattern]
		for c.dec.More() {
			token, err := c.dec.Token()
			if err != nil {
				return err
			}
			key, _ := token.(string) // in an object every other token is a key
			if seen[key] {
				return fmt.Errorf("%s: key %q is repeated", place(c.data, c.dec.InputOffset()), path+clip(key))
			}
			seen[key] = true
			next := pattern + "*."
			if listed {
				next = pattern + key + "."
				if !slices.Contains(known, key) {
					return fmt.Errorf("%s: %w", place(c.data, c.dec.InputOffset()), unknown("key", path+key, prefixed(path, known)))
				}
			}
			if err := c.value(path+key+".", next); err != nil {
				return err
			}
		}
		_, err = c.dec.Token()
	case json.Delim('['):
		for i := 0; c.dec.More(); i++ {
			if err := c.value(fmt.Sprintf("%s[%d].", strings.TrimSuffix(path, "."), i), pattern); err != nil {
				return err
			}
		}
		_, err = c.dec.Token()
	}
	return err
}

func prefixed(path string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = path + n
	}
	return out
}

// decodeError names the key of a value of the wrong type in the words of a policy
// file. paths are those of checkKeys, nil where nobody has looked.
func decodeError(err error, data []byte, paths map[int64]string) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		kinds := map[string]string{"string": "a string", "slice": "an array", "map": "an object", "struct": "an object", "int": "a number"}
		want := wrong.Type.Kind().String()
		if text, ok := kinds[want]; ok {
			want = text
		}
		field := cmp.Or(paths[wrong.Offset], wrong.Field, "the policy")
		return fmt.Errorf("%s: %s is %s %s, want %s", place(data, wrong.Offset), clip(field), article(wrong.Value), wrong.Value, want)
	}
	return err
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune((noun + " ")[0])) {
		return "an"
	}
	return "a"
}
