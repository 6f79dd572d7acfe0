package cmdlink

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Limits of Linux on what execve(2) takes: one argument holds at most 32 pages less a byte
// (MAX_ARG_STRLEN), all together at most a quarter of the stack's limit, which 8 MiB is the
// default of. They are kept with room to spare.
const (
	maxArgument  = 100 << 10
	maxArguments = 1 << 20
)

// boundArgs returns args, or, where they are too long for a command line, one argument "@FILE" for
// a response file in tmp that holds them as cmd/link of Go release version reads it.
func boundArgs(args []string, tmp, version string) ([]string, error) {
	total, longest := 0, 0
	for _, a := range args {
		total += len(a) + 1
		longest = max(longest, len(a))
	}
	if longest < maxArgument && total < maxArguments {
		return args, nil
	}
	encode := encodeLine
	if !strings.HasPrefix(version, "go1.26") {
		encode = encodeQuoted
	}
	var text strings.Builder
	for _, a := range args {
		line, err := encode(a)
		if err != nil {
			return nil, err
		}
		text.WriteString(line + "\n")
	}
	file := filepath.Join(tmp, "args")
	if err := os.WriteFile(file, []byte(text.String()), 0o666); err != nil {
		return nil, err
	}
	return []string{"@" + file}, nil
}

// encodeLine encodes an argument as Go 1.26 decodes it (cmd/internal/objabi.DecodeArg): one argument
// a line, with \\ for a backslash and \n for a newline. Carriage returns are dropped there.
func encodeLine(arg string) (string, error) {
	if strings.Contains(arg, "\r") {
		return "", fmt.Errorf("argument %.60q of %d bytes: holds a carriage return, which the response files of Go 1.26 cannot", arg, len(arg))
	}
	return strings.NewReplacer("\\", `\\`, "\n", `\n`).Replace(arg), nil
}

// encodeQuoted encodes an argument as Go 1.27 decodes it (cmd/internal/objabi.ParseArgs, after GCC's
// buildargv): in single quotes everything but a single quote means itself.
func encodeQuoted(arg string) (string, error) {
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'", nil
}
