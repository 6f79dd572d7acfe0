package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// keys are the members of the objects in a policy file, by the object's path. In a path
// * stands for any member, as of an object whose members are not listed.
var keys = map[string][]string{
	"": {"schema", "profile", "goarch", "size_budget", "package_budgets", "go_version_min", "fips_module", "sections",
		"forbidden", "syscalls", "vulnerabilities", "rules", "allow"},
	"forbidden.": {"packages", "modules", "imports", "strings"},
	"rules.*.":   {"severity", "reason", "expires"},
	"allow.*.":   {"subject", "reason", "expires"},
}

// checkKeys refuses what package json accepts in silence: keys that are unknown, are
// repeated or differ from the known ones in case, and data after the object.
func checkKeys(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := checkValue(dec, "", ""); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("offset %d: data follows the policy object", dec.InputOffset())
	}
	return nil
}

// checkValue checks the next value. path is where it stands, pattern the same as in
// keys.
func checkValue(dec *json.Decoder, path, pattern string) error {
	token, err := dec.Token()
	if err != nil {
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	seen := map[string]bool{}
	switch token {
	case json.Delim('{'):
		known, listed := keys[pattern]
		for dec.More() {
			token, err := dec.Token()
			if err != nil {
				return err
			}
			key, _ := token.(string) // in an object every other token is a key
			if seen[key] {
				return fmt.Errorf("offset %d: key %q is repeated", dec.InputOffset(), path+clip(key))
			}
			seen[key] = true
			next := pattern + "*."
			if listed {
				next = pattern + key + "."
				if !slices.Contains(known, key) {
					return fmt.Errorf("offset %d: %w", dec.InputOffset(), unknown("key", path+key, prefixed(path, known)))
				}
			}
			if err := checkValue(dec, path+key+".", next); err != nil {
				return err
			}
		}
		_, err = dec.Token()
	case json.Delim('['):
		for i := 0; dec.More(); i++ {
			if err := checkValue(dec, fmt.Sprintf("%s[%d].", strings.TrimSuffix(path, "."), i), pattern); err != nil {
				return err
			}
		}
		_, err = dec.Token()
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
// file.
func decodeError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		kinds := map[string]string{"string": "a string", "slice": "an array", "map": "an object", "struct": "an object", "int": "a number"}
		want := wrong.Type.Kind().String()
		if text, ok := kinds[want]; ok {
			want = text
		}
		field := wrong.Field
		if field == "" {
			field = "the policy"
		}
		return fmt.Errorf("offset %d: %s is %s %s, want %s", wrong.Offset, field, article(wrong.Value), wrong.Value, want)
	}
	return err
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune((noun + " ")[0])) {
		return "an"
	}
	return "a"
}
