package gobuild

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// A job is one link that the go command asked for.
type job struct {
	*Options
	config  cmdlink.Config
	name    string // of the program, in messages and for the names of reports
	out     string // where the go command wants the program
	tmp     string // directory for files
	sdk     *sdkcheck.Verdict
	trimmed bool // without the paths of this machine: -trimpath
}

// link does what the go command asks of cmd/link.
func link(o *Options, tool string, args []string) (err error) {
	if goos := os.Getenv("GOOS"); goos != "linux" {
		return fmt.Errorf("GOOS=%s: golink makes programs for Linux: set GOOS=linux, or build without golink", goos)
	}
	goarch := os.Getenv("GOARCH")
	j := &job{Options: o, config: cmdlink.Config{
		Linker: tool, GOOS: "linux", GOARCH: goarch, GOARCHLevel: os.Getenv("GO" + strings.ToUpper(goarch)),
		GOROOT: os.Getenv("GOROOT"), GOEXPERIMENT: os.Getenv("GOEXPERIMENT"),
		BuildMode: o.BuildMode, Sections: o.Sections, Notes: o.Notes, NoHugePages: o.Pack != "", UnverifiedGo: o.UnverifiedGo, GoLinker: o.GoLinker,
		KeepArchives: true,
	}}
	importcfg, err := j.readArgs(args)
	if err != nil {
		return err
	}
	if err := j.readImportcfg(importcfg); err != nil {
		return err
	}
	if j.config.ExtLD, err = os.Executable(); err != nil {
		return err
	}
	if j.tmp, err = os.MkdirTemp(filepath.Dir(j.out), ".golink*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(j.tmp)) }()
	if err := j.checkSDK(filepath.Join(filepath.Dir(tool), "..", "..", "..")); err != nil { // GOROOT/pkg/tool/GOOS_GOARCH
		return err
	}
	j.config.Out = filepath.Join(j.tmp, "linked")
	j.config.StripDWARF = j.config.StripDWARF || j.Strip != "none" && j.Reports == ""
	warnings, err := cmdlink.Link(j.config)
	fmt.Fprint(os.Stderr, warnings)
	if err != nil {
		return err
	}
	return j.finish()
}

// own are the flags of cmd/link by which the go command says what golink decides, or must know.
var own = []string{"o", "importcfg", "buildmode", "buildid", "extld", "installsuffix", "fipso"}

// readArgs takes the command line of cmd/link apart.
func (j *job) readArgs(args []string) (importcfg string, err error) {
	if len(args) == 0 {
		return "", errors.New("golink toolexec: link without arguments")
	}
	last := len(args) - 1
	j.config.Main = args[last]
	values := map[string]string{}
	for i := 0; i < last; i++ {
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !slices.Contains(own, name) {
			j.config.Ldflags = append(j.config.Ldflags, args[i])
			if cmdlink.HasValue(name) && !hasValue && i+1 < last {
				i++
				j.config.Ldflags = append(j.config.Ldflags, args[i])
			}
			continue
		}
		if !hasValue {
			if i++; i >= last {
				return "", fmt.Errorf("golink toolexec: link: the value of %s is missing", args[i-1])
			}
			value = args[i]
		}
		values[name] = value
	}
	if j.out = values["o"]; j.out == "" || values["importcfg"] == "" {
		return "", errors.New("golink toolexec: link without -o and -importcfg: start this by go build only")
	}
	switch mode := values["buildmode"]; mode {
	case "", "exe":
	case "pie":
		j.config.BuildMode = cmdlink.ModeStaticPIE
	default:
		return "", fmt.Errorf("-buildmode=%s: golink makes static executables only: build without golink", mode)
	}
	j.config.BuildID = buildID(values["buildid"])
	return values["importcfg"], nil
}

// buildID returns the Go build ID for a program to which the go command gives id: see "What the go command sees".
func buildID(id string) string {
	i := strings.LastIndexByte(id, '/')
	if i < 0 {
		return id // none, or one of the user's
	}
	sum := sha256.Sum256([]byte("golink\n" + id))
	return id[:i+1] + base64.RawURLEncoding.EncodeToString(sum[:15])
}

// readImportcfg reads which packages are linked, and the build information.
func (j *job) readImportcfg(file string) error {
	text, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return err
	}
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, len(text)+1)
	for n := 1; s.Scan(); n++ {
		verb, rest, _ := strings.Cut(strings.TrimSpace(s.Text()), " ")
		switch path, archive, ok := strings.Cut(rest, "="); {
		case verb == "" || verb[0] == '#':
		case verb == "packagefile" && ok && path == "runtime/cgo":
			return errors.New("the program uses cgo, and so a libc: set CGO_ENABLED=0")
		case verb == "packagefile" && ok:
			if path != "main" && archive != j.config.Main {
				j.config.Archives = append(j.config.Archives, cmdlink.Archive{ImportPath: path, PkgPath: path, File: archive, Label: path})
			}
		case verb == "modinfo":
			if err := j.readModInfo(rest); err != nil {
				return fmt.Errorf("%s:%d: %w", file, n, err)
			}
		default:
			return fmt.Errorf("%s:%d: found %q, want packagefile or modinfo: golink links archives only", file, n, s.Text())
		}
	}
	j.name = programName(cmp.Or(j.config.BuildInfo.Path, os.Getenv("TOOLEXEC_IMPORTPATH"), "main"))
	j.config.MainLabel = cmp.Or(os.Getenv("TOOLEXEC_IMPORTPATH"), j.config.BuildInfo.Path)
	return s.Err()
}

// frame is the number of bytes before and after the build information.
const frame = 16

func (j *job) readModInfo(quoted string) error {
	text, err := strconv.Unquote(quoted)
	if err != nil || len(text) < 2*frame {
		return fmt.Errorf("the build information is no quoted string of at least %d bytes", 2*frame)
	}
	info, err := debug.ParseBuildInfo(text[frame : len(text)-frame])
	if err != nil {
		return err
	}
	for i := range info.Settings {
		switch s := &info.Settings[i]; s.Key {
		case "-buildmode":
			s.Value = cmdlink.GoMode(j.config.BuildMode)
		case "-trimpath":
			j.trimmed = s.Value == "true"
		}
	}
	j.config.BuildInfo.Path, j.config.ModInfo = info.Path, info.String()
	return nil
}

// programName returns the name that the go command gives to a program with that import path: the last element, but for a major version.
func programName(importPath string) string {
	elements := strings.Split(importPath, "/")
	last := elements[len(elements)-1]
	if n, err := strconv.Atoi(strings.TrimPrefix(last, "v")); err == nil && n > 1 && last[0] == 'v' && len(elements) > 1 {
		last = elements[len(elements)-2]
	}
	return strings.TrimSuffix(last, ".go")
}

// checkSDK holds the Go SDK to what golink was verified with.
func (j *job) checkSDK(goroot string) error {
	sdk, err := sdkcheck.Open(goroot, "")
	if err != nil {
		return err
	}
	if j.sdk, err = sdkcheck.Check(sdk); err != nil {
		return err
	}
	data, err := j.sdk.Bytes()
	if err != nil {
		return err
	}
	j.config.SDKVerdict = filepath.Join(j.tmp, "sdk.json")
	if err := os.WriteFile(j.config.SDKVerdict, data, 0o666); err != nil {
		return err
	}
	warning, err := sdkcheck.CheckFile(j.config.SDKVerdict, j.name, j.sdk.Go, j.Traceback != pcln.Full.String(), j.UnverifiedGo)
	if warning != "" {
		fmt.Fprintf(os.Stderr, "golink: warning: %s\n", warning)
	}
	return err
}
