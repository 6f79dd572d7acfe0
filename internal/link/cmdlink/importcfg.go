package cmdlink

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// cgoPackage is what cmd/link adds to a program that it links externally when it
// can. Ours have no C code to need it.
const cgoPackage = "runtime/cgo"

// readPackageList reads one import path a line; blank lines are skipped. The list is the same for every platform and build mode: there are
// packages on it without an archive, which no package of the platform imports.
func readPackageList(file string) ([]string, error) {
	f, err := inputfile.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		p := strings.TrimSpace(s.Text())
		if p != "" && p != cgoPackage {
			list = append(list, p)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return list, nil
}

// stdArchive returns the archive of package p of the standard library in dir.
func stdArchive(dir, p string) string { return path.Join(dir, p) + ".a" }

// importcfg returns the text of cmd/link's -importcfg file: where each package's
// archive is, and the build information. Two archives of one package path are an
// error that names both labels, since the linker would silently take one.
func importcfg(std []string, stdDir string, archives []Archive, modinfo string) ([]byte, error) {
	var b bytes.Buffer
	seen := map[string]string{}
	for _, p := range std {
		fmt.Fprintf(&b, "packagefile %s=%s\n", p, stdArchive(stdDir, p))
		seen[p] = "the standard library"
	}
	var errs []error
	for _, a := range archives {
		if prev, ok := seen[a.PkgPath]; ok {
			errs = append(errs, fmt.Errorf("package %s: two copies in one link, from %s and from %s: give one of them another importmap, or depend on one only",
				a.PkgPath, prev, a.Label))
			continue
		}
		seen[a.PkgPath] = a.Label
		if strings.ContainsAny(a.PkgPath+a.File, "\n") {
			errs = append(errs, fmt.Errorf("package %q from %s: a newline in its path or file name", a.PkgPath, a.Label))
			continue
		}
		fmt.Fprintf(&b, "packagefile %s=%s\n", a.PkgPath, a.File)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if modinfo != "" {
		fmt.Fprintf(&b, "modinfo %s\n", strconv.Quote(frameModinfo(modinfo)))
	}
	return b.Bytes(), nil
}
