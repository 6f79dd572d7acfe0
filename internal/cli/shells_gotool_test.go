package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var tools = []string{"elfsign", "elfstrip", "go3s-release", "golink", "linkcheck", "symbolize"}

// build makes the tools, and puts them on PATH.
func build(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "../../tools/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("HOME", t.TempDir())
	t.Setenv("TERM", "xterm")
	t.Chdir(t.TempDir())
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// need skips the test where a program is missing.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
}

// lines are command lines, and words that complete their end. A word with a minus sign before it must not.
var lines = []struct{ line, words string }{
	{"golink ", "asm build direct link toolexec"},
	{"golink bu", "build -link"},
	{"golink build -tr", "-traceback"},
	{"golink build -traceback=f", "full functions -external"},
	{"golink build -traceback f", "full functions -external"},
	{"golink link -go-linker ", "auto cmdlink own"},
	{"linkcheck s", "sizes syscalls sdkcheck -check"},
	{"linkcheck compare --format s", "sarif -text"},
	{"linkcheck --color=a", "auto always -never"},
	{"linkcheck explain nx", "nx-stack"},
	{"elfstrip --strip-a", "--strip-all"},
	{"elfstrip --traceback ", "full functions external"},
	{"symbolize --unverified-go=", "refuse warn"},
	{"symbolize --sym", "--symbols"},
	{"elfsign strip", "strip-signature"},
	{"go3s-release publish --pl", "--plain-http"},
}

// problem returns what is wrong with the words got that complete a line, or "".
func problem(line, words, got string) string {
	have := strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) })
	last := line[strings.LastIndexAny(line, " =")+1:]
	for word := range strings.SplitSeq(words, " ") {
		name, absent := strings.CutPrefix(word, "-")
		switch absent = absent && !strings.HasPrefix(last, "-"); {
		case absent && slices.Contains(have, name):
			return fmt.Sprintf("%q is completed by %s: %q", line, name, got)
		case !absent && !slices.Contains(have, word):
			return fmt.Sprintf("%q is not completed by %s: %q", line, word, got)
		}
	}
	return ""
}

func holds(t *testing.T, line, words, got string) {
	t.Helper()
	if p := problem(line, words, got); p != "" {
		t.Error(p)
	}
}

func TestBash(t *testing.T) {
	need(t, "bash")
	build(t)
	for _, tt := range lines {
		tool, _, _ := strings.Cut(tt.line, " ")
		// The words of the line as readline makes them, with "=" apart.
		words := strings.Fields(strings.ReplaceAll(tt.line, "=", " = "))
		if strings.HasSuffix(tt.line, " ") {
			words = append(words, "")
		}
		script := fmt.Sprintf(`set -u; source <(%s --completion=bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _%s; echo "${COMPREPLY[*]}"`,
			tool, strings.ReplaceAll(tool, "-", "_"))
		holds(t, tt.line, tt.words, output(t, "bash", append([]string{"-c", script, "bash"}, words...)...))
	}
	// Files complete what wants a file.
	if got := output(t, "bash", "-c", `source <(golink --completion=bash); COMP_WORDS=(golink link -o -x); COMP_CWORD=3; _golink; echo "${#COMPREPLY[@]}"; complete -p golink`); got != "0\ncomplete -o default -F _golink golink\n" {
		t.Errorf("the file of -o: %q", got)
	}
}

func TestFish(t *testing.T) {
	need(t, "fish")
	build(t)
	for _, tt := range lines {
		tool, _, _ := strings.Cut(tt.line, " ")
		got := output(t, "fish", "-N", "-c", fmt.Sprintf("%s --completion=fish | source; complete -C %q", tool, tt.line))
		// "-traceback=full" is completed as a whole, descriptions follow tabs.
		var words []string
		for line := range strings.Lines(got) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words = append(words, strings.TrimPrefix(word, tt.line[strings.LastIndex(tt.line, " ")+1:strings.LastIndexAny(tt.line, " =")+1]))
		}
		holds(t, tt.line, tt.words, strings.Join(words, "\n"))
	}
}

// openTerminal returns both ends of a new terminal.
func openTerminal(t *testing.T) (*os.File, *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("NOT TESTED: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 60, Col: 200}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// escapes are sequences that move the cursor or choose colours (ECMA-48, CSI).
var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// zsh has completion in its line editor only, so that a terminal is needed.
func TestZsh(t *testing.T) {
	need(t, "zsh")
	build(t)
	for _, tool := range tools {
		script := output(t, tool, "--completion=zsh")
		if err := os.WriteFile("_"+tool, []byte(script), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	master, slave := openTerminal(t)
	cmd := exec.Command("zsh", "-f", "-i")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = append(os.Environ(), "FPATH="+zshFunctions(t))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	got := make(chan string, 64)
	go func() {
		defer close(got)
		buffer := make([]byte, 1<<16)
		for {
			n, err := master.Read(buffer)
			if err != nil {
				return
			}
			got <- string(buffer[:n])
		}
	}()
	// await reads what zsh writes until good says that it is enough, for half a minute at most.
	await := func(good func(string) bool) string {
		t.Helper()
		text, deadline := "", time.After(30*time.Second)
		for !good(text) {
			select {
			case s, ok := <-got:
				if !ok {
					t.Fatalf("zsh ended: %q", text)
				}
				text += s
			case <-deadline:
				return text
			}
		}
		return text
	}
	fmt.Fprint(master, "PROMPT=; autoload -Uz compinit; compinit -D -u; bindkey '^I' list-choices; for f in ./_*; do source $f; done; print REA''DY\n")
	await(func(s string) bool { return strings.Contains(s, "READY") })
	for _, tt := range lines {
		fmt.Fprintf(master, "%s\t", tt.line)
		list := func(s string) string { // what follows the line
			_, list, _ := strings.Cut(s, "\n")
			return escapes.ReplaceAllString(list, " ")
		}
		text := await(func(s string) bool { return problem(tt.line, tt.words, list(s)) == "" && strings.Contains(s, "\n") })
		if p := problem(tt.line, tt.words, list(text)); p != "" {
			t.Error(p)
		}
		fmt.Fprint(master, "\x15print NEX''T\n")
		await(func(s string) bool { return strings.Contains(s, "NEXT") })
	}
}

// zshFunctions returns the path of zsh's own functions, without which there is no completion.
func zshFunctions(t *testing.T) string {
	return strings.TrimSpace(output(t, "zsh", "-f", "-c", "print ${(j.:.)fpath}"))
}

// Other people's readers of manual pages find nothing wrong with ours.
func TestManualPages(t *testing.T) {
	build(t)
	for _, tool := range tools {
		page := tool + ".1"
		if err := os.WriteFile(page, []byte(output(t, tool, "--man")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("groff", func(t *testing.T) {
		need(t, "groff")
		for _, tool := range tools {
			var errs bytes.Buffer
			cmd := exec.Command("groff", "-ww", "-K", "utf8", "-T", "utf8", "-P-c", "-P-b", "-P-o", "-P-u", "-man", tool+".1")
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil || errs.Len() > 0 || !bytes.Contains(out, []byte("EXIT STATUS")) {
				t.Errorf("%s: %v\n%s", tool, err, errs.String())
			}
		}
	})
	t.Run("mandoc", func(t *testing.T) {
		need(t, "mandoc")
		for _, tool := range tools {
			if out, err := exec.Command("mandoc", "-T", "lint", "-W", "warning", tool+".1").CombinedOutput(); err != nil {
				for line := range strings.Lines(string(out)) {
					if !strings.Contains(line, "missing date") { // the same bytes on every day
						t.Errorf("%s", line)
					}
				}
			}
		}
	})
}

// Progress shows on a terminal, not before its time, and leaves nothing.
func TestProgress(t *testing.T) {
	master, slave := openTerminal(t)
	if !Terminal(slave) {
		t.Fatal("a terminal is taken for none")
	}
	read := func() string {
		slave.WriteString("|")
		buffer := make([]byte, 4096)
		var text string
		for !strings.HasSuffix(text, "|") {
			n, err := master.Read(buffer)
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
			text += string(buffer[:n])
		}
		return strings.TrimSuffix(text, "|")
	}
	doing := func() string { return "1 of 2" }
	p := StartProgress(slave, false, doing)
	time.Sleep(200 * time.Millisecond)
	p.Stop()
	if got := read(); got != "" {
		t.Errorf("short work wrote %q", got)
	}
	for _, quiet := range []bool{false, true} {
		p = StartProgress(slave, quiet, doing)
		time.Sleep(progressAfter + 50*time.Millisecond)
		p.Stop()
		p.Stop()
		want := ""
		if !quiet {
			want = clearLine + "1 of 2, 2 s" + clearLine
		}
		if got := read(); got != want {
			t.Errorf("quiet %v: wrote %q, want %q", quiet, got, want)
		}
	}
}
