package policy

// # Paths of the machine that built the program
//
// The Go compiler records the name of every source file for stack traces. Without
// -trimpath these are absolute: they tell who built the program and where, and make
// two builds of the same source differ. The file table is the exact place to look.
//
// Paths also get into data by other ways: a constant set with -X, an embedded
// file, a generated source. There a path can only be recognised by its look, and a
// program may well hold such a path on purpose. So this is a second rule, a warning.

import (
	"bytes"
	"strings"
)

var noHostPath = Rule{
	ID:       "no-host-path",
	What:     "No source file name and no build setting is an absolute path, and no source file name has a configuration of Bazel.",
	Why:      "Such a path tells about the machine and its user, and makes the build depend on where it ran. The name of a configuration, in bazel-out/NAME/bin, depends on the machine and on flags.",
	Evidence: "File names in Go's function table; build settings and replaced modules in the build information.",
	Remedy:   "Build with rules_go, or with `go build -trimpath`; link by golink, which takes bazel-out/NAME/bin out of the names of generated sources.",
	Ref:      "Go cmd/go, -trimpath; reproducible-builds.org, Build path",
	Severity: Error,
	Check: func(in *Input) []Finding {
		var out collector
		t, err := in.funcs()
		if err != nil {
			out.add("function table", "it cannot be read, so host paths cannot be ruled out: %v", in.reason(err))
		} else {
			for file := range t.Files() {
				switch {
				case isAbs(file):
					out.add(clip(file), "Go's file table has this absolute path, want one that begins with an import path")
				case strings.HasPrefix(file, "bazel-out/"):
					out.add(clip(file), "Go's file table has this place of a generated source, which depends on the configuration, want one that begins with a package")
				}
			}
		}
		if info, err := in.buildInfo(); err != nil {
			unreadBuildInfo(in, &out, err)
		} else {
			for _, s := range info.Settings {
				for _, word := range strings.FieldsFunc(s.Value, func(r rune) bool { return strings.ContainsRune(" =,:;'\"", r) }) {
					if isAbs(word) {
						out.add(clip(word), "the build setting %s holds this absolute path", clip(s.Key))
					}
				}
			}
			for _, d := range info.Deps {
				if d.Replace != nil && isAbs(d.Replace.Path) {
					out.add(clip(d.Replace.Path), "the module %s is replaced by this absolute path", clip(d.Path))
				}
			}
		}
		return out
	},
}

// isAbs reports whether path is absolute on Unix or Windows. Paths that begin
// with /_/ are the substitutes that rules_go and cmd/go put in for the real ones.
func isAbs(path string) bool {
	if strings.HasPrefix(path, "/") {
		return len(path) > 1 && !strings.HasPrefix(path, "/_/")
	}
	return len(path) >= 3 && path[1] == ':' && (path[2] == '\\' || path[2] == '/') && (path[0]|0x20) >= 'a' && (path[0]|0x20) <= 'z'
}

// hostPathMarks are directory names that show a path to be one of a build machine.
var hostPathMarks = []struct {
	text string
	name bool // the next element, a user's or workspace's name, belongs to it
}{
	{"/home/", true},
	{"/Users/", true},
	{"/root/", true},
	{"/execroot/", true},
	{"/sandbox/linux-sandbox/", false},
	{"/sandbox/processwrapper-sandbox/", false},
	{"/.cache/bazel/", false},
	{"/tmp/go-build/", false}, // as the compiler shortens /tmp/go-build123456/
}

var noHostPathString = Rule{
	ID:       "no-host-path-string",
	What:     "No string in the data looks like a path of a build machine.",
	Why:      "Such a path tells about the machine and its user, and makes the build depend on where it ran.",
	Evidence: "Loaded data outside of Go's text and function table, searched for home directories, Bazel's execroot and sandbox, and cmd/go's work directory.",
	Remedy:   "Look for constants set with -X, embedded files and generated sources. A path that the program means to hold can be allowed.",
	Ref:      "reproducible-builds.org, Build path",
	Severity: Warning,
	Check: func(in *Input) []Finding {
		var out collector
		seen := map[string]bool{}
		for data := range dataAreas(in) {
			// All marks begin with a slash: one pass looks for that.
			for i := 0; !out.full(); i++ {
				next := bytes.IndexByte(data[i:], '/')
				if next < 0 {
					break
				}
				i += next
				if path := hostPathAt(data[i:]); path != "" && !seen[path] {
					seen[path] = true
					out.add(path, "the data holds %q", around(data, i))
				}
			}
		}
		return out
	},
}

// hostPathAt returns the recognised part of the path at the start of b, "" when
// it is none.
func hostPathAt(b []byte) string {
	for _, m := range hostPathMarks {
		if !bytes.HasPrefix(b, []byte(m.text)) {
			continue
		}
		if !m.name {
			return m.text
		}
		// An element that another one follows: "/home/" alone names no user.
		n := len(m.text)
		for n < len(b) && n < len(m.text)+64 && isPathByte(b[n]) {
			n++
		}
		name := string(b[len(m.text):n])
		if name != "" && !placeholders[name] && n < len(b) && b[n] == '/' {
			return string(b[:n+1])
		}
	}
	return ""
}

// placeholders are names that documentation and help texts use.
var placeholders = map[string]bool{"user": true, "username": true, "you": true, "me": true, "gopher": true}

func isPathByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-' || c == '+' || c == '@'
}

// around returns the path-like bytes around data[i], at most 40 before and 80
// after it.
func around(data []byte, i int) []byte {
	start, end := i, i
	for start > 0 && i-start < 40 && (isPathByte(data[start-1]) || data[start-1] == '/') {
		start--
	}
	for end < len(data) && end-i < 80 && (isPathByte(data[end]) || data[end] == '/') {
		end++
	}
	return data[start:end]
}
