package cmdlink

import (
	"cmp"
	"fmt"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/machine"
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

// addModules adds the modules that package metadata names to the build information: that of package main, and those
// of packages, which are the modules of cmd/go's list. Metadata with another path than a package is about something else.
func (c *Config) addModules(packages []*loadedPackage) error {
	if c.BuildInfo.Main == "" && c.MainPURL != "" {
		m, ok, err := readPackageMetadata(c.MainPURL)
		if err != nil {
			return err
		}
		if ok && !within(c.BuildInfo.Path, m.Path) && c.MainDirectory != nil {
			c.BuildInfo.Path = path.Join(m.Path, *c.MainDirectory)
		}
		if ok && within(c.BuildInfo.Path, m.Path) {
			c.BuildInfo.Main = formatModule(m)
		}
	}
	mainPath, _, _ := strings.Cut(c.BuildInfo.Main, "@")
	linked := make(map[string]bool, len(packages))
	for _, p := range packages {
		linked[p.path] = true
	}
	importPaths := make(map[string]string, len(c.Archives))
	for _, a := range c.Archives {
		importPaths[a.PkgPath] = a.ImportPath
	}
	modules := map[string]debug.Module{} // by file: the packages of a module share one
	for _, s := range c.PackagePURLs {
		pkg, file, ok := strings.Cut(s, "=")
		if !ok || pkg == "" || file == "" {
			return fmt.Errorf("package metadata %q: want importmap=file", s)
		}
		if !linked[pkg] {
			continue
		}
		m, seen := modules[file]
		if !seen {
			var err error
			if m, _, err = readPackageMetadata(file); err != nil {
				return err
			}
			modules[file] = m
		}
		if m.Path != "" && m.Path != mainPath && within(importPaths[pkg], m.Path) {
			c.BuildInfo.Deps = append(c.BuildInfo.Deps, formatModule(m))
		}
	}
	return nil
}

// formatModule is the reverse of ParseModule.
func formatModule(m debug.Module) string {
	return strings.TrimSpace(m.Path + "@" + m.Version + " " + m.Sum)
}

// settings returns the build settings that follow from c, in the order of cmd/go. compiled is the instruction
// set level that package main was compiled for, such as "GOAMD64=v1".
func (c *Config) settings(compiled, godebugs string) ([]debug.BuildSetting, error) {
	s := []debug.BuildSetting{
		{Key: "-buildmode", Value: goModes[c.BuildMode]},
		{Key: "-compiler", Value: "gc"},
	}
	add := func(key, value string) {
		if value != "" {
			s = append(s, debug.BuildSetting{Key: key, Value: value})
		}
	}
	add("-tags", strings.Join(c.Tags, ","))
	add("-trimpath", "true")
	add("DefaultGODEBUG", godebugs)
	add("CGO_ENABLED", "0")
	add("GOARCH", c.GOARCH)
	add("GOEXPERIMENT", c.GOEXPERIMENT)
	add("GOFIPS140", c.FIPS)
	add("GOOS", c.GOOS)
	level, value, _ := strings.Cut(compiled, "=")
	if c.GOARCHLevel != "" {
		level, value = machine.Of(c.GOARCH).Level, c.GOARCHLevel
	}
	add(level, value)
	stamps, err := readStamps(c.StampFiles)
	if err != nil {
		return nil, err
	}
	for _, key := range vcsKeys {
		add(key.setting, stamps[key.stamp])
	}
	return s, nil
}

// vcsKeys are the keys of Bazel's workspace status with which a stamped program says what cmd/go takes from
// the version control system, in the order of cmd/go.
var vcsKeys = []struct{ setting, stamp string }{
	{"vcs", "STABLE_VCS"},
	{"vcs.revision", "STABLE_VCS_REVISION"},
	{"vcs.time", "STABLE_VCS_TIME"},
	{"vcs.modified", "STABLE_VCS_MODIFIED"},
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
