package cmdlink

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// modinfoStart and modinfoEnd frame the build information in runtime.modinfo, so
// that debug/buildinfo finds it in a binary of any age. They are fixed by the Go
// toolchain (cmd/go/internal/modload).
const (
	modinfoStart = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
	modinfoEnd   = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
)

func frameModinfo(s string) string { return modinfoStart + s + modinfoEnd }

// BuildInfo is what `go version -m` shows of a program.
type BuildInfo struct {
	Path     string   // import path of the main package
	Main     string   // main module as "path@version" or "path@version sum"; may be ""
	Deps     []string // other modules, same syntax
	Settings []string // further "key=value" build settings
}

// ParseModule parses "path@version" or "path@version sum".
func ParseModule(s string) (debug.Module, error) {
	pv, sum, _ := strings.Cut(s, " ")
	p, v, ok := strings.Cut(pv, "@")
	if !ok || p == "" || v == "" || strings.ContainsAny(s, "\t\r\n") || strings.Contains(sum, " ") {
		return debug.Module{}, fmt.Errorf("module %q: want path@version, or path@version sum", s)
	}
	return debug.Module{Path: p, Version: v, Sum: sum}, nil
}

// addModules adds the modules of packages to the build information, but for that of package main.
func (c *Config) addModules(packages []*loadedPackage) error {
	linked := make(map[string]bool, len(packages))
	for _, p := range packages {
		linked[p.path] = true
	}
	for _, s := range c.PackageModules {
		path, module, ok := strings.Cut(s, "=")
		if !ok || path == "" {
			return fmt.Errorf("package module %q: want importmap=path@version", s)
		}
		if linked[path] && module != c.BuildInfo.Main {
			c.BuildInfo.Deps = append(c.BuildInfo.Deps, module)
		}
	}
	return nil
}

// encode returns the text form of the build information. fixed are the settings
// that follow from how the program is linked; they come first, in cmd/go's order.
func (bi BuildInfo) encode(fixed []debug.BuildSetting) (string, error) {
	if strings.ContainsAny(bi.Path, "\r\n\t") {
		return "", fmt.Errorf("main package path %q: holds a tab or newline", bi.Path)
	}
	info := debug.BuildInfo{Path: bi.Path, Settings: fixed}
	if bi.Main != "" {
		m, err := ParseModule(bi.Main)
		if err != nil {
			return "", err
		}
		info.Main = m
	}
	for _, d := range bi.Deps {
		m, err := ParseModule(d)
		if err != nil {
			return "", err
		}
		info.Deps = append(info.Deps, &m)
	}
	slices.SortFunc(info.Deps, func(a, b *debug.Module) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Version, b.Version))
	})
	for i := 1; i < len(info.Deps); i++ {
		if a, b := info.Deps[i-1], info.Deps[i]; a.Path == b.Path {
			if *a != *b {
				return "", fmt.Errorf("module %s: given as %s %s and as %s %s: one program holds one version of a module", a.Path, a.Version, a.Sum, b.Version, b.Sum)
			}
			info.Deps = slices.Delete(info.Deps, i, i+1)
			i--
		}
	}
	for _, s := range bi.Settings {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" || strings.ContainsAny(s, "\r\n") {
			return "", fmt.Errorf("build setting %q: want key=value on one line", s)
		}
		info.Settings = append(info.Settings, debug.BuildSetting{Key: k, Value: v})
	}
	return info.String(), nil
}
