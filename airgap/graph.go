package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// overrides returns the directory of each module in the module graph of the workspace at
// root that has to be overridden. Bazel refuses an override of a module that is not in
// the graph, so the graph is followed here, from the MODULE.bazel files alone. Versions
// play a part for the modules in releases only. As in Bazel, the highest one that any module
// asks for is taken, or that of a single_version_override of the root module; it is fetched first
// if need be. What it asks for itself is known after that, so the graph is followed until nothing changes.
func (in *install) overrides(ctx context.Context, root string) (map[string]string, error) {
	g := graph{in: in, dirs: map[string]string{}, asked: map[string]string{}}
	for {
		needed, err := g.follow(root)
		if err != nil {
			return nil, err
		}
		before := maps.Clone(g.dirs)
		for module, version := range g.asked {
			r, err := pick(module, version)
			if err != nil {
				return nil, err
			}
			if err := in.addRelease(ctx, module, r); err != nil {
				return nil, fmt.Errorf("provide %s %s: %w", module, r.version, err)
			}
			g.dirs[module] = in.releaseDir(module, r)
		}
		if maps.Equal(before, g.dirs) {
			return needed, nil
		}
	}
}

// graph is what is known of a module graph.
type graph struct {
	in    *install
	dirs  map[string]string // of the modules in releases, as far as they have been chosen
	asked map[string]string // the highest version that was asked for of a module in releases
}

// follow returns the directories of the modules to override that the graph of root has, as far as
// modules in releases have been chosen, and adds to g.asked.
func (g *graph) follow(root string) (map[string]string, error) {
	type node struct {
		dir    string
		isRoot bool
	}
	var top *module
	queue := []node{{root, true}, {g.in.path("usr/share/bazel/embedded_tools"), false}}
	seen, needed := map[string]bool{}, map[string]string{}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		m, err := readModule(n.dir, n.isRoot)
		if err != nil {
			return nil, err
		}
		if n.isRoot { // Bazel heeds the overrides of the root module only
			top = m
		}
		for _, dep := range m.deps {
			if dep.name == m.name {
				continue
			}
			local, isLocal := top.overrides[dep.name]
			if releases[dep.name] != nil && !isLocal {
				if err := g.ask(dep, top); err != nil {
					return nil, fmt.Errorf("%s: %w", filepath.Join(n.dir, "MODULE.bazel"), err)
				}
				if g.dirs[dep.name] == "" {
					continue
				}
			}
			if seen[dep.name] {
				continue
			}
			seen[dep.name] = true
			dir := g.dirs[dep.name]
			switch {
			case isLocal && local == "":
				continue // of another kind than local_path: Bazel fetches it
			case isLocal:
				queue = append(queue, node{local, false})
				continue
			case dir == "" && moduleDirs[dep.name] == "":
				return nil, fmt.Errorf("%s depends on the Bazel module %q, which the air-gap mode does not carry; "+
					"remove it, add it to airgap/modules.go, or use a Bazel that reaches the registry (RULES_GO3S_AIRGAP=0)",
					filepath.Join(n.dir, "MODULE.bazel"), dep.name)
			case dir == "":
				dir = g.in.path(moduleDirs[dep.name])
			}
			needed[dep.name] = dir
			queue = append(queue, node{dir, false})
		}
	}
	return needed, nil
}

// ask notes which version of a module in releases is asked for.
func (g *graph) ask(dep bazelDep, top *module) error {
	version := dep.version
	if pinned, ok := top.pinned[dep.name]; ok {
		version = pinned
	}
	order, err := compareVersions(version, g.asked[dep.name])
	if err != nil {
		return fmt.Errorf("module %s: %w", dep.name, err)
	}
	if order >= 0 {
		g.asked[dep.name] = version
	}
	return nil
}

// bazelDep is a bazel_dep of a MODULE.bazel file.
type bazelDep struct {
	name, version string
}

// module is what a MODULE.bazel file says about the graph.
type module struct {
	name string
	deps []bazelDep
	// overrides maps a module to the directory of its local_path_override, or to "" for
	// an override that names another source of the module.
	overrides map[string]string
	// pinned maps a module to the version of its single_version_override.
	pinned map[string]string
}

// readModule reads dir/MODULE.bazel and the files that it includes. Dependencies marked
// dev_dependency count for the root module only.
func readModule(dir string, isRoot bool) (*module, error) {
	m := &module{overrides: map[string]string{}, pinned: map[string]string{}}
	if err := m.read(dir, "MODULE.bazel", isRoot); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *module) read(dir, name string, isRoot bool) error {
	file := filepath.Join(dir, name)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	f, err := build.ParseModule(file, data)
	if err != nil {
		return err
	}
	for _, rule := range f.Rules("") {
		switch rule.Kind() {
		case "module":
			m.name = rule.Name()
		case "bazel_dep":
			// repo_name = None only constrains the version of a module that others bring in.
			if id, ok := rule.Attr("repo_name").(*build.Ident); ok && id.Name == "None" {
				continue
			}
			if isRoot || rule.AttrLiteral("dev_dependency") != "True" {
				m.deps = append(m.deps, bazelDep{rule.Name(), rule.AttrString("version")})
			}
		case "local_path_override":
			path := rule.AttrString("path")
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			m.overrides[rule.AttrString("module_name")] = path
		case "single_version_override":
			if version := rule.AttrString("version"); version != "" {
				m.pinned[rule.AttrString("module_name")] = version
			}
		case "archive_override", "git_override":
			m.overrides[rule.AttrString("module_name")] = ""
		}
	}
	for _, stmt := range f.Stmt {
		if include := includedFile(stmt); include != "" {
			if err := m.read(dir, include, isRoot); err != nil {
				return err
			}
		}
	}
	return nil
}

// includedFile returns the path of include("//:PATH"), relative to the module's root,
// or "" for other statements.
func includedFile(stmt build.Expr) string {
	call, ok := stmt.(*build.CallExpr)
	if !ok || len(call.List) != 1 {
		return ""
	}
	fn, ok := call.X.(*build.Ident)
	if !ok || fn.Name != "include" {
		return ""
	}
	label, ok := call.List[0].(*build.StringExpr)
	if !ok {
		return ""
	}
	pkg, target, ok := strings.Cut(strings.TrimPrefix(label.Value, "//"), ":")
	if !ok {
		return ""
	}
	return filepath.Join(pkg, target)
}
