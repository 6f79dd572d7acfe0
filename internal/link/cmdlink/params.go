package cmdlink

import (
	"fmt"
	"os"
	"strings"
)

// ExpandParams replaces each argument "@FILE" by the lines of FILE, one argument
// a line, taken verbatim (Bazel's "multiline" parameter file format). Lines are
// not expanded again. A relative FILE is relative to the working directory.
func ExpandParams(args []string) ([]string, error) {
	var out []string
	for _, a := range args {
		file, ok := strings.CutPrefix(a, "@")
		if !ok {
			out = append(out, a)
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("parameter file: %w", err)
		}
		for line := range strings.Lines(string(data)) {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out, nil
}
