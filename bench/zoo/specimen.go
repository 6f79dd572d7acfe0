package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// A specimen is one file of the zoo.
type specimen struct {
	Name    string // unique; also the key of the golden file
	Profile string // the profile of linkcheck that the file claims to keep
	Group   string // heading in the table
	Path    string
	GOARCH  string
	Start   bool // whether to start it, with Args
	Args    []string
	Missing string // why it could not be made; then Path is ""
}

// A recipe makes a specimen by running commands.
type recipe struct {
	name    string
	profile string
	goarch  string
	start   bool
	args    []string
	steps   func(out string) []command
}

// A command is a program with its arguments. $name stands for another specimen's file.
type command []string

// A collection is a list of recipes under one heading.
type collection struct {
	group   string
	recipes []recipe
}

// keeper makes specimens in a directory.
type keeper struct {
	dir       string
	specimens []specimen
}

// path returns where the file of a specimen is.
func (k *keeper) path(name string) string { return filepath.Join(k.dir, "files", name) }

func (k *keeper) add(s specimen) { k.specimens = append(k.specimens, s) }

// find returns the specimen with that name, nil when there is none.
func (k *keeper) find(name string) *specimen {
	i := slices.IndexFunc(k.specimens, func(s specimen) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &k.specimens[i]
}

// make runs the recipes of a collection. A recipe whose tool is not installed gives a
// specimen that says so; any other failure is an error.
func (k *keeper) make(c collection) error {
	for _, r := range c.recipes {
		s := specimen{Name: r.name, Profile: r.profile, Group: c.group, GOARCH: r.goarch, Start: r.start, Args: r.args, Path: k.path(r.name)}
		if err := os.MkdirAll(filepath.Dir(s.Path), 0o777); err != nil {
			return err
		}
		for _, cmd := range r.steps(s.Path) {
			missing, err := k.run(cmd)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if missing != "" {
				s.Path, s.Missing = "", missing
				break
			}
		}
		k.add(s)
	}
	return nil
}
