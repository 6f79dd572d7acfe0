// Package params reads parameter files, by which Bazel passes command lines that
// are too long for the system.
package params

import (
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Expand replaces each argument "@FILE" by the lines of FILE, one argument a
// line, taken verbatim (Bazel's "multiline" format). Lines are not expanded
// again. A relative FILE is relative to the working directory.
func Expand(args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		file, ok := strings.CutPrefix(arg, "@")
		if !ok {
			out = append(out, arg)
			continue
		}
		data, err := inputfile.Read(file, inputfile.Data)
		if err != nil {
			return nil, fmt.Errorf("parameter file: %w", err)
		}
		for line := range strings.Lines(string(data)) {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out, nil
}
