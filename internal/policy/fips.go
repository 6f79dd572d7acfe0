package policy

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// fipsPath is the import path that all packages of the FIPS 140 module begin with. A
// frozen snapshot has its version as the next element.
const fipsPath = "crypto/internal/fips140"

var fipsSum = Rule{
	ID:       "fips-sum",
	What:     "The sum of the FIPS 140 module is right: the program would pass its integrity check.",
	Why:      "Every Go program checks the sum when somebody starts it with GODEBUG=fips140=on, and panics where it is wrong. Linkers and strip tools that move bytes without it break it unnoticed.",
	Evidence: "Record .go.fipsinfo; HMAC-SHA-256 over its four ranges in the file, as the program computes it; relocations inside the ranges, which would change them in memory.",
	Remedy:   "Link with golink, and change the file with elfstrip only.",
	Ref:      "Go crypto/internal/fips140/check; cmd/link/internal/ld/fips140.go; golang/go#74683",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.File.Section(".go.fipsinfo") == nil {
			return "the file has no section .go.fipsinfo"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		info, err := gobin.ReadFIPSInfo(in.File)
		if err != nil {
			return one(".go.fipsinfo", "%v", in.reason(err))
		}
		sum, err := info.Compute(in.File)
		if err != nil {
			return one(".go.fipsinfo", "%v", in.reason(err))
		}
		if !hmac.Equal(sum[:], info.Sum[:]) {
			return one(".go.fipsinfo", "its sum is %x, but that of the code and data is %x", info.Sum, sum)
		}
		return nil
	},
	Note: func(in *Input) string {
		if v := fipsVersion(in); v != "" {
			return "module " + v
		}
		return ""
	},
}

// fipsVersion returns the version of the FIPS 140 module in the program: "latest" for
// the one of the Go release, "" when there is none or it cannot be told.
func fipsVersion(in *Input) string {
	t, err := in.funcs()
	if err != nil {
		return ""
	}
	found := ""
	for name := range t.Names() {
		if !strings.HasPrefix(name, fipsPath) { // most names
			continue
		}
		rest, ok := strings.CutPrefix(gobin.PackageOf(name), fipsPath)
		if !ok || rest != "" && rest[0] != '/' {
			continue
		}
		// The check itself, and what tells the module from outside, are of the release.
		switch first, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/"); {
		case len(first) > 1 && first[0] == 'v' && isDigit(first[1]):
			return first
		case found == "":
			found = "latest"
		}
	}
	return found
}

var fipsModule = Rule{
	ID:       "fips-module",
	What:     "The program uses Go's FIPS 140 module, in the version that the policy names, and only that one.",
	Why:      "A certificate is about one version of the module on listed platforms. Which version is in a program cannot be seen from outside.",
	Evidence: "Import paths below crypto/internal/fips140 in Go's function table, which hold the version of a frozen snapshot; the build setting GOFIPS140. That a version is certified, or that the platform is listed, is not judged.",
	Remedy:   "Build with the wanted GOFIPS140, and use packages below crypto.",
	Ref:      "the policy's fips_module; Go documentation, go.dev/doc/security/fips140; NIST CMVP",
	Severity: Error,
	Check: func(in *Input) []Finding {
		if why := noNames(in); why != "" {
			return one("function table", "the module's version cannot be told: %s", why)
		}
		got := fipsVersion(in)
		if got == "" {
			return one(fipsPath, "no package of the module is in the program: it uses no cryptography of Go, or another one")
		}
		var out collector
		if want := in.FIPSModule; want != "" && got != want && !strings.HasPrefix(got, want+"-") {
			out.add(got, "this version of the module is in the program, want %s", want)
		}
		info, err := in.buildInfo()
		if err != nil {
			return append(out, one(".go.buildinfo", "the build settings cannot be read: %v", in.reason(err))...)
		}
		if v, ok := setting(info, "GOFIPS140"); ok && v != got && v != "off" {
			out.add("GOFIPS140", "the build settings say GOFIPS140=%s, but the program holds %s", clip(v), got)
		}
		return out
	},
	Note: func(in *Input) string { return fipsSum.Note(in) },
}

var fipsOn = Rule{
	ID:       "fips-on",
	What:     "The program starts in FIPS 140 mode unless its environment says otherwise.",
	Why:      "Without the mode the module does no self-tests and allows other algorithms; a program that needs somebody to set GODEBUG is in the mode by chance.",
	Evidence: "Build setting DefaultGODEBUG, which golink and cmd/go record; the variable runtime.godebugDefault where the file has symbols.",
	Remedy:   "Set godebug = {\"fips140\": \"on\"} on the target, `//go:debug fips140=on` in the main package, or GOFIPS140 for go build.",
	Ref:      "Go documentation, go.dev/doc/security/fips140 and go.dev/doc/godebug",
	Severity: Error,
	Check: func(in *Input) []Finding {
		info, err := in.buildInfo()
		if err != nil {
			return one(".go.buildinfo", "the build settings cannot be read: %v", in.reason(err))
		}
		text, recorded := setting(info, "DefaultGODEBUG")
		if variable, err := godebugDefault(in); err == nil {
			text, recorded = variable, true
		}
		mode := ""
		for _, s := range strings.Split(text, ",") {
			if v, ok := strings.CutPrefix(s, "fips140="); ok && mode == "" { // the runtime heeds the last one first; there is one
				mode = v
			}
		}
		switch {
		case mode == "on" || mode == "only":
			return nil
		case !recorded:
			return one("fips140", "neither a build setting DefaultGODEBUG nor the symbol runtime.godebugDefault is in the file: nothing says that the mode is on")
		}
		return one("fips140", "the program's default GODEBUG is %q, want fips140=on in it", clip(text))
	},
}

// errNoSymbol says that a file does not name a variable.
var errNoSymbol = errors.New("no such symbol")

// godebugDefault returns the string in the variable runtime.godebugDefault.
func godebugDefault(in *Input) (string, error) {
	f := in.File
	for i := range f.Sections {
		if f.Sections[i].Str != ".symtab" {
			continue
		}
		table, err := f.SymbolTable(&f.Sections[i])
		if err != nil {
			return "", err
		}
		for j := range table.Len() {
			s, err := table.At(j)
			if err != nil || s.Str != "runtime.godebugDefault" {
				continue
			}
			header, err := f.Bytes(s.Value, 16)
			if err != nil {
				return "", nil // in zeroed memory: the empty string
			}
			text, err := f.Bytes(binary.LittleEndian.Uint64(header), min(binary.LittleEndian.Uint64(header[8:]), 1<<16))
			return string(text), err
		}
	}
	return "", errNoSymbol
}
