// Package marked edits the part of a document that a benchmark makes.
package marked

import (
	"fmt"
	"os"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
)

// Edit replaces what is between the comments of a benchmark, such as "bench/syscalls", in a Markdown file, old, by what
// edit makes of it.
func Edit(file, bench string, edit func(old string) string) error {
	start, end := fmt.Sprintf("<!-- %s: table -->\n", bench), fmt.Sprintf("<!-- %s: end of table -->\n", bench)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), start)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s: want the lines %q and %q around the table", file, start, end)
	}
	return atomicfile.Write(file, 0o666, []byte(before+start+"\n"+edit(old)+"\n"+end+after))
}
