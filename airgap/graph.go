package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// overrides returns the names of the modules in the module graph of the workspace at
// root that have to be overridden. Bazel refuses an override of a module that is not in
// the graph, so the graph is followed here, from the MODULE.bazel files alone; since
// every module has one directory, versions play no part.
func (in *install) overrides(root string) ([]string, error) {
	type node struct {
		dir    string
		isRoot bool
	}
	local := map[string]string{} // modules that the workspace itself overrides
	queue := []node{{root, true}, {in.path("usr/share/bazel/embedded_tools"), false}}
	needed := map[string]bool{}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		m, err := readModule(n.dir, n.isRoot)
		if err != nil {
			return nil, err
		}
		if n.isRoot { // Bazel heeds the overrides of the root module only
			local = m.overrides
		}
		for _, dep := range m.deps {
			if needed[dep] || dep == m.name {
				continue
			}
			dir, ok := moduleDirs[dep]
			switch override, isLocal := local[dep]; {
			case isLocal && override == "":
				continue // of another kind than local_path: Bazel fetches it
			case isLocal:
				dir = override
			case !ok:
				return nil, fmt.Errorf("%s depends on the Bazel module %q, which the air-gap mode does not carry; "+
					"remove it, add it to airgap/modules.go, or use a Bazel that reaches the registry (RULES_GO3S_AIRGAP=0)",
					filepath.Join(n.dir, "MODULE.bazel"), dep)
			default:
				dir = in.path(dir)
			}
			needed[dep] = true
			queue = append(queue, node{dir, false})
		}
	}
	var names []string
	for name := range needed {
		if _, ok := local[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// module is what a MODULE.bazel file says about the graph.
type module struct {
	name string
	deps []string
	// overrides maps a module to the directory of its local_path_override, or to "" for
	// an override that names another source of the module.
	overrides map[string]string
}

// readModule reads dir/MODULE.bazel and the files that it includes. Dependencies marked
// dev_dependency count for the root module only.
func readModule(dir string, isRoot bool) (*module, error) {
	m := &module{overrides: map[string]string{}}
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
				m.deps = append(m.deps, rule.Name())
			}
		case "local_path_override":
			path := rule.AttrString("path")
			if !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			m.overrides[rule.AttrString("module_name")] = path
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
