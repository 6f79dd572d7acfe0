package golink

import (
	"fmt"
	"strconv"
	"strings"
)

// ReadImportcfg adds to c what the import configuration data says, a file as the go command writes it for "go tool link -importcfg":
// lines "packagefile PATH=ARCHIVE" and "modinfo QUOTED". name is for messages.
func (c *Config) ReadImportcfg(name string, data []byte) error {
	if c.Packages == nil {
		c.Packages = map[string]string{}
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verb, arg, _ := strings.Cut(line, " ")
		arg = strings.TrimSpace(arg)
		switch verb {
		case "packagefile":
			path, file, ok := strings.Cut(arg, "=")
			if !ok || path == "" || file == "" {
				return fmt.Errorf("%s:%d: %q: want packagefile PATH=ARCHIVE", name, n, line)
			}
			c.Packages[path] = file
		case "modinfo":
			info, err := strconv.Unquote(arg)
			if err != nil {
				return fmt.Errorf("%s:%d: modinfo is not a quoted string", name, n)
			}
			c.ModInfo = info
		default:
			return fmt.Errorf("%s:%d: directive %q: want packagefile or modinfo", name, n, verb)
		}
	}
	return nil
}
