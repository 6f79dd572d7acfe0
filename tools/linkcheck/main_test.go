package main

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/policy"
)

// linkcheck runs the command and returns what it wrote.
func linkcheck(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(env{stdout: &out, stderr: &errs}, args)
	return status, out.String(), errs.String()
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// files writes a clean program, one with findings, and one that is cut off.
func files(t testing.TB) (dir, clean, bad, broken string) {
	dir = t.TempDir()
	p := gobintest.New(elf.EM_X86_64)
	clean = write(t, filepath.Join(dir, "clean"), p.Build().Data)
	p.Files = append(p.Files, "/src/hello/main.go")
	data := p.Build().Data
	bad = write(t, filepath.Join(dir, "bad"), data)
	broken = write(t, filepath.Join(dir, "broken"), data[:len(data)-1])
	return dir, clean, bad, broken
}

func TestExitStatus(t *testing.T) {
	dir, clean, bad, broken := files(t)
	off := write(t, filepath.Join(dir, "off.json"), []byte(`{"schema": 1, "rules": {"no-host-path": {"severity": "off", "reason": "test"}}}`))
	expired := write(t, filepath.Join(dir, "expired.json"), []byte(`{"schema": 1, "rules": {"no-host-path": {"severity": "off", "reason": "test", "expires": "2020-01-01"}}}`))
	unknown := write(t, filepath.Join(dir, "unknown.json"), []byte(`{"schema": 1, "rules": {"no-hostpath": {"severity": "error"}}}`))
	write(t, filepath.Join(dir, "osv.json"), []byte(`{"id": "GO-1", "affected": [{"package": {"name": "stdlib"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`))
	osv := write(t, filepath.Join(dir, "known.json"), []byte(`{"schema": 1, "vulnerabilities": "osv.json"}`))
	params := write(t, filepath.Join(dir, "params"), []byte("--profile\nnolibc\n"+clean+"\n"))
	tree, empty := filepath.Join(dir, "tree"), filepath.Join(dir, "empty")
	for _, d := range []string{filepath.Join(tree, "a"), filepath.Join(tree, "b"), empty} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for to, from := range map[string]string{"a/bad": bad, "b/clean": clean} {
		if err := os.Link(from, filepath.Join(tree, to)); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{tree, empty} {
		write(t, filepath.Join(d, "object"), []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00"))
		write(t, filepath.Join(d, "text"), []byte("no program"))
		if err := os.Symlink(broken, filepath.Join(d, "link")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string // a part of each; "" means none
	}{
		{"clean", []string{clean}, 0, "clean: ok (static, amd64,", ""},
		{"findings", []string{bad}, 1, "bad: FAIL (static, amd64,", ""},
		{"findings in one of two", []string{clean, bad}, 1, "error no-host-path\n    /src/hello/main.go: ", ""},
		{"truncated", []string{broken}, 2, "", "broken: offset "},
		{"truncated among others", []string{clean, broken, bad}, 2, "", "broken: offset "},
		{"no ELF", []string{off}, 2, "", "not an ELF file"},
		{"missing", []string{filepath.Join(dir, "none")}, 2, "", "no such file"},
		{"directory", []string{tree}, 1, "tree/a/bad: FAIL", ""},
		{"directory with a truncated file", []string{dir}, 2, "", "broken: offset "},
		{"directory without executables", []string{empty}, 2, "", "empty: the directory holds no ELF executable"},
		{"name for a directory of two", []string{"--name", "x", tree}, 2, "", "--name goes with one file, not with 2"},
		{"no file", nil, 2, "", "no file to check"},
		{"unknown flag", []string{"--unknown", clean}, 2, "", "flag provided but not defined: -unknown; see linkcheck -h"},
		{"unknown profile", []string{"--profile", "statics", clean}, 2, "", `unknown profile "statics"; the closest are static,`},
		{"unknown machine", []string{"--goarch", "arm", clean}, 2, "", `--goarch: unknown goarch "arm"; the closest are arm64,`},
		{"bad size", []string{"--size-budget", "big", clean}, 2, "", `--size-budget: size "big"`},
		{"unknown format", []string{"--format", "xml", clean}, 2, "", `want one of ["text" "json" "sarif"]`},
		{"name for two", []string{"--name", "x", clean, bad}, 2, "", "--name goes with one file, not with 2"},
		{"other machine", []string{"--goarch", "arm64", clean}, 1, "e_machine: the file is for amd64, want arm64", ""},
		{"over budget", []string{"--size-budget=1kB", clean}, 1, "size-budget", ""},
		{"in budget", []string{"--size-budget=1MB", clean}, 0, "ok", ""},
		{"flags after the file", []string{clean, "--size-budget=1kB"}, 1, "size-budget", ""},
		{"file named like a flag", []string{"--", "-x"}, 2, "", "open -x: "},
		{"policy", []string{"--policy", off, bad}, 0, "bad: ok", ""},
		{"expired exception", []string{"--policy", expired, bad}, 1, "no-host-path", ""},
		{"vulnerable", []string{"--vulnerabilities", filepath.Join(dir, "osv.json"), clean}, 1, "GO-1: stdlib v1.26.8 has it", ""},
		{"vulnerable by the policy", []string{"--policy", osv, clean}, 1, "GO-1: stdlib v1.26.8 has it", ""},
		{"no list of packages", []string{"--packages", off, clean}, 2, "", "list of packages " + off + ": offset "},
		{"packages for two", []string{"--packages", off, clean, bad}, 2, "", "--packages goes with one file, not with 2"},
		{"packages", []string{"packages", "../../internal/exportdata/testdata/blank.x"}, 0, `{"ImportPath":"example.com/blank","Name":"blank","Imports":["unsafe"]}`, ""},
		{"packages of nothing", []string{"packages"}, 2, "", "want the export data of at least one package"},
		{"packages of no archive", []string{"packages", clean}, 2, "", "clean: offset 0x0: want an archive"},
		{"no symbols", []string{"--symbols", off, clean}, 2, "", "off.json: begins with"},
		{"symbols for two", []string{"--symbols", off, clean, bad}, 2, "", "--symbols goes with one file, not with 2"},
		{"no list of vulnerabilities", []string{"--vulnerabilities", off, clean}, 2, "", "vulnerabilities " + off + ": entry 1 : it has no id"},
		{"unknown rule in policy", []string{"--policy", unknown, bad}, 2, "", `unknown.json: rules: unknown rule "no-hostpath"; the closest are no-host-path, `},
		{"missing policy", []string{"--policy", filepath.Join(dir, "none"), bad}, 2, "", "no such file"},
		{"report only", []string{"--report-only", bad}, 0, "bad: FAIL", ""},
		{"report only of a truncated file", []string{"--report-only", broken}, 2, "", "broken: offset "},
		{"name", []string{"--name", "//pkg:bad", bad}, 1, "//pkg:bad: FAIL", ""},
		{"parameter file", []string{"@" + params}, 0, "clean: ok (nolibc,", ""},
		{"missing parameter file", []string{"@" + filepath.Join(dir, "none")}, 2, "", "parameter file"},
		{"check by name", []string{"check", clean}, 0, "clean: ok", ""},
		{"help", []string{"-h"}, 0, "linkcheck [check] [flags] FILE|DIR...\n        check files, and the executables in directories\n", ""},
		{"explain", []string{"explain", "nx-stack"}, 0, "nx-stack (error)\n", ""},
		{"explain an unknown rule", []string{"explain", "nxstack"}, 2, "", `unknown rule "nxstack"; the closest are nx-stack,`},
		{"explain nothing", []string{"explain"}, 2, "", "want the id of a rule"},
		{"list", []string{"list"}, 0, "profile nolibc", ""},
		{"list in an unknown form", []string{"list", "--format", "html"}, 2, "", "for flag -format: want one of"},
		{"list something", []string{"list", "rules"}, 2, "", `unexpected argument "rules"`},
		{"help of a command", []string{"merge", "-h"}, 0, "usage: linkcheck merge [flags] REPORT...", ""},
		{"SARIF", []string{"--format", "sarif", bad}, 1, `"ruleId": "no-host-path"`, ""},
		{"merge nothing", []string{"merge"}, 2, "", "merge: want at least one report"},
		{"merge no report", []string{"merge", clean}, 2, "", "clean: invalid character"},
		{"merge in an unknown form", []string{"merge", "--format=html", clean}, 2, "", "for flag -format: want one of"},
		{"verdict on nothing", []string{"verdict"}, 2, "", "want at least one report"},
		{"verdict on no report", []string{"verdict", clean}, 2, "", "clean: invalid character"},
		{"verdict on a policy", []string{"verdict", off}, 2, "", "off.json: the report is about no file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := linkcheck(c.args...)
			if status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			for _, o := range []struct{ name, got, want string }{{"stdout", stdout, c.stdout}, {"stderr", stderr, c.stderr}} {
				if !strings.Contains(o.got, o.want) || (o.want == "") != (o.got == "") {
					t.Errorf("%s is %q, want %q in it", o.name, o.got, o.want)
				}
			}
		})
	}
}

// A build writes the report in one action and judges it in another.
func TestReportAndVerdict(t *testing.T) {
	dir, clean, bad, _ := files(t)
	report, passed := filepath.Join(dir, "report.json"), filepath.Join(dir, "passed")
	for _, c := range []struct {
		file   string
		status int
	}{{clean, 0}, {bad, 1}} {
		os.Remove(passed)
		if status, stdout, stderr := linkcheck("--format", "json", "--report-only", "--name", "//a:b", "-o", report, c.file); status != 0 || stdout+stderr != "" {
			t.Fatalf("exit status %d, output %q", status, stdout+stderr)
		}
		first, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(first), dir) {
			t.Errorf("the report holds a path:\n%s", first)
		}
		_, again, _ := linkcheck("--format", "json", "--report-only", "--name", "//a:b", c.file)
		if again != string(first) {
			t.Error("a second report differs from the first")
		}
		parsed, err := policy.ParseReport(first)
		if err != nil {
			t.Fatal(err)
		}
		static, err := policy.ProfileByName("static")
		if err != nil {
			t.Fatal(err)
		}
		if f := parsed.Files[0]; len(f.Rules) != len(static.IDs) || f.Name != "//a:b" || f.GOARCH != "amd64" || f.GoVersion != "go1.26.8" || len(f.SHA256) != 64 {
			t.Errorf("the report is %+v", f)
		}

		status, stdout, stderr := linkcheck("verdict", "--touch", passed, report)
		if status != c.status {
			t.Errorf("exit status %d, want %d", status, c.status)
		}
		info, err := os.Stat(passed)
		if status == 0 && (err != nil || info.Size() != 0) {
			t.Errorf("%s: %v, want an empty file", passed, err)
		}
		if status == 1 && (!os.IsNotExist(err) || stdout != "" || !strings.Contains(stderr, "//a:b: FAIL")) {
			t.Errorf("stat %v, stdout %q, stderr %q; want no file, and the findings on stderr", err, stdout, stderr)
		}
	}
}

// Reports on several programs become one, in the order given.
func TestMerge(t *testing.T) {
	dir, clean, bad, _ := files(t)
	var reports []string
	for i, file := range []string{bad, clean} {
		reports = append(reports, filepath.Join(dir, []string{"bad", "clean"}[i]+".json"))
		if status, _, stderr := linkcheck("--format=json", "--report-only", "--name", "//a:"+filepath.Base(file), "-o", reports[i], file); status != 0 {
			t.Fatal(stderr)
		}
	}
	status, stdout, _ := linkcheck("merge", reports[0], reports[1])
	if i, j := strings.Index(stdout, "//a:bad: FAIL"), strings.Index(stdout, "//a:clean: ok"); status != 1 || i < 0 || j < i {
		t.Errorf("exit status %d, output %q", status, stdout)
	}
	out := filepath.Join(dir, "all.sarif")
	status, stdout, stderr := linkcheck("merge", "--report-only", "--format=sarif", "-o", out, reports[0], reports[1])
	data, err := os.ReadFile(out)
	if status != 0 || stdout+stderr != "" || err != nil || strings.Count(string(data), `"sha-256"`) != 2 {
		t.Errorf("exit status %d, output %q, %v:\n%s", status, stdout+stderr, err, data)
	}
}

// Files are checked side by side; the report is in the order of the arguments.
func TestManyFiles(t *testing.T) {
	_, clean, bad, _ := files(t)
	args := []string{"--format=json"}
	for range 20 {
		args = append(args, clean, bad)
	}
	status, first, _ := linkcheck(args...)
	_, again, _ := linkcheck(args...)
	report, err := policy.ParseReport([]byte(first))
	if err != nil {
		t.Fatal(err)
	}
	if status != 1 || first != again || len(report.Files) != 40 || report.Files[38].Name != clean || report.Files[39].Name != bad {
		t.Errorf("exit status %d, %d files, same report %v", status, len(report.Files), first == again)
	}
}

func TestUnwritableOutput(t *testing.T) {
	dir, clean, _, _ := files(t)
	out := filepath.Join(dir, "none", "report")
	if status, _, stderr := linkcheck("-o", out, clean); status != 2 || !strings.Contains(stderr, "none") {
		t.Errorf("exit status %d, stderr %q", status, stderr)
	}
}

// No malformed file makes linkcheck panic or pass it as sound Go, and none that it
// cannot use leaves a report.
func TestMalformed(t *testing.T) {
	dir := t.TempDir()
	for _, c := range elftest.Malformed() {
		file, report := write(t, filepath.Join(dir, c.Name), c.Data), filepath.Join(dir, c.Name+".json")
		status, _, stderr := linkcheck("--format", "json", "-o", report, file)
		_, err := os.Stat(report)
		switch {
		case status == 2 && !c.Deep && os.IsNotExist(err) && strings.Contains(stderr, c.Want):
		case status == 1 && c.Deep && err == nil:
		default:
			t.Errorf("%s: exit status %d, report %v, stderr %q", c.Name, status, err, stderr)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestColour(t *testing.T) {
	_, clean, bad, _ := files(t)
	var out bytes.Buffer
	run(env{stdout: &out, stderr: &out}, []string{"--color=always", clean, bad})
	for _, want := range []string{"\x1b[32mok\x1b[0m", "\x1b[31mFAIL\x1b[0m", "\x1b[31merror\x1b[0m no-host-path"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output %q, want %q in it", out.String(), want)
		}
	}
	if _, plain, _ := linkcheck(clean, bad); strings.Contains(plain, "\x1b") {
		t.Errorf("output without terminal has colours: %q", plain)
	}
}

func TestQuiet(t *testing.T) {
	_, clean, bad, _ := files(t)
	status, stdout, _ := linkcheck("--quiet", clean)
	if status != 0 || stdout != "" {
		t.Errorf("a file without a finding: exit status %d, output %q, want 0 and nothing", status, stdout)
	}
	status, stdout, _ = linkcheck("--quiet", clean, bad)
	if status != 1 || !strings.HasPrefix(stdout, bad+": FAIL") {
		t.Errorf("exit status %d, output %q, want 1 and the second file alone", status, stdout)
	}
}

// docs/linkcheck.md is the output of a command.
func TestReferenceIsCurrent(t *testing.T) {
	const path = "../../docs/linkcheck.md"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != markdown() {
		t.Errorf("%s is out of date: run `go run ./tools/linkcheck list --format markdown > docs/linkcheck.md`", path)
	}
}

// Of every rule explain prints all that there is to say, and the reference lists it.
func TestExplainEveryRule(t *testing.T) {
	for _, r := range policy.Rules() {
		status, stdout, stderr := linkcheck("explain", r.ID)
		if status != 0 || stderr != "" || !strings.HasPrefix(stdout, r.ID+" (") {
			t.Errorf("%s: exit status %d, output %q", r.ID, status, stdout+stderr)
		}
		for _, text := range []string{r.What, "Why:       " + r.Why, "Evidence:  " + r.Evidence, "Remedy:    " + r.Remedy, "Reference: " + r.Ref} {
			if words := strings.TrimSuffix(text, " "); len(words) < len("Reference: ")+4 || !strings.Contains(stdout, words+"\n") {
				t.Errorf("%s: output %q, want %q in it, with words behind", r.ID, stdout, words)
			}
		}
		if !strings.Contains(markdown(), "\n### "+r.ID+"\n\n"+r.What+"\n") {
			t.Errorf("%s is not in the reference", r.ID)
		}
	}
}

// The policy file in the documentation is one.
func TestReferenceExample(t *testing.T) {
	_, rest, _ := strings.Cut(reference, "```json\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("no example in reference.md")
	}
	p, err := policy.Parse([]byte(example))
	if err != nil || p.SizeBudget != 6e6 {
		t.Errorf("policy %+v, error %v", p, err)
	}
	for _, f := range []string{"--profile", "--policy", "--goarch", "--size-budget", "--symbols", "--packages", "--vulnerabilities", "--format", "-o", "--report-only", "--name"} {
		if !slices.ContainsFunc(strings.Split(reference, "\n"), func(line string) bool { return strings.HasPrefix(line, "| `"+f) }) {
			t.Errorf("flag %s is not in the documentation", f)
		}
	}
}
