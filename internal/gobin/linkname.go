package gobin

import (
	"net/url"
	"strconv"
	"strings"
)

// PackageOf returns the import path in the link name of a function or variable, "" if it has none: names of assembly
// that are local to a file, and those that the compiler and the linker make for no package ("type:.eq.…", "go:…").
func PackageOf(name string) string {
	pkg, _ := CutLinkName(name)
	return pkg
}

// Placeholder is what the compiler has for the package of a symbol with a //go:linkname directive. Since Go 1.27 it
// is in names of closures: "_.goready.func1", from a call of runtime.goready that was inlined.
const Placeholder = "_"

// CutLinkName splits a link name into the import path of its package and the rest, as it is: "net/http.(*Client).Do.func1"
// gives "net/http" and "(*Client).Do.func1". Both are "" for a name without package.
func CutLinkName(name string) (pkg, rest string) {
	if strings.HasPrefix(name, "type:") || strings.HasPrefix(name, "go:") {
		return "", ""
	}
	// Type arguments and receivers may hold slashes and dots of other paths.
	head := name
	if i := strings.IndexAny(name, "[({ "); i >= 0 {
		head = name[:i]
	}
	slash := strings.LastIndexByte(head, '/') + 1
	dot := strings.IndexByte(head[slash:], '.')
	if dot <= 0 {
		return "", ""
	}
	pkg, rest = name[:slash+dot], name[slash+dot+1:]
	if pkg == Placeholder {
		return "", ""
	}
	// cmd/internal/objabi.PathToPrefix escapes dots of the last element, and bytes that a linker dislikes.
	if path, err := url.PathUnescape(pkg); err == nil {
		pkg = path
	}
	return pkg, rest
}

// DropTypeArguments drops the type arguments from the link name of a function: "p.F[go.shape.int]" becomes "p.F", and
// "p.(*T[int]).M[string].func1", which has some of the receiver's type and some of the method (since Go 1.27), "p.(*T).M.func1".
func DropTypeArguments(name string) string {
	if !strings.Contains(name, "[") { // most names
		return name
	}
	depth, out := 0, make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case c == '"' && depth > 0: // the tag of a structure's field, quoted as by package strconv
			if tag, err := strconv.QuotedPrefix(name[i:]); err == nil {
				i += len(tag) - 1
			}
		case depth == 0:
			out = append(out, c)
		}
	}
	return string(out)
}
