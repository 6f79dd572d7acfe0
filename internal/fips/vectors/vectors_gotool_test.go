package vectors_test

import (
	"bytes"
	"compress/bzip2"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fips/vectors"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// What runs without flags is part of `go test ./...`; docs/fips.md has the command for all.
var (
	goarchFlag = flag.String("vectors.goarch", runtime.GOARCH, "GOARCHs, with commas between")
	modeFlag   = flag.String("vectors.modes", "packed", "forms of the programs, with commas between: exe, static-pie, packed")
	moduleFlag = flag.String("vectors.modules", "v1.0.0", "values of GOFIPS140, with commas between")
	setsFlag   = flag.String("vectors.sets", "acvp", "acvp, wycheproof, goroot, with commas between")
)

// The published vectors: Go modules, with their checksums.
var sources = map[string]struct{ module, sum string }{
	"acvp":       {"github.com/geomys/acvp-testdata@v0.0.0-20251201200548-d893de8b8b1c", "h1:W9bTdyWTJoakpzDOLR5BNKaGjYAmoaJOioBztGGWI98="},
	"wycheproof": {"github.com/C2SP/wycheproof@v0.0.0-20250901140545-b51abcfb8daf", "h1:5BKKVVVj676FUWirLcouEEL6GCYR9X0opkMlEUck8FY="},
}

func TestMain(m *testing.M) {
	flag.Parse()
	linktest.Main(m)
}

// Vectors pass in finished programs with a frozen module: every vector that the module offers an answer to that can be compared.
func TestVectors(t *testing.T) {
	linktest.Golink(t) // without a module of its own
	sets := strings.Split(*setsFlag, ",")
	var table strings.Builder
	fmt.Fprintf(&table, "%-10s %-8s %-11s %-11s %8s %12s %10s %7s\n",
		"module", "GOARCH", "form", "vectors", "passed", "not offered", "no answer", "failed")
	for _, module := range strings.Split(*moduleFlag, ",") {
		t.Setenv("GOFIPS140", module)
		for _, goarch := range strings.Split(*goarchFlag, ",") {
			var tests, checks *linktest.Program
			for _, set := range sets {
				if set == "wycheproof" {
					checks = linktest.Compile(t, goarch, filepath.Join("testdata", "wycheproof"), true)
				} else if tests == nil {
					tests = linktest.CompileTest(t, goarch, "crypto/internal/fips140test")
				}
			}
			for _, mode := range strings.Split(*modeFlag, ",") {
				for _, set := range sets {
					program := tests
					if set == "wycheproof" {
						program = checks
					}
					path := finish(t, program, mode, version(t, module))
					var count vectors.Count
					switch set {
					case "acvp":
						count = acvp(t, goarch, path)
					case "wycheproof":
						count = wycheproof(t, goarch, path)
					case "goroot":
						count = goroot(t, goarch, path)
					default:
						t.Fatalf("vectors %q: want acvp, wycheproof or goroot", set)
					}
					for _, f := range count.Failures {
						t.Errorf("%s %s %s %s: %s", module, goarch, mode, set, f)
					}
					if count.Failed > 0 || count.Passed == 0 {
						t.Errorf("%s %s %s %s: %d passed, %d failed", module, goarch, mode, set, count.Passed, count.Failed)
					}
					fmt.Fprintf(&table, "%-10s %-8s %-11s %-11s %8d %12d %10d %7d\n",
						module, goarch, mode, set, count.Passed, count.NotOffered, count.NoAnswer, count.Failed)
				}
			}
		}
	}
	t.Log("\n" + table.String())
}

// version returns the version of the module that a value of GOFIPS140 names.
func version(t *testing.T, module string) string {
	t.Helper()
	alias, err := os.ReadFile(filepath.Join(gotool.Output(t, "", runtime.GOARCH, "env", "GOROOT"), "lib", "fips140", module+".txt"))
	if err != nil {
		return module
	}
	return strings.TrimSpace(string(alias))
}

// finish makes the executable of that form; a packed one is a static PIE with the tables symbolized.
func finish(t *testing.T, p *linktest.Program, mode, version string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	kind := mode
	if mode == "packed" {
		kind = cmdlink.ModeStaticPIE
	}
	p.Link(t, kind, path, func(c *cmdlink.Config) {
		c.StripDWARF = true
		c.BuildInfo.Settings = append(c.BuildInfo.Settings, "GOFIPS140="+version)
	})
	if mode != "packed" {
		return path
	}
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, _, err := pcln.Compact(f, pcln.External, goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	small, err := goelf.Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = pack.Pack(small); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".packed", data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path + ".packed"
}

// fetch returns the folder of a set of vectors.
func fetch(t *testing.T, set string) string {
	t.Helper()
	s := sources[set]
	cmd := gotool.Command(t, runtime.GOARCH, "mod", "download", "-json", s.module)
	cmd.Dir = t.TempDir() // outside of this module
	out, err := cmd.Output()
	var info struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &info); jsonErr != nil || err != nil || info.Error != "" {
		t.Fatalf("%v: %v, %s%v: does \"go env GOPROXY\" name a mirror that has it?", cmd, err, info.Error, jsonErr)
	}
	if info.Sum != s.sum {
		t.Fatalf("%s has the checksum %s, want %s", s.module, info.Sum, s.sum)
	}
	return info.Dir
}

func acvp(t *testing.T, goarch, path string) (total vectors.Count) {
	dir := fetch(t, "acvp")
	files, err := filepath.Glob(filepath.Join(dir, "vectors", "*.bz2"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no vectors: %v", dir, err)
	}
	cmd := gotool.Run(t, goarch, path)
	cmd.Env = append(os.Environ(), "ACVP_WRAPPER=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	m, err := vectors.NewModule(in, out)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, file := range files {
		name := filepath.Base(file)
		count, err := vectors.Run(m, unzip(t, file), unzip(t, filepath.Join(dir, "expected", name)))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, stderr.String())
		}
		total.Add(count)
	}
	return total
}

func unzip(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(bzip2.NewReader(f))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return data
}

func wycheproof(t *testing.T, goarch, path string) (total vectors.Count) {
	files, err := filepath.Glob(filepath.Join(fetch(t, "wycheproof"), "testvectors_v1", "*_test.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	cmd := gotool.Run(t, goarch, path, files...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(files) {
		t.Fatalf("%d results of %d files", len(lines), len(files))
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		var n []int
		for _, s := range fields[1:] {
			i, err := strconv.Atoi(s)
			if err != nil {
				t.Fatalf("result %q: %v", line, err)
			}
			n = append(n, i)
		}
		total.Passed, total.NotOffered, total.Failed = total.Passed+n[0], total.NotOffered+n[1], total.Failed+n[2]
	}
	if stderr.Len() > 0 {
		total.Failures = append(total.Failures, stderr.String())
	}
	return total
}

// external are Go's tests that start acvptool or the go command, which fetch or build something else than this program.
var external = []string{"TestACVP", "TestCASTFailures", "TestCASTPasses", "TestIntegrityCheckFailure", "TestNoRebuild"}

// goroot runs Go's own tests of the module.
func goroot(t *testing.T, goarch, path string) (count vectors.Count) {
	cmd := gotool.Run(t, goarch, path, "-test.v", "-test.skip=^("+strings.Join(external, "|")+")$")
	cmd.Dir = filepath.Join(gotool.Output(t, "", goarch, "env", "GOROOT"), "src", "crypto", "internal", "fips140test")
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "--- PASS:"):
			count.Passed++
		case strings.HasPrefix(line, "--- SKIP:"):
			count.NotOffered++
		case strings.HasPrefix(line, "--- FAIL:"):
			count.Failed++
			count.Failures = append(count.Failures, line)
		}
	}
	if err != nil && !slices.ContainsFunc(count.Failures, func(s string) bool { return s != "" }) {
		count.Failed++
		count.Failures = append(count.Failures, fmt.Sprintf("%v: %s", err, out[max(0, len(out)-2000):]))
	}
	return count
}
