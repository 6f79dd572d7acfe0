package sizes

import (
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// modules are those that build information names.
type modules struct {
	release  string
	main     string
	versions map[string]string // by module path
}

// readModules returns what the build information of f says; nothing of a file without any.
func readModules(f *goelf.File) *modules {
	m := &modules{versions: map[string]string{}}
	info, err := gobin.ReadBuildInfo(f)
	if err != nil {
		return m
	}
	m.release, m.main = strings.Clone(gobin.OneLine(info.GoVersion)), info.Main.Path
	if m.main != "" {
		m.versions[m.main] = info.Main.Version
	}
	for _, d := range info.Deps {
		m.versions[d.Path] = d.Version
	}
	return m
}

// isMain reports whether a package is of the main module.
func (m *modules) isMain(pkg string) bool {
	path, _ := m.of(pkg)
	return pkg == "main" || path != "" && path == m.main
}

// of returns the path and version of the module of a package; "" for one that build information does not name.
func (m *modules) of(pkg string) (path, version string) {
	if pkg == "" {
		return "", ""
	}
	if pkg == "main" && m.main != "" {
		return m.main, m.versions[m.main]
	}
	for path := pkg; path != ""; {
		if version, ok := m.versions[path]; ok {
			return path, version
		}
		slash := strings.LastIndexByte(path, '/')
		path = path[:max(slash, 0)]
	}
	// Import paths of the standard library have no dot before the first slash.
	if first, _, _ := strings.Cut(pkg, "/"); !strings.Contains(first, ".") && first != "main" {
		return Standard, ""
	}
	return "", ""
}
