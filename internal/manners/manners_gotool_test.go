//go:build linux

package manners

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/release/index"
)

// nobody is the user that the commands run as where the test runs as root.
const nobody = 65534

// A key pair of these tests: it protects nothing.
const (
	testKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBVKTrx3WCnLjXyv72VQr3u5RSDKbR+/vzzPIM1TrHEC
-----END PRIVATE KEY-----
`
	testPublic = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEArfoIQ9cBdbL7z/C6jTwq/RIMPCSwuPJNol7hDM4q/48=
-----END PUBLIC KEY-----
`
)

// files are what the commands read: a program, an object of the assembler, an archive of the compiler, a side file, keys.
type files struct {
	tools, dir                        string
	program, object, archive, symbols string
	key, public                       string // of Ed25519, for elfsign
	sdk                               string // what golink reads of it
}

// prepare builds the commands and files for them, in folders that nobody owns.
func prepare(t *testing.T) *files {
	t.Helper()
	f := &files{tools: tempDir(t), dir: tempDir(t)}
	gotool.Output(t, filepath.Join("..", ".."), "", "build", "-o", f.tools+"/", "./tools/golink", "./tools/elfstrip", "./tools/linkcheck", "./tools/symbolize", "./tools/elfsign", "./tools/go3s-release")
	f.program, f.object, f.archive, f.symbols = f.in("program"), f.in("start.o"), f.in("main.a"), f.in("symbols")
	write(t, f.in("main.go"), "package main\n\nfunc main() {}\n")
	write(t, f.in("start.s"), "TEXT _start(SB), 4, $0\n\tRET\n")
	f.key, f.public = f.in("key"), f.in("public")
	write(t, f.key, testKey)
	write(t, f.public, testPublic)
	if err := os.Chmod(f.key, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(f.key, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	gotool.Output(t, f.dir, "amd64", "build", "-o", f.program, "main.go")
	gotool.Output(t, f.dir, "amd64", "tool", "asm", "-p", "main", "-o", f.object, "start.s")
	gotool.Output(t, f.dir, "amd64", "tool", "compile", "-p", "main", "-o", f.archive, "main.go")
	// The SDK itself may be where nobody may read, such as in the module cache of root.
	f.sdk = f.in("sdk")
	goroot := gotool.Output(t, "", "", "env", "GOROOT")
	for _, name := range []string{"src/internal/godebugs/table.go", "src/runtime/runtime1.go"} {
		data, err := os.ReadFile(filepath.Join(goroot, name))
		if err == nil {
			err = os.MkdirAll(filepath.Join(f.sdk, filepath.Dir(name)), 0o777)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(f.sdk, name), string(data))
	}
	if r := f.run(t, nil, "elfstrip", "--traceback=external", "--symbols-file="+f.symbols, "-o", f.in("stripped"), f.program); r.code != 0 {
		t.Fatal(r.stderr)
	}
	return f
}

// tempDir returns a folder that any user may use, unlike t.TempDir.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "manners")
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (f *files) in(name string) string { return filepath.Join(f.dir, name) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// A result is how a command ended.
type result struct {
	code   int
	stdout []byte
	stderr string
	spent  time.Duration
	memory int64         // largest resident set, bytes
	worked time.Duration // processor time
}

// measuring is the variable that makes the test's program one that measures a command.
const measuring = "MANNERS_MEASURING"

func TestMain(m *testing.M) {
	if os.Getenv(measuring) != "" {
		os.Exit(measure(os.Args[1], os.Args[2:]))
	}
	os.Exit(m.Run())
}

// measure runs a command as an ordinary user and writes to descriptor 3 what it took. It is a process of its own, for Linux counts for
// a child the memory that its parent had when it was made.
func measure(tool string, args []string) int {
	os.Unsetenv(measuring)
	cmd := exec.Command(tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	cmd.Run()
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	text, _ := json.Marshal(usage)
	os.NewFile(3, "measure").Write(text)
	return cmd.ProcessState.ExitCode()
}

// run runs a command as an ordinary user.
func (f *files) run(t *testing.T, stdin io.Reader, tool string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, append([]string{filepath.Join(f.tools, tool)}, args...)...)
	cmd.Dir = f.dir
	cmd.Stdin = stdin
	cmd.Env = append(os.Environ(), "TMPDIR="+f.dir, measuring+"=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	read, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd.ExtraFiles = []*os.File{written}
	begin := time.Now()
	err = cmd.Run()
	written.Close()
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	var usage syscall.Rusage
	if text, err := io.ReadAll(read); err != nil || json.Unmarshal(text, &usage) != nil {
		t.Fatalf("%s %q: %v, no measure of it: %q, %s", tool, args, cmd.ProcessState, text, stderr.Bytes())
	}
	worked := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return result{cmd.ProcessState.ExitCode(), stdout.Bytes(), stderr.String(), time.Since(begin), usage.Maxrss << 10, worked}
}

// inputs are command lines by the tool; FILE is the input that is tested, others for good ones.
var inputs = []string{
	"elfstrip -o OUT FILE",
	"elfstrip FILE",
	"elfstrip @FILE",
	"elfstrip --add-section=.x=FILE -o OUT PROGRAM",
	"elfstrip --update-section=.x=FILE -o OUT PROGRAM",
	"elfstrip --keep-symbols=FILE -o OUT PROGRAM",
	"elfstrip --strip-symbols=FILE -o OUT PROGRAM",
	"elfstrip --add-gnu-debuglink=FILE -o OUT PROGRAM",
	"linkcheck check FILE",
	"linkcheck @FILE",
	"linkcheck check --policy=FILE PROGRAM",
	"linkcheck check --symbols=FILE PROGRAM",
	"linkcheck check --packages=FILE PROGRAM",
	"linkcheck check --vulnerabilities=FILE PROGRAM",
	"linkcheck compare FILE PROGRAM",
	"linkcheck compare --policy=FILE PROGRAM PROGRAM",
	"linkcheck syscalls FILE",
	"linkcheck syscalls --allowed=FILE PROGRAM",
	"linkcheck verdict FILE",
	"linkcheck merge FILE",
	"linkcheck packages FILE",
	"linkcheck packages --standard=FILE ARCHIVE",
	"linkcheck sizes a=FILE",
	"linkcheck sizes --budget=FILE a=PROGRAM",
	"linkcheck sizes --named=a=FILE a=PROGRAM",
	"symbolize --symbols=FILE LOG",
	"symbolize --symbols=SYMBOLS FILE",
	"elfsign sign --key=KEY -o OUT FILE",
	"elfsign sign --key=FILE -o OUT PROGRAM",
	"elfsign sign --key=KEY --cert=FILE -o OUT PROGRAM",
	"elfsign sign --command=true --public-key=FILE -o OUT PROGRAM",
	"elfsign sign --key=KEY --detached -o OUT FILE",
	"elfsign verify --trust=FILE PROGRAM",
	"elfsign verify --trust=PUBLIC FILE",
	"elfsign verify --trust=PUBLIC --signature=FILE PROGRAM",
	"elfsign show FILE",
	"elfsign strip-signature -o OUT FILE",
	"elfsign digest -o OUT FILE",
	"elfsign attach --trust=PUBLIC --signature=FILE -o OUT PROGRAM",
	"elfsign show @FILE",
	"golink asm -o OUT FILE",
	"golink asm -o OUT @FILE",
	"golink link LINK -main FILE",
	"golink link LINK -main ARCHIVE -archive a<tab>a<tab>FILE<tab>//a",
	"golink link LINK -main ARCHIVE -main-importmap a -cgo-source a=FILE -cgo-left-out OUT",
	"golink link LINK -main ARCHIVE -main-source FILE.go",
	"golink link LINK -main ARCHIVE -stamp FILE -x-def a.b=c",
	"golink link LINK -main ARCHIVE -section .x=FILE",
	"golink link LINK -main ARCHIVE -note a:1=FILE",
	"golink link LINK -main ARCHIVE -package-metadata FILE",
	"golink link LINK -main ARCHIVE -external-linker /bin/ld -linker-script FILE",
}

// command returns the words of a command line with its files.
func (f *files) command(t *testing.T, line, file string) []string {
	r := strings.NewReplacer("FILE", file, "PROGRAM", f.program, "ARCHIVE", f.archive, "SYMBOLS", f.symbols, "LOG", f.in("main.go"), "OUT", f.in("out"), "KEY", f.key, "PUBLIC", f.public,
		"LINK", "-o "+f.in("out")+" -goarch amd64 -sdk "+f.sdk+" -linker "+filepath.Join(gotool.Output(t, "", "", "env", "GOTOOLDIR"), "link"))
	words := strings.Fields(r.Replace(line))
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "<tab>", "\t")
	}
	return words
}

// What is no regular file is refused at once, by name, for each input of each command, and nothing is made.
func TestInputs(t *testing.T) {
	f := prepare(t)
	special := f.in("special")
	if err := os.Mkdir(special, 0o755); err != nil {
		t.Fatal(err)
	}
	pipe, link := filepath.Join(special, "pipe"), filepath.Join(special, "link")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", link); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"pipe": pipe, "link": pipe, "zero": "/dev/zero"} {
		if err := os.Symlink(target, filepath.Join(special, name+".go")); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range inputs {
		for file, kind := range map[string]string{pipe: "a named pipe", link: "a named pipe", special: "a directory", "/dev/zero": "a device"} {
			if strings.Contains(line, "FILE.go") {
				if file == special {
					continue
				}
				file = filepath.Join(special, filepath.Base(file))
			}
			if file == special && line == "linkcheck check FILE" {
				continue // the files in it
			}
			words := f.command(t, line, file)
			r := f.run(t, nil, words[0], words[1:]...)
			if want := fmt.Sprintf("is %s, want a regular file", kind); r.code == 0 || !strings.Contains(r.stderr, file) || !strings.Contains(r.stderr, want) {
				t.Errorf("%s with %s: exit code %d after %v: %s, want %q", line, file, r.code, r.spent, r.stderr, want)
			}
			if r.spent > 5*time.Second || r.memory > 64<<20 {
				t.Errorf("%s with %s: took %v and %d bytes", line, file, r.spent, r.memory)
			}
		}
	}
	if _, err := os.Lstat(f.in("out")); err == nil {
		t.Error("there is an output")
	}
}

// What is no regular file in the folder of a release, or is too large, is refused at once.
func TestFolders(t *testing.T) {
	f := prepare(t)
	for kind, make := range map[string]func(path string) error{
		"a named pipe":        func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"a device":            func(path string) error { return os.Symlink("/dev/zero", path) },
		"1099511627776 bytes": func(path string) error { return os.WriteFile(path, nil, 0o666) },
	} {
		dir := f.in("folder of " + kind)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, index.Sums), "")
		path := filepath.Join(dir, "file")
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		want := kind
		if strings.HasSuffix(kind, "bytes") {
			if err := os.Truncate(path, 1<<40); err != nil {
				t.Fatal(err)
			}
		}
		for _, args := range [][]string{{"rebuild", dir, dir}, {"verify", "--no-signatures", dir}, {"publish", "--directory=" + f.in("published"), dir}} {
			if args[0] != "rebuild" && !strings.HasSuffix(kind, "bytes") {
				want = "it is no regular file"
			}
			r := f.run(t, nil, "go3s-release", args...)
			if text := string(r.stdout) + r.stderr; r.code == 0 || !strings.Contains(text, want) || r.worked > time.Second || r.memory > 64<<20 {
				t.Errorf("%q: exit code %d, %v, %d bytes: %s, want %q", args, r.code, r.worked, r.memory, text, want)
			}
		}
	}
}

// outputs are command lines that write to OUT.
var outputs = []string{
	"elfstrip -o OUT PROGRAM",
	"elfstrip --pack=lz4 -o OUT PROGRAM",
	"elfstrip --dump-section=.text=OUT -o OTHER PROGRAM",
	"elfstrip --traceback=external --symbols-file=OUT -o OTHER PROGRAM",
	"elfsign sign --key=KEY -o OUT PROGRAM",
	"elfsign sign --key=KEY --detached -o OUT PROGRAM",
	"elfsign strip-signature -o OUT PROGRAM",
	"elfsign digest -o OUT PROGRAM",
	"elfsign digest --content=OUT -o OTHER PROGRAM",
	"golink asm -o OUT OBJECT",
	"linkcheck check --report-only --format=json -o OUT PROGRAM",
	"linkcheck syscalls --list -o OUT PROGRAM",
	"linkcheck sizes --update --budget=OUT a=PROGRAM",
	"symbolize --symbols=SYMBOLS -o OUT main.go",
}

func (f *files) output(t *testing.T, stdin io.Reader, line, out string) result {
	t.Helper()
	r := strings.NewReplacer("OUT", out, "OTHER", f.in("other"), "PROGRAM", f.program, "OBJECT", f.object, "SYMBOLS", f.symbols, "KEY", f.key, "PUBLIC", f.public)
	words := strings.Fields(r.Replace(line))
	return f.run(t, stdin, words[0], words[1:]...)
}

// An output is written to a pipe, a device and a descriptor, through links, which stay.
func TestOutputs(t *testing.T) {
	f := prepare(t)
	pipe, file := f.in("pipe"), f.in("file")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	link := func(name, target string) string {
		if err := os.Symlink(target, f.in(name)); err != nil {
			t.Fatal(err)
		}
		return f.in(name)
	}
	stdout, null, toPipe, directory := link("stdout", "/proc/self/fd/1"), link("null", os.DevNull), link("topipe", "pipe"), link("directory", ".")
	for _, line := range outputs {
		if r := f.output(t, nil, line, file); r.code != 0 {
			t.Fatalf("%s: exit code %d: %s", line, r.code, r.stderr)
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if r := f.output(t, nil, line, stdout); r.code != 0 || !bytes.Equal(r.stdout, want) {
			t.Errorf("%s to standard output: exit code %d, %d bytes, want %d: %s", line, r.code, len(r.stdout), len(want), r.stderr)
		}
		if r := f.output(t, nil, line, null); r.code != 0 {
			t.Errorf("%s to %s: exit code %d: %s", line, os.DevNull, r.code, r.stderr)
		}
		got := make(chan []byte, 1)
		go func() {
			data, _ := os.ReadFile(pipe)
			got <- data
		}()
		if r := f.output(t, nil, line, toPipe); r.code != 0 {
			t.Fatalf("%s to a pipe: exit code %d: %s", line, r.code, r.stderr)
		} else if data := <-got; !bytes.Equal(data, want) {
			t.Errorf("%s to a pipe: %d bytes, want %d", line, len(data), len(want))
		}
		if r := f.output(t, nil, line, directory); r.code == 0 || !strings.Contains(r.stderr, "is a directory") {
			t.Errorf("%s to a directory: exit code %d: %s", line, r.code, r.stderr)
		}
		for _, l := range []string{stdout, null, toPipe, directory} {
			if info, err := os.Lstat(l); err != nil || info.Mode().Type() != os.ModeSymlink {
				t.Fatalf("%s: the link %s is gone", line, l)
			}
		}
		os.Remove(file)
		os.Remove(f.in("other"))
	}
}

// A command that fails leaves none of its outputs.
func TestNothingLeft(t *testing.T) {
	f := prepare(t)
	before := names(t, f.dir)
	for _, line := range []string{
		"elfstrip --traceback=external --symbols-file=side -o none/OUT PROGRAM",
		"elfstrip --traceback=external --symbols-file=side --dump-section=.nothing=dump -o out PROGRAM",
		"elfstrip --traceback=external --symbols-file=side --dump-section=.text=none/dump -o out PROGRAM",
		"elfstrip --dump-section=.text=dump -o /proc/self/fd/99 PROGRAM",
		"elfstrip --traceback=external --symbols-file=side -R .text -o out PROGRAM",
		"elfsign digest --content=content -o none/OUT PROGRAM",
		"elfsign sign --key=PUBLIC -o out PROGRAM",
		"elfsign verify --trust=PUBLIC PROGRAM",
	} {
		if r := f.output(t, nil, line, "out"); r.code == 0 {
			t.Errorf("%s: no error", line)
		}
		if now := names(t, f.dir); now != before {
			t.Fatalf("%s: the folder has\n%s\nafter\n%s", line, now, before)
		}
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

// Standard input without end is refused when it is too much.
func TestEndlessLog(t *testing.T) {
	f := prepare(t)
	zero, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer zero.Close()
	r := f.run(t, zero, "symbolize", "--symbols="+f.symbols)
	if r.code != 1 || !strings.Contains(r.stderr, "standard input: has more than") || r.memory > 80<<20 {
		t.Errorf("exit code %d after %v, %d bytes: %s", r.code, r.spent, r.memory, r.stderr)
	}
}

// A file that gets shorter while it is read is an error.
func TestShrinkingInput(t *testing.T) {
	f := prepare(t)
	whole, err := os.ReadFile(f.program)
	if err != nil {
		t.Fatal(err)
	}
	path := f.in("shrinking")
	stop, done := make(chan struct{}), make(chan struct{})
	write(t, path, string(whole))
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(n*7%50) * time.Millisecond):
				os.Truncate(path, 4096)
				time.Sleep(time.Millisecond)
				os.WriteFile(path, whole, 0o666)
			}
		}
	}()
	for _, line := range []string{
		"elfstrip -o out SHRINKING", "elfstrip --traceback=full -o out SHRINKING", "elfstrip --pack=lz4 -o out SHRINKING",
		"linkcheck check --report-only SHRINKING", "linkcheck syscalls SHRINKING", "linkcheck compare SHRINKING PROGRAM", "linkcheck sizes a=SHRINKING",
	} {
		failed := 0
		for range 20 {
			words := strings.Fields(strings.NewReplacer("SHRINKING", path, "PROGRAM", f.program).Replace(line))
			r := f.run(t, nil, words[0], words[1:]...)
			if r.code != 0 {
				failed++
			}
			if r.code < 0 || r.code > 2 || strings.Contains(r.stderr, "goroutine ") || strings.Contains(r.stderr, "fault address") || strings.Contains(r.stderr, "report this") {
				t.Errorf("%s: exit code %d: %s", line, r.code, r.stderr)
				break
			}
		}
		t.Logf("%s: failed %d of 20 times", line, failed)
	}
	close(stop)
	<-done
}

// File capabilities stay with a file that is stripped in place by who may set them, else a warning says that they are lost.
func TestCapabilities(t *testing.T) {
	f := prepare(t)
	// Version 2: cap_net_bind_service, permitted and effective (linux/capability.h, vfs_cap_data).
	value := []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	const name = "security.capability"
	give := func() {
		if err := os.Chown(f.program, nobody, nobody); err != nil {
			t.Skipf("NOT TESTED: to set file capabilities wants root: %v", err)
		}
		if err := syscall.Setxattr(f.program, name, value, 0); err != nil {
			t.Skipf("NOT TESTED: file capabilities cannot be set here: %v", err)
		}
	}
	give()
	r := f.run(t, nil, "elfstrip", "-g", f.program)
	if want := f.program + ": its file capabilities are lost: operation not permitted: set them again with setcap"; r.code != 0 || !strings.Contains(r.stderr, want) {
		t.Errorf("exit code %d: %s, want %q", r.code, r.stderr, want)
	}
	give()
	if out, err := exec.Command(filepath.Join(f.tools, "elfstrip"), f.program).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("as root: %v, %s", err, out)
	}
	got := make([]byte, 64)
	if n, err := syscall.Getxattr(f.program, name, got); err != nil || !bytes.Equal(got[:n], value) {
		t.Errorf("capabilities % x (%v), want % x", got[:max(n, 0)], err, value)
	}
	out := f.in("copy")
	if r := f.run(t, nil, "elfstrip", "-o", out, f.program); r.code != 0 || r.stderr != "" {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	if _, err := syscall.Getxattr(out, name, got); err != syscall.ENODATA {
		t.Errorf("another file has capabilities: %v", err)
	}
}

// A file of a Go release that nobody knows is refused, or what cannot be read of it is a finding: by each command whose answer depends on
// the release. The commands write nothing then.
func TestUnknownGo(t *testing.T) {
	f := prepare(t)
	unknown := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		release := gotool.Output(t, "", "", "env", "GOVERSION")
		if !bytes.Contains(data, []byte(release)) || len(release) < len("go1.99.") {
			t.Fatalf("%s does not hold the release %q", path, release)
		}
		other := "go1.99" + release[len("go1.99"):]
		write(t, path+".unknown", string(bytes.ReplaceAll(data, []byte(release), []byte(other))))
		return path + ".unknown"
	}
	bare := f.in("bare") // lacks go:func.*, which --keep-govulncheck adds by the module data
	if r := f.run(t, nil, "elfstrip", "--strip-all", "--no-keep-go-func", "-o", bare, f.program); r.code != 0 {
		t.Fatal(r.stderr)
	}
	program, object, archive, symbols := unknown(f.program), unknown(f.object), unknown(f.archive), unknown(f.symbols)
	for _, tt := range []struct{ line, file, want string }{
		{"elfstrip --traceback=full -o OUT FILE", program, "go1.99"},
		{"elfstrip --traceback=functions -o OUT FILE", program, "go1.99"},
		{"elfstrip --strip-all --keep-govulncheck -o OUT FILE", unknown(bare), "go1.99"},
		{"linkcheck check FILE", program, "go1.99"},
		{"linkcheck check --profile=nolibc FILE", program, "go1.99"},
		{"linkcheck syscalls FILE", program, "go1.99"},
		{"linkcheck syscalls --seccomp FILE", program, "a profile of the other calls would break the program"},
		{"linkcheck compare FILE FILE", program, "go1.99"},
		{"linkcheck packages FILE", archive, "go1.99"},
		{"symbolize --symbols=FILE LOG", symbols, "go1.99"},
		{"golink asm -o OUT FILE", object, "go1.99"},
		{"golink link LINK -main FILE", archive, "go1.99"},
	} {
		words := f.command(t, tt.line, tt.file)
		r := f.run(t, nil, words[0], words[1:]...)
		if text := r.stderr + string(r.stdout); r.code == 0 && !strings.Contains(tt.line, "syscalls FILE") || !strings.Contains(text, tt.want) {
			t.Errorf("%s: status %d, printed %q, want %q and a failure", tt.line, r.code, text, tt.want)
		}
		if _, err := os.Stat(f.in("out")); err == nil {
			t.Errorf("%s: left an output", tt.line)
			os.Remove(f.in("out"))
		}
	}

	// Who asks for it gets the newest tables, and is told: this program, of another release than it says, does not agree with them.
	for _, tt := range []struct{ line, want string }{
		{"linkcheck check --report-only FILE", "warning Go release: made by Go \"go1.99"},
		{"linkcheck check --report-only --profile=nolibc --format=json FILE", `"unverified_go": "made by Go \"go1.99`},
		{"linkcheck syscalls FILE", "warning: made by Go \"go1.99"},
		{"linkcheck syscalls --json FILE", `"unverified_go": "made by Go \"go1.99`},
	} {
		words := f.command(t, strings.Replace(tt.line, "FILE", "--unverified-go=warn FILE", 1), program)
		r := f.run(t, nil, words[0], words[1:]...)
		if text := string(r.stdout); r.code != 0 || !strings.Contains(text, tt.want) {
			t.Errorf("%s: status %d, printed %q%q, want %q and success", tt.line, r.code, text, r.stderr, tt.want)
		}
	}
}
