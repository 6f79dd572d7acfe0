// Package calls lists the system calls of the forms of a program, so that the lists can be compared.
//
// All forms can make the calls that go build's file can, and those of the code that a file begins with: golink's, or the
// unpacker. Dynamic sites are compared by the function and the reason: addresses differ.
package calls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// Of returns what the program in a file can ask of the kernel, of a packed one what is packed: names of calls, and a line
// that begins with Dynamic for each kind of dynamic site.
func Of(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	program := f
	if pack.IsPacked(program) {
		if program, err = pack.Unpack(program); err != nil {
			return nil, err
		}
		defer program.Close()
	}
	r, err := syscalls.Analyze(program, path)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range r.Calls {
		if len(c.Sites) == 0 || slices.ContainsFunc(c.Sites, func(s syscalls.Site) bool { return s.Function != entryCode }) {
			out = append(out, c.Name)
		}
	}
	for _, d := range r.Dynamic {
		reason, _, _ := strings.Cut(d.Reason, " at 0x")
		if s := fmt.Sprintf("%s%s: %s", Dynamic, d.Function, reason); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// Dynamic begins the lines of dynamic sites.
const Dynamic = "dynamic "

// Coincidence reports whether line may be there only because a number in the data of a program at a fixed address is the address of a
// function: in a PIE relocations tell addresses from numbers, and in a program at other addresses it is another function's, or none's.
func Coincidence(line string) bool {
	return strings.HasPrefix(line, Dynamic) && strings.HasSuffix(line, "data holds the address of the function")
}

// entryCode is the function that golink adds, by which its programs begin.
const entryCode = "_start"
