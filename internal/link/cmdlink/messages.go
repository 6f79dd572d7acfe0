package cmdlink

import "strings"

// harmless lists lines of cmd/link that say nothing about the output: external
// linking looks for runtime/cgo, which a program without cgo lacks.
var harmless = []string{"loadinternal: cannot find runtime/cgo"}

// hint says what to do about an error message of cmd/link, or of package golink, that does not say it.
func hint(message string) string {
	switch {
	case strings.Contains(message, "relocation target") && strings.Contains(message, "not defined"),
		strings.Contains(message, "which no package defines"):
		return "\nA function is declared without a body, and what has its code was not compiled: an assembly file is missing for this machine, or was left out " +
			"because a file of its package imports C (rules_go leaves out all assembly of such a package). Add the file, or move what imports C to a package of its own."
	case strings.Contains(message, cgoPackage):
		return "\nA package of the program was compiled with cgo: golink links pure Go only. Compile all packages with CGO_ENABLED=0."
	}
	return ""
}
