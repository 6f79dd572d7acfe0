package keyguard

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// Tests of what others see of the process run it again as a child that does one of these things.
const (
	childEnv  = "KEYGUARD_TEST_CHILD"
	secretEnv = "KEYGUARD_TEST_SECRET" // the secret, masked, so that the child's environment does not hold it
	memoryEnv = "KEYGUARD_TEST_MEMORY"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		useSecret = os.Getenv(memoryEnv) == "memfd_secret"
		if err := child(what); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// masked returns bytes in another form, of which they follow.
func masked(b []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= 0xa5
	}
	return out
}

// kept is a secret in Go's heap.
var kept []byte

func child(what string) error {
	c := Config{Iterations: 1000, Interval: 10 * time.Millisecond, Signals: []os.Signal{syscall.SIGTERM}}
	g, err := New(c, []byte(officerPassword))
	if err != nil {
		return err
	}
	officer, err := g.Login(CryptoOfficer, []byte(officerPassword))
	if err != nil {
		return err
	}
	if err := officer.SetPassword(User, []byte(userPassword)); err != nil {
		return err
	}
	user, err := g.Login(User, []byte(userPassword))
	if err != nil {
		return err
	}
	mask, err := hex.DecodeString(os.Getenv(secretEnv))
	if err != nil {
		return err
	}
	for i := range mask {
		mask[i] ^= 0xa5
	}
	if what == "core heap" {
		kept = bytes.Clone(mask)
	}
	if err := officer.Import("key", mask); err != nil {
		return err
	}
	// Use it as programs do.
	sum := 0
	if err := user.Use("key", func(secret []byte) error {
		for _, c := range secret {
			sum += int(c)
		}
		return nil
	}); err != nil {
		return err
	}
	inner := g.secrets["key"].pages.inner
	first, last := unsafe.Pointer(&inner[0]), unsafe.Pointer(&inner[len(inner)-1])
	ready := func() {
		fmt.Println("ready")
		io.Copy(io.Discard, os.Stdin) // until the test has looked
	}
	use := func(f func(secret []byte)) error {
		return user.Use("key", func(secret []byte) error {
			f(secret)
			return nil
		})
	}
	core := func() {
		limit := syscall.Rlimit{Cur: 1 << 30, Max: 1 << 30}
		if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
			fmt.Println(err)
		}
		debug.SetTraceback("crash")
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	}
	switch what {
	case "hold":
		ready()
	case "zeroize":
		g.Zeroize()
		ready()
	case "destroy":
		if err := officer.Destroy("key"); err != nil {
			return err
		}
		ready()
	case "smaps":
		fmt.Printf("%x\n", uintptr(first))
		ready()
	case "write in the callback":
		return use(func(secret []byte) { secret[0] = 1 })
	case "read after the callback":
		var leaked []byte
		use(func(secret []byte) { leaked = secret })
		return fmt.Errorf("it holds %x", leaked[0])
	case "read before the pages":
		return use(func([]byte) { fmt.Print(*(*byte)(unsafe.Add(first, -1))) })
	case "read behind the pages":
		return use(func([]byte) { fmt.Print(*(*byte)(unsafe.Add(last, 1))) })
	case "violation":
		g.mu.Lock()
		s := g.secrets["key"]
		if err := s.pages.protect(write); err != nil {
			return err
		}
		s.secret[0] ^= 1
		if err := s.pages.protect(none); err != nil {
			return err
		}
		g.mu.Unlock()
		time.Sleep(time.Minute) // the timer finds it
	case "signal":
		ready()
		time.Sleep(time.Minute)
	case "exit":
		Exit(3)
	case "exit without zeroization":
		os.Exit(3)
	case "core held", "core heap":
		core()
	case "core zeroized":
		g.Zeroize()
		core()
	default:
		return fmt.Errorf("no test %q", what)
	}
	return nil
}

// A process is a child.
type process struct {
	*exec.Cmd
	secret []byte
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// prepare makes the command of a child.
func prepare(t *testing.T, what, memory string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0]), secret: make([]byte, 32)}
	rand.Read(p.secret)
	p.Dir = t.TempDir()
	p.Env = append(os.Environ(), childEnv+"="+what, memoryEnv+"="+memory, secretEnv+"="+hex.EncodeToString(masked(p.secret)),
		"GOTRACEBACK=single")
	if filepath.Base(p.Path) == p.Path || !filepath.IsAbs(p.Path) {
		path, err := filepath.Abs(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		p.Path = path
	}
	var err error
	if p.stdin, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(stdout)
	p.Stderr = &p.stderr
	t.Cleanup(func() {
		if p.Process != nil && p.ProcessState == nil {
			p.Process.Kill()
			p.Wait()
		}
	})
	return p
}

func launch(t *testing.T, what, memory string) *process {
	t.Helper()
	p := prepare(t, what, memory)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, p.stderr.String())
	}
	return strings.TrimSpace(line)
}

// A region is one line of /proc/PID/maps.
type region struct {
	from, to uint64
	mode     string
}

func regions(t *testing.T, pid int) []region {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	var out []region
	for line := range strings.Lines(string(data)) {
		var r region
		if _, err := fmt.Sscanf(line, "%x-%x %s", &r.from, &r.to, &r.mode); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// count returns how often the memory of a process holds the secret, pages without permission included: the kernel reads them for
// who may trace the process.
func count(t *testing.T, pid int, secret []byte) int {
	t.Helper()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	found, looked := 0, uint64(0)
	buffer := make([]byte, 1<<20)
	for _, r := range regions(t, pid) {
		if r.mode[0] != 'r' && r.to-r.from > 16<<20 {
			continue // address space that Go has reserved and that has no pages
		}
		// Pieces overlap, by less than the secret.
		for at := r.from; at < r.to; at += uint64(len(buffer) - len(secret) + 1) {
			n, _ := mem.ReadAt(buffer[:min(uint64(len(buffer)), r.to-at)], int64(at))
			found += bytes.Count(buffer[:n], secret)
			looked += uint64(n)
			if at+uint64(len(buffer)) >= r.to {
				break
			}
		}
	}
	if looked < 1<<20 {
		t.Fatalf("only %d bytes of memory could be read", looked)
	}
	return found
}

// memories are the kinds of memory here.
func memories(t *testing.T) []string {
	t.Helper()
	p, err := newPages(1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.unmap()
	if p.kind == "anonymous" {
		t.Log("NOT TESTED: this kernel has no memfd_secret")
		return []string{"anonymous"}
	}
	return []string{"anonymous", "memfd_secret"}
}

// TestMemory: in the whole memory of the process the secret is once while it is held, or where the kernel has memfd_secret never, and never
// after it was destroyed.
func TestMemory(t *testing.T) {
	for _, memory := range memories(t) {
		want := map[string]int{"hold": 1, "zeroize": 0, "destroy": 0}
		if memory == "memfd_secret" {
			want["hold"] = 0
		}
		for what, n := range want {
			p := launch(t, what, memory)
			p.line(t)
			if got := count(t, p.Process.Pid, p.secret); got != n {
				t.Errorf("%s, %s: the secret is %d times in memory, want %d", memory, what, got, n)
			}
			p.stdin.Close()
			if err := p.Wait(); err != nil {
				t.Errorf("%s, %s: %v\n%s", memory, what, err, p.stderr.String())
			}
		}
	}
}

// TestFlags: the kernel says of the pages what was asked for.
func TestFlags(t *testing.T) {
	for _, memory := range memories(t) {
		p := launch(t, "smaps", memory)
		first, err := strconv.ParseUint(p.line(t), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		p.line(t)
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", p.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"lo", "dd", "wf"} // locked, not dumped, wiped in a child
		if memory == "memfd_secret" {
			want[2] = "dc" // not in a child
		}
		_, rest, _ := strings.Cut("\n"+string(data), fmt.Sprintf("\n%x-", first))
		_, flags, _ := strings.Cut(rest, "VmFlags:")
		flags, _, _ = strings.Cut(flags, "\n")
		for _, f := range want {
			if !strings.Contains(flags+" ", " "+f+" ") {
				t.Errorf("%s: flags %q, want %s", memory, flags, f)
			}
		}
		if !strings.Contains(strings.SplitN(rest, "\n", 2)[0], " ---") {
			t.Errorf("%s: at rest the pages are %q", memory, strings.SplitN(rest, "\n", 2)[0])
		}
	}
}

// TestFaults: the process dies where it touches what it must not.
func TestFaults(t *testing.T) {
	for _, memory := range memories(t) {
		for _, what := range []string{"write in the callback", "read after the callback", "read before the pages",
			"read behind the pages"} {
			p := launch(t, what, memory)
			io.Copy(io.Discard, p.stdout)
			if err := p.Wait(); err == nil || !strings.Contains(p.stderr.String(), "SIGSEGV: segmentation violation") {
				t.Errorf("%s, %s: %v\n%s", memory, what, err, p.stderr.String())
			}
		}
	}
}

// TestViolationEnds: the timer ends the process, with a message.
func TestViolationEnds(t *testing.T) {
	for _, memory := range memories(t) {
		p := launch(t, "violation", memory)
		io.Copy(io.Discard, p.stdout)
		p.Wait()
		want := `keyguard: memory of a secret has changed: secret "key": its HMAC is wrong: all secrets were overwritten, the process ends`
		if code := p.ProcessState.ExitCode(); code != ExitViolation || !strings.Contains(p.stderr.String(), want) {
			t.Errorf("%s: exit status %d, %q", memory, code, p.stderr.String())
		}
	}
}

// TestExit looks at the memory of a process at the moment when it has ended: the kernel stops it there for who traces it.
func TestExit(t *testing.T) {
	for what, want := range map[string]int{"exit": 0, "signal": 0, "exit without zeroization": 1} {
		if got := atExit(t, what); got != want {
			t.Errorf("%s: the secret is %d times in memory, want %d", what, got, want)
		}
	}
}

// atExit traces a child and counts the secret in its memory when it ends.
func atExit(t *testing.T, what string) int {
	runtime.LockOSThread() // which the kernel takes for the tracer
	defer runtime.UnlockOSThread()
	const optionTraceExit, eventExit = 0x40, 6
	p := prepare(t, what, "anonymous")
	p.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	pid := p.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := syscall.PtraceSetOptions(pid, optionTraceExit); err != nil {
		t.Fatal(err)
	}
	if what == "signal" {
		go func() {
			p.stdout.ReadString('\n')
			p.stdin.Close()
			syscall.Kill(pid, syscall.SIGTERM)
		}()
	}
	found := -1
	for signal := 0; ; {
		if err := syscall.PtraceCont(pid, signal); err != nil {
			t.Fatal(err)
		}
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
			t.Fatal(err)
		}
		signal = 0
		switch {
		case status.Exited() || status.Signaled():
			p.Process.Release()
			wrong := status.ExitStatus() != 3
			if what == "signal" {
				wrong = !status.Signaled() || status.Signal() != syscall.SIGTERM
			}
			if wrong {
				t.Errorf("%s: ended with %#x\n%s", what, int(status), p.stderr.String())
			}
			return found
		case status.Stopped() && status>>16 == eventExit:
			found = count(t, pid, p.secret)
		case status.Stopped() && status.StopSignal() != syscall.SIGTRAP:
			signal = int(status.StopSignal())
		}
	}
}

// TestCore: no core dump has a secret that is held, nor one that was overwritten; what is in Go's heap is in it.
func TestCore(t *testing.T) {
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil || strings.ContainsAny(string(pattern), "|/") {
		t.Skipf("NOT TESTED: core dumps do not go to the working directory (%s, %v)", pattern, err)
	}
	for _, memory := range memories(t) {
		for what, want := range map[string]bool{"core held": false, "core zeroized": false, "core heap": true} {
			p := launch(t, what, memory)
			io.Copy(io.Discard, p.stdout)
			p.Wait()
			files, err := filepath.Glob(filepath.Join(p.Dir, "*"))
			if err != nil || len(files) != 1 {
				t.Fatalf("%s, %s: %d files, want one core dump (%v)\n%s", memory, what, len(files), err, p.stderr.String())
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if len(data) < 1<<20 || !bytes.HasPrefix(data, []byte("\x7fELF")) {
				t.Fatalf("%s, %s: %d bytes, which are no core dump", memory, what, len(data))
			}
			if got := bytes.Contains(data, p.secret); got != want {
				t.Errorf("%s, %s: the core dump of %d bytes has the secret: %v, want %v", memory, what, len(data), got, want)
			}
		}
	}
}
