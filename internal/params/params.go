// Package params reads parameter files, by which Bazel passes command lines that
// are too long for the system. It refuses files that are quoted in another way than
// Bazel's.
package params

import (
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Expand replaces each argument "@FILE" by the arguments in FILE, in Bazel's "shell"
// format: one argument a line, in single quotes where it holds anything but letters, digits
// and @%-_+:,./ (com.google.devtools.build.lib.util.ShellEscaper). A single quote in an
// argument is written as quote, backslash, quote, quote. Everything else, newlines
// included, means itself, and what FILE holds is not expanded again. A relative FILE is
// relative to the working directory.
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
		words, err := split(string(data))
		if err != nil {
			return nil, fmt.Errorf("parameter file %s: %w", file, err)
		}
		out = append(out, words...)
	}
	return out, nil
}

// split returns the words of text. Every word ends with a newline, the last one with the
// end of text at least.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false // an empty word is one when it is quoted
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
			continue
		case '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("offset %d: a single quote is not closed", i)
			}
			word.WriteString(text[i+1:][:end])
			i += 1 + end
		case '\\':
			if i++; i == len(text) || text[i] == '\n' {
				return nil, fmt.Errorf("offset %d: a backslash ends the line, want a character to quote after it", i-1)
			}
			word.WriteByte(text[i])
		case '"', ' ', '\t', '\r':
			return nil, fmt.Errorf("offset %d: %q outside of single quotes: the file is not in Bazel's shell format", i, c)
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
