package cmdlink

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// readStamps reads Bazel workspace status files: one "KEY value" a line, where
// the value is all that follows the first space. A later file wins.
func readStamps(files []string) (map[string]string, error) {
	m := map[string]string{}
	for _, f := range files {
		data, err := inputfile.Read(f, inputfile.Text)
		if err != nil {
			return nil, fmt.Errorf("stamp file: %w", err)
		}
		for line := range strings.Lines(string(data)) {
			k, v, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			m[k] = v
		}
	}
	return m, nil
}

var placeholder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{.+?\}`) })

// resolveXDef turns "pkg.name=value" into the argument of cmd/link's -X: each
// {KEY} in value becomes that key's stamp, and a package path equal to mainPath
// becomes "main", under which the linker knows it. As in rules_go, ok is false
// and the definition is to be dropped when a key has no stamp, so that the
// variable keeps the value it has in the source.
func resolveXDef(def, mainPath string, stamps map[string]string) (arg string, ok bool, err error) {
	left, value, found := strings.Cut(def, "=")
	dot := strings.LastIndexByte(left, '.')
	if !found || dot <= 0 || dot == len(left)-1 {
		return "", false, fmt.Errorf("x-def %q: want importpath.name=value", def)
	}
	pkg, name := left[:dot], left[dot+1:]
	if pkg == mainPath {
		pkg = "main"
	}
	ok = true
	value = placeholder().ReplaceAllStringFunc(value, func(key string) string {
		v, known := stamps[key[1:len(key)-1]]
		if !known {
			ok = false
		}
		return v
	})
	return pkg + "." + name + "=" + value, ok, nil
}
