package syscalls

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// TestFormsAgree: however a program is linked, stripped and packed, its list is the same, but for what is known of
// each form: a static PIE protects what it has relocated, a packed program has an unpacker, and without a symbol
// table nobody can tell that a variable is never written.
func TestFormsAgree(t *testing.T) {
	mains, err := filepath.Glob("../../examples/*/main.go")
	if err != nil || len(mains) < 6 {
		t.Fatalf("examples %q, %v: want at least 6", mains, err)
	}
	dirs := []string{"testdata/reflected"}
	for _, file := range mains {
		dirs = append(dirs, filepath.Dir(file))
	}
	if testing.Short() {
		dirs = dirs[:2]
	}
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		for _, dir := range dirs {
			t.Run(goarch+"/"+filepath.Base(dir), func(t *testing.T) { testFormsAgree(t, goarch, dir) })
		}
	}
}

func testFormsAgree(t *testing.T, goarch, dir string) {
	plain := filepath.Join(t.TempDir(), "plain")
	gotool.Output(t, dir, goarch, "build", "-trimpath", "-o", plain, ".")
	want := listOf(t, plain)
	if filepath.Base(dir) == "reflected" && !slices.ContainsFunc(want, func(s string) bool { return strings.HasPrefix(s, "dynamic main.counter.Hidden") }) {
		t.Errorf("the method that reflection calls is no dynamic site: %q", want)
	}
	forms := map[string]string{}
	if goarch != "riscv64" { // where cmd/link needs a C compiler for it
		forms["PIE of cmd/link"] = filepath.Join(t.TempDir(), "pie")
		gotool.Output(t, dir, goarch, "build", "-trimpath", "-buildmode=pie", "-o", forms["PIE of cmd/link"], ".")
	}
	p := linktest.Compile(t, goarch, dir, true)
	// Packing a large program takes a quarter of a minute.
	large := filepath.Base(dir) == "https_client" && goarch != "amd64"
	for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
		exe := filepath.Join(t.TempDir(), mode)
		p.Link(t, mode, exe, func(c *cmdlink.Config) {
			if filepath.Base(dir) == "sections" {
				c.Sections = []string{".embed_cfg=" + filepath.Join(dir, "config.json"), ".motd=" + filepath.Join(dir, "motd.txt")}
			}
		})
		forms[mode] = exe
		stripped := exe + ".stripped"
		copyFile(t, exe, stripped)
		elfstrip(t, stripped)
		forms[mode+" stripped"] = stripped
		if !large {
			forms[mode+" packed"] = packed(t, exe)
		}
		if !large || mode == cmdlink.ModeStaticPIE {
			forms[mode+" stripped and packed"] = packed(t, stripped)
		}
	}
	for form, file := range forms {
		got := listOf(t, file)
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("%s: %s is missing", form, s)
			}
		}
		for _, s := range got {
			explained := slices.Contains(want, s) ||
				strings.HasSuffix(s, bySelf) && (strings.Contains(form, cmdlink.ModeStaticPIE) || strings.Contains(form, "packed")) ||
				strings.Contains(form, "stripped") && strings.HasSuffix(s, "without a symbol table")
			if !explained {
				t.Errorf("%s: %s is not in the list of the program that cmd/link links at fixed addresses", form, s)
			}
		}
	}
}

// bySelf marks a call that only the code makes which the program begins with: golink's, or the unpacker.
const bySelf = " by _start alone"

// listOf returns the calls and the dynamic sites of a program, the latter without addresses.
func listOf(t *testing.T, file string) []string {
	t.Helper()
	r := analyze(t, file)
	var out []string
	for _, c := range r.Calls {
		if len(c.Sites) > 0 && !slices.ContainsFunc(c.Sites, func(s Site) bool { return s.Function != "_start" }) {
			c.Name += bySelf
		}
		out = append(out, c.Name)
	}
	for _, d := range r.Dynamic {
		reason := d.Reason
		if before, after, ok := strings.Cut(reason, " at 0x"); ok {
			_, after, _ = strings.Cut(after, ",")
			reason = before + "," + after
		}
		if s := fmt.Sprintf("dynamic %s: %s", d.Function, reason); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// packed packs exe and returns the new file.
func packed(t *testing.T, exe string) string {
	t.Helper()
	data, err := packFile(exe)
	if err == nil {
		err = os.WriteFile(exe+".packed", data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return exe + ".packed"
}
