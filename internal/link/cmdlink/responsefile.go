package cmdlink

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// Limits of Linux on what execve(2) takes: one argument holds at most 32 pages less a byte
// (MAX_ARG_STRLEN), all together at most a quarter of the stack's limit, which 8 MiB is the
// default of. They are kept with room to spare.
const (
	maxArgument  = 100 << 10
	maxArguments = 1 << 20
)

// boundArgs returns args, or, where they are too long for a command line, one argument "@FILE" for
// a response file in tmp that holds them in the given syntax.
func boundArgs(args []string, tmp string, syntax goabi.ResponseFiles) ([]string, error) {
	total, longest := 0, 0
	for _, a := range args {
		total += len(a) + 1
		longest = max(longest, len(a))
	}
	if longest < maxArgument && total < maxArguments {
		return args, nil
	}
	encode := encodeLine
	if syntax == goabi.QuotedResponse {
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

// encodeLine encodes an argument for goabi.LineResponse: one argument a line, with \\ for a backslash and \n for
// a newline. Carriage returns are dropped there.
func encodeLine(arg string) (string, error) {
	if strings.Contains(arg, "\r") {
		return "", fmt.Errorf("argument %.60q of %d bytes: holds a carriage return, which response files before Go 1.27 cannot", arg, len(arg))
	}
	return strings.NewReplacer("\\", `\\`, "\n", `\n`).Replace(arg), nil
}

// encodeQuoted encodes an argument for goabi.QuotedResponse: in single quotes everything but a single quote means itself.
func encodeQuoted(arg string) (string, error) {
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'", nil
}
