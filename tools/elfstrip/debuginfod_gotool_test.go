package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

func TestMain(m *testing.M) { linktest.Main(m) }

// debuggerPrograms are what TestDebugInfo needs.
var debuggerPrograms = map[string]string{"gdb": "gdb", "debuginfod": "debuginfod", "debuginfod-find": "debuginfod"}

// A debuginfod server finds the debug file of a stripped static PIE by its build
// ID, and gdb gets it from there, or from a directory.
func TestDebugInfo(t *testing.T) {
	for program, debian := range debuggerPrograms {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT TESTED: there is no %s on PATH: apt-get install %s", program, debian)
		}
	}
	dir := t.TempDir()
	linked, exe := filepath.Join(dir, "linked"), filepath.Join(dir, "exe")
	linktest.Compile(t, runtime.GOARCH, "../golink/testdata/maps", true).Link(t, cmdlink.ModeStaticPIE, linked)
	elfstrip(t, exitOK, "", "-o", exe, linked)
	id := buildID(t, exe)
	served := filepath.Join(dir, "served")
	byID := filepath.Join(dir, "debug")
	for _, file := range []string{filepath.Join(served, "exe.debug"), filepath.Join(byID, ".build-id", id[:2], id[2:]+".debug")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		elfstrip(t, exitOK, "", "--only-keep-debug", "-o", file, linked)
	}

	url := startDebuginfod(t, served, id)
	t.Setenv("DEBUGINFOD_CACHE_PATH", filepath.Join(dir, "cache"))
	t.Setenv("DEBUGINFOD_URLS", url)
	out, err := exec.Command("debuginfod-find", "debuginfo", id).Output()
	if err != nil {
		t.Fatal(err)
	}
	if found := string(bytes.TrimSpace(out)); !bytes.Equal(read(t, found), read(t, filepath.Join(served, "exe.debug"))) {
		t.Errorf("debuginfod-find gave %s, which is another file", found)
	}
	stopInProgram(t, exe, "-iex", "set debuginfod enabled on")

	t.Setenv("DEBUGINFOD_URLS", "")
	stopInProgram(t, exe, "-iex", "set debug-file-directory "+byID)
}

// stopInProgram has gdb stop in a function of the program tools/golink/testdata/maps, and
// checks what it says of arguments and callers.
func stopInProgram(t *testing.T, exe string, args ...string) {
	t.Helper()
	args = append([]string{"-q", "-nx", "-batch"}, args...)
	cmd := exec.Command("gdb", append(args, "-ex", "break main.inner if n==0", "-ex", "run", "-ex", "bt", exe)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`#0  main.inner \(n=0`, `#3  0x[0-9a-f]+ in main.inner `, `#4  0x[0-9a-f]+ in main.main \(\) at .*main.go:\d+`} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("%q: want %q in\n%s", args, want, out)
		}
	}
}

// buildID returns the GNU build ID of a file, in hexadecimal.
func buildID(t *testing.T, path string) string {
	t.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	notes, err := f.Notes()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range notes {
		if n.Name == "GNU" && n.Type == 3 { // NT_GNU_BUILD_ID
			return fmt.Sprintf("%x", n.Desc)
		}
	}
	t.Fatalf("%s has no build ID", path)
	return ""
}

// startDebuginfod has a server on this host serve the files of a directory, and
// returns its URL once it knows the build ID.
func startDebuginfod(t *testing.T, dir, id string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command("debuginfod", "-d", ":memory:", "-p", fmt.Sprint(port), "-F", dir)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	url = fmt.Sprintf("http://127.0.0.1:%d", port)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if r, err := http.Get(url + "/buildid/" + id + "/debuginfo"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return url
			}
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	t.Fatalf("debuginfod does not serve build ID %s:\n%s", id, log.Bytes())
	return ""
}
