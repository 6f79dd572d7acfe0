package cmdlink

import (
	"encoding/json"
	"fmt"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// devel is what cmd/go says of the version of a module that it builds from a directory.
const devel = "(devel)"

// readPackageMetadata reads a file of Bazel's package_metadata rule: a JSON object with a package URL, such as
// pkg:golang/example.com/module@v1.2.3?checksum=h1:… (github.com/package-url/purl-spec). ok is false for packages that are no
// Go modules.
func readPackageMetadata(file string) (m debug.Module, ok bool, err error) {
	data, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return m, false, fmt.Errorf("package metadata: %w", err)
	}
	var metadata struct {
		PURL string `json:"purl"`
	}
	if err := json.Unmarshal(data, &metadata); err != nil {
		return m, false, fmt.Errorf("%s: want a JSON object with a member purl: %w", file, err)
	}
	if m, ok, err = parsePURL(metadata.PURL); err != nil {
		return m, false, fmt.Errorf("%s: %w", file, err)
	}
	return m, ok, nil
}

// parsePURL returns the Go module that a package URL names. Without a version it is "(devel)"; the leading v may
// be missing. The h1 sum of go.sum is read from the qualifier checksum.
func parsePURL(purl string) (m debug.Module, ok bool, err error) {
	rest, ok := strings.CutPrefix(purl, "pkg:golang/")
	if !ok {
		return m, false, nil
	}
	fail := func(format string, args ...any) (debug.Module, bool, error) {
		return debug.Module{}, false, fmt.Errorf("package URL %q: "+format+", want pkg:golang/PATH@VERSION", append([]any{purl}, args...)...)
	}
	rest, _, _ = strings.Cut(rest, "#") // a directory of the module
	rest, qualifiers, _ := strings.Cut(rest, "?")
	path, version, _ := strings.Cut(rest, "@")
	for _, part := range []*string{&path, &version} {
		if *part, err = url.PathUnescape(*part); err != nil {
			return fail("%v", err)
		}
	}
	values, err := url.ParseQuery(qualifiers)
	if err != nil {
		return fail("%v", err)
	}
	if path == "" || strings.ContainsAny(path+version, " \t\r\n") {
		return fail("no module path or a blank in it")
	}
	switch {
	case version == "":
		version = devel
	case version[0] >= '0' && version[0] <= '9':
		version = "v" + version
	}
	m = debug.Module{Path: path, Version: version}
	for sum := range strings.SplitSeq(values.Get("checksum"), ",") {
		if strings.HasPrefix(sum, "h1:") && !strings.ContainsAny(sum, " \t\r\n") {
			m.Sum = sum
		}
	}
	return m, true, nil
}

// within reports whether a package can be of a module: other metadata is about something else than the Go module.
func within(pkg, module string) bool { return strings.HasPrefix(pkg+"/", module+"/") }
