package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// variants is a Starlark function for cquery: it prints the executables of a target of
// this module as JSON, nothing for other targets.
const variants = `
def format(target):
    info = providers(target)
    for key in info or {}:
        if key.endswith("%Go3sBinaryInfo"):
            return "\n".join([
                json.encode({
                    "package": target.label.package,
                    "goarch": variant.goarch,
                    "profile": variant.profile,
                    "executable": variant.executable.path,
                    "linked": variant.linked.path if variant.linked else "",
                })
                for variant in info[key].variants
            ])
    return ""
`

// A variant is one executable that Bazel has built.
type variant struct{ Package, GOARCH, Profile, Executable, Linked string }

// started are the examples that do what they do without arguments and a server.
var started = []string{"examples/hello", "examples/asm_hello", "examples/rawsys"}

// examples builds the examples by Bazel and adds each executable of each, and for the
// hello programs what the linker left, as linked/….
func (k *keeper) examples(bazel string) error {
	// What is tagged manual must fail, or is a part of another target.
	labels, err := k.bazel(bazel, "query", `kind("^(go3s|go_signed)_binary rule$", //examples/...) except attr(tags, manual, //examples/...)`)
	if err != nil {
		return err
	}
	targets := strings.Fields(string(labels))
	if _, err := k.bazel(bazel, append([]string{"build", "--config=cache", "--show_result=0", "--output_groups=+linked"}, targets...)...); err != nil {
		return err
	}
	file := filepath.Join(k.dir, "variants.cquery")
	if err := os.WriteFile(file, []byte(variants), 0o666); err != nil {
		return err
	}
	out, err := k.bazel(bazel, "cquery", "--config=cache", "--output=starlark", "--starlark:file="+file, "set("+strings.Join(targets, " ")+")")
	if err != nil {
		return err
	}
	linked := &keeper{}
	for line := range bytes.Lines(out) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var v variant
		if err := json.Unmarshal(line, &v); err != nil {
			return fmt.Errorf("cquery: line %q: %w", line, err)
		}
		base := filepath.Base(v.Executable)
		if v.Package == "examples/asm_hello" && !strings.HasSuffix(base, v.GOARCH) {
			base += "_" + v.GOARCH
		}
		s := specimen{Name: strings.TrimPrefix(v.Package, "examples/") + "/" + base, Profile: v.Profile, Group: "rules_go3s, examples", GOARCH: v.GOARCH,
			Start: slices.Contains(started, v.Package)}
		if err := k.copy(s, v.Executable); err != nil {
			return err
		}
		if v.Package == "examples/hello" {
			s.Name, s.Group = "linked/"+base, "rules_go3s, not stripped"
			s.Path = v.Linked
			linked.add(s)
		}
	}
	slices.SortFunc(k.specimens, func(a, b specimen) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range linked.specimens {
		if err := k.copy(s, s.Path); err != nil {
			return err
		}
	}
	if len(k.specimens) == 0 {
		return fmt.Errorf("no executable of rules_go3s among %q", targets)
	}
	return nil
}

// bazel runs Bazel and returns its standard output.
func (k *keeper) bazel(name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return out, nil
}

// copy adds the specimen with a copy of the file at path.
func (k *keeper) copy(s specimen, path string) error {
	s.Path = k.path(s.Name)
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o777); err != nil {
		return err
	}
	if err := copyFile(s.Path, path); err != nil {
		return err
	}
	k.add(s)
	return nil
}

// rewritten is what elfstrip makes of the linked hello programs.
func (k *keeper) rewritten(elfstrip string, lc *linkcheck) (collection, error) {
	c := collection{group: "rules_go3s, elfstrip"}
	help, err := exec.Command(elfstrip, "--help").CombinedOutput()
	if err != nil {
		return c, fmt.Errorf("%s --help: %w", elfstrip, err)
	}
	for _, s := range k.specimens {
		base, ok := strings.CutPrefix(s.Name, "linked/hello_")
		if !ok || strings.HasPrefix(base, "nolibc") {
			continue // linked as static and pie are
		}
		for _, t := range tiers {
			if t.profile != "" && !lc.hasProfile(t.profile) {
				continue
			}
			if !slices.ContainsFunc(t.flags, func(flag string) bool {
				name, _, _ := strings.Cut(flag, "=")
				return !bytes.Contains(help, []byte(name))
			}) {
				c.recipes = append(c.recipes, t.recipe(elfstrip, "elfstrip/"+base+"-"+t.name, &s))
			}
		}
	}
	return c, nil
}

func (t tier) recipe(elfstrip, name string, from *specimen) recipe {
	profile := from.Profile
	if t.profile != "" {
		profile = t.profile
	}
	return recipe{name, profile, from.GOARCH, true, nil, func(out string) []command {
		cmd := append(command{elfstrip}, t.flags...)
		if strings.Contains(t.name, "external") {
			cmd = append(cmd, "--symbols-file="+out+".symbols")
		}
		return []command{append(cmd, "-o", out, "$"+from.Name)}
	}}
}
