package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
)

// judgments returns what linkcheck said, by name. Files that could not be made are not in it.
func (t *table) judgments() map[string]judgment {
	out := map[string]judgment{}
	for _, r := range t.rows {
		if r.Missing == "" {
			out[r.Name] = r.judgment
		}
	}
	return out
}

// writeGolden writes one line for each file.
func (t *table) writeGolden(path string) error {
	golden, err := readGolden(path)
	if err != nil {
		return err
	}
	made := t.judgments()
	for _, r := range t.rows {
		if g, ok := golden[r.Name]; ok && r.Missing != "" {
			made[r.Name] = g // what this machine cannot make is kept
		}
	}
	var b strings.Builder
	b.WriteString("{\n")
	names := slices.Sorted(maps.Keys(made))
	for i, name := range names {
		text, err := json.Marshal(made[name])
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%q: %s", name, text)
		if i < len(names)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("}\n")
	return atomicfile.Write(path, 0o666, []byte(b.String()))
}

func readGolden(path string) (map[string]judgment, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var golden map[string]judgment
	if err := json.Unmarshal(text, &golden); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return golden, nil
}

// compareGolden returns a line for each file of which linkcheck says something else than
// the golden file.
func (t *table) compareGolden(path string) ([]string, error) {
	golden, err := readGolden(path)
	if err != nil {
		return nil, err
	}
	var out []string
	made := t.judgments()
	for _, name := range slices.Sorted(maps.Keys(made)) {
		got := made[name]
		want, ok := golden[name]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("%s: not in %s; it is %s and breaks %q", name, path, got.Verdict, got.Broken))
		case got.Verdict != want.Verdict || !slices.Equal(got.Broken, want.Broken):
			out = append(out, fmt.Sprintf("%s: it is %s and breaks %q, want %s and %q", name, got.Verdict, got.Broken, want.Verdict, want.Broken))
		}
	}
	return out, nil
}
