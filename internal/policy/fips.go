package policy

import (
	"cmp"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"go/version"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// fipsPath is the import path that all packages of the FIPS 140 module begin with. A
// frozen snapshot has its version as the next element.
const fipsPath = goabi.FIPSPackage

var fipsSum = Rule{
	ID:       "fips-sum",
	What:     "The sum of the FIPS 140 module is right: the program would pass its integrity check.",
	Why:      "Every Go program checks the sum when somebody starts it with GODEBUG=fips140=on, and panics where it is wrong. Linkers and strip tools that move bytes without it break it unnoticed.",
	Evidence: "The record of the section .go.fipsinfo, in a file without section names the one that has the record's magic number and its own address; HMAC-SHA-256 over its four ranges in the file, as the program computes it. There is one record, and the module's check, where the program has it, refers to it; all functions of the module are in its range of code; where functions have no names, neither is seen. Whether the ranges of data are all of the module's data is not seen. Relocations inside the ranges would change them in memory.",
	Remedy:   "Link with golink, and change the file with elfstrip only.",
	Ref:      "Go crypto/internal/fips140/check; cmd/link/internal/ld/fips140.go; golang/go#74683",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if _, err := gobin.ReadFIPSInfo(in.File); errors.Is(err, gobin.ErrNotGo) && fipsMissing(in) == "" {
			return "there is no FIPS 140 record, and there need not be one"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		info, err := gobin.ReadFIPSInfo(in.File)
		if errors.Is(err, gobin.ErrNotGo) {
			return one(goabi.FIPSInfo, "%s", fipsMissing(in))
		}
		if err != nil {
			return one(goabi.FIPSInfo, "%v", in.reason(err))
		}
		sum, err := info.Compute(in.File)
		if err != nil {
			return one(goabi.FIPSInfo, "%v", in.reason(err))
		}
		if !hmac.Equal(sum[:], info.Sum[:]) {
			return one(goabi.FIPSInfo, "its sum is %x, but that of the code and data is %x", info.Sum, sum)
		}
		switch at, ok, err := relocatedIn(in.File, info.Text, info.ROData, info.NoPtrData, info.Data); {
		case err != nil:
			return one("relocations", "they cannot be read, so whether they change what is summed cannot be judged: %v", in.reason(err))
		case ok:
			return one(goabi.FIPSInfo, "the word at %#x is in what it sums and is relocated at start: in memory the sum is another", at)
		}
		return checkFIPSUse(in, info)
	},
	Note: func(in *Input) string {
		if v := fipsVersion(in); v != "" {
			return "module " + v
		}
		return ""
	},
}

// fipsMissing says that there should be a record, in a file without one; "" if there need not be one.
func fipsMissing(in *Input) string {
	v, err := in.goVersion()
	_, noFuncs := in.funcs()
	switch {
	case errors.Is(err, gobin.ErrNotGo) && errors.Is(noFuncs, gobin.ErrNotGo):
		return "" // no program of Go
	case err != nil:
		return "there is no FIPS 140 record, and whether there must be one cannot be told: " + in.reason(err)
	case version.Compare(version.Lang(v), "go1.24") >= 0 || version.Lang(v) == "":
		return clip(v) + " always makes a FIPS 140 record, but there is none"
	}
	return ""
}

// checkFIPSUse checks that the record is the one that the program's own check reads.
func checkFIPSUse(in *Input, info *gobin.FIPSInfo) []Finding {
	record := gobin.Range{Start: info.Self, End: info.Self + gobin.FIPSInfoSize}
	isCheck := func(name string) bool {
		return strings.HasPrefix(name, fipsPath) && strings.HasSuffix(gobin.PackageOf(name), "/check")
	}
	for _, other := range gobin.FIPSRecords(in.File) {
		if other != record.Start {
			return one(goabi.FIPSInfo, "there are FIPS 140 records at %#x and %#x, want one: the program may check the other", record.Start, other)
		}
	}
	if in.noNames() != "" {
		return nil // the check cannot be found by its name
	}
	refs, found, err := codeRefs(in, fipsPath, isCheck)
	switch {
	case err != nil:
		return one("code", "it cannot be read, so which record the program checks cannot be determined: %v", in.reason(err))
	case found && !refersIn(refs, record):
		return one(goabi.FIPSInfo, "the module's check does not refer to the record at %#x: the program checks another", record.Start)
	}
	return checkFIPSText(in, info) // a program without the check has the record all the same
}

// checkFIPSText checks that all functions of the module are in the range of code that is summed, but for
// jumps that the linker made.
func checkFIPSText(in *Input, info *gobin.FIPSInfo) []Finding {
	t, err := in.funcs()
	m, err2 := in.module()
	if err := cmp.Or(err, err2); err != nil {
		return one("function table", "it cannot be read, so whether all of the module is summed cannot be determined: %v", in.reason(err))
	}
	for i := range t.Len() {
		if !t.HasNamePrefix(i, fipsPath+"/") {
			continue // most
		}
		fn := t.At(i)
		if strings.Contains(fn.Name, "-tramp") {
			continue
		}
		if at := m.Text.Start + fn.Entry; at < info.Text.Start || at >= info.Text.End {
			return one(goabi.FIPSInfo, "it sums the code %#x to %#x, but %s of the module is at %#x", info.Text.Start, info.Text.End, clip(fn.Name), at)
		}
	}
	return nil
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
		if why := in.noNames(); why != "" {
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
			return append(out, one(goabi.BuildInfo, "the build settings cannot be read: %v", in.reason(err))...)
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
	Remedy:   "Set fips on the target, `//go:debug fips140=on` in the main package, or GOFIPS140 for go build.",
	Ref:      "Go documentation, go.dev/doc/security/fips140 and go.dev/doc/godebug",
	Severity: Error,
	Check: func(in *Input) []Finding {
		text, recorded, bad := defaultGODEBUG(in)
		switch mode := fipsMode(text); {
		case bad != nil:
			return bad
		case mode == "on" || mode == "only":
			return nil
		case !recorded:
			return one("fips140", "neither a build setting DefaultGODEBUG nor the symbol runtime.godebugDefault is in the file: nothing says that the mode is on")
		}
		return one("fips140", "the program's default GODEBUG is %q, want fips140=on in it", clip(text))
	},
}

// defaultGODEBUG returns what GODEBUG starts with, and whether the file says so; or why neither can be read.
func defaultGODEBUG(in *Input) (text string, recorded bool, bad []Finding) {
	info, err := in.buildInfo()
	if err != nil {
		return "", false, one(goabi.BuildInfo, "the build settings cannot be read: %v", in.reason(err))
	}
	text, recorded = setting(info, "DefaultGODEBUG")
	switch variable, err := godebugDefault(in); {
	case err == nil:
		return variable, true, nil
	case !errors.Is(err, errNoSymbol):
		return "", false, one(goabi.GodebugDefault, "it cannot be read: %v", in.reason(err))
	}
	return text, recorded, nil
}

// fipsMode returns the value of fips140 in the text of a GODEBUG; "" for none. Of several the last one counts, as for the runtime.
func fipsMode(text string) string {
	mode := ""
	for s := range strings.SplitSeq(text, ",") {
		if v, ok := strings.CutPrefix(s, "fips140="); ok {
			mode = v
		}
	}
	return mode
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
			if err != nil {
				return "", err
			}
			if s.Str != goabi.GodebugDefault {
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
