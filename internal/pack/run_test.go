package pack_test

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
	"github.com/go3s/rules_go3s/internal/syscalls/observe"
)

// machineOf is this computer's machine by GOARCH.
var machineOf = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}

// The test program starts itself with this variable to restrict itself and then
// become the packed program in os.Args[1].
const restrictVariable = "PACK_TEST_RESTRICT"

func init() {
	if how, ok := os.LookupEnv(restrictVariable); ok {
		filter, err := restrict(how)
		if err == nil && filter != nil {
			err = observe.Replace(filter, 0, os.Args[1], os.Args[1:], nil)
		} else if err == nil {
			err = syscall.Exec(os.Args[1], os.Args[1:], []string{})
		}
		fmt.Fprintln(os.Stderr, "restrict:", err)
		os.Exit(99)
	}
}

// restrict takes from this process what how says. Where that is for a seccomp filter to do, it returns the filter, which is not
// on this process yet: the Go runtime makes calls of its own.
func restrict(how string) ([]unix.SockFilter, error) {
	runtime.LockOSThread()
	name, value, _ := strings.Cut(how, "=")
	n, _ := strconv.ParseUint(value, 0, 64)
	switch name {
	case "":
		return nil, nil
	case "RLIMIT_AS":
		return nil, unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: n, Max: n})
	case "RLIMIT_STACK":
		return nil, unix.Setrlimit(unix.RLIMIT_STACK, &unix.Rlimit{Cur: n, Max: n})
	case "RLIMIT_DATA":
		return nil, unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: n, Max: n})
	case "PR_SET_MDWE":
		return nil, unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
	case "MemoryDenyWriteExecute":
		return denyExec(false), nil
	case "MemoryDenyWriteExecute without memfd":
		return denyExec(true), nil
	case "no huge pages":
		return nil, unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
	case "madvise fails with":
		return filterCalls(unix.SYS_MADVISE, n, calls), nil
	case "without sched_setaffinity":
		return filterCalls(unix.SYS_MADVISE, uint64(unix.EPERM), append(calls, unix.SYS_CLONE, unix.SYS_FUTEX, unix.SYS_SCHED_GETAFFINITY,
			unix.SYS_GETCPU)), nil
	case "one processor":
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(0, &set); err != nil {
			return nil, err
		}
		for cpu, one := 0, false; cpu < 8*int(unsafe.Sizeof(set)); cpu++ {
			if one {
				set.Clear(cpu)
			}
			one = one || set.IsSet(cpu)
		}
		return nil, unix.SchedSetaffinity(0, &set)
	}
	for nr, what := range map[uintptr]string{
		unix.SYS_MADVISE: "with threads, madvise fails with", unix.SYS_CLONE: "with threads, clone fails with",
		unix.SYS_SCHED_GETAFFINITY: "with threads, sched_getaffinity fails with", unix.SYS_GETCPU: "with threads, getcpu fails with",
		unix.SYS_SCHED_SETAFFINITY: "with threads, sched_setaffinity fails with",
	} {
		if name == what {
			return filterCalls(nr, n, append(calls, unix.SYS_CLONE, unix.SYS_FUTEX, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETCPU,
				unix.SYS_SCHED_SETAFFINITY)), nil
		}
	}
	return nil, errors.New("what?")
}

// calls are the system calls that the unpacker, execve and exit need besides madvise.
var calls = []uintptr{unix.SYS_EXECVE, unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_WRITE, unix.SYS_EXIT,
	unix.SYS_EXIT_GROUP}

// filterCalls returns a seccomp filter that lets madvise and the system calls allowed pass,
// has failing, one of them, end with errno, and kills the process at any other.
func filterCalls(failing uintptr, errno uint64, allowed []uintptr) []unix.SockFilter {
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{{Code: load, K: 0}} // the system call's number
	on := func(nr uintptr, action uint32) {
		filter = append(filter, unix.SockFilter{Code: equal, Jf: 1, K: uint32(nr)}, unix.SockFilter{Code: ret, K: action})
	}
	on(failing, unix.SECCOMP_RET_ERRNO|uint32(errno))
	for _, nr := range append(allowed, unix.SYS_MADVISE) {
		on(nr, unix.SECCOMP_RET_ALLOW)
	}
	return append(filter, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_KILL_PROCESS})
}

// denyExec returns the filter of systemd's MemoryDenyWriteExecute on kernels without PR_SET_MDWE: no memory becomes executable that was
// mapped otherwise. It may refuse memfd_create, too.
func denyExec(memfd bool) []unix.SockFilter {
	const load, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_RET | unix.BPF_K
	const equal, set = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	const allow, deny = unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	return []unix.SockFilter{
		{Code: load, K: 0}, // the system call's number
		{Code: equal, Jf: 3, K: unix.SYS_MPROTECT},
		{Code: load, K: 16 + 2*8}, // the third argument, its lower half
		{Code: set, Jf: 1, K: unix.PROT_EXEC},
		{Code: ret, K: deny},
		{Code: load, K: 0},
		{Code: equal, Jf: 1, K: unix.SYS_MEMFD_CREATE},
		{Code: ret, K: map[bool]uint32{true: deny, false: allow}[memfd]},
		{Code: ret, K: allow},
	}
}

// writePacked packs an executable with bss bytes of zero-filled data into a new
// directory.
func writePacked(t *testing.T, bss uint64) (path string) {
	t.Helper()
	machine, ok := machineOf[runtime.GOARCH]
	if !ok {
		t.Fatalf("packed programs are for %v, not for %s", machineOf, runtime.GOARCH)
	}
	path = filepath.Join(t.TempDir(), "packed")
	if err := os.WriteFile(path, packData(t, "test", executable(machine, bss)), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs cmd and returns how it ended, and its standard error output.
func start(t *testing.T, cmd *exec.Cmd) (status, stderr string) {
	t.Helper()
	var b bytes.Buffer
	cmd.Stderr = &b
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return cmd.ProcessState.String(), b.String()
}

func restricted(t *testing.T, how, path string) (status, stderr string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, path)
	cmd.Env = []string{restrictVariable + "=" + how}
	return start(t, cmd)
}

const (
	ok       = "exit status 0"
	refused  = "exit status 127"
	noMemory = "packed program: not enough memory for its image, or its addresses are taken\n"
	damaged  = "packed program: the file is damaged\n"
)

// A packed program needs nothing but its memory.
func TestSurvives(t *testing.T) {
	path := writePacked(t, 8<<20)
	for _, how := range []string{
		"",
		"no huge pages",
		"MemoryDenyWriteExecute",
		"RLIMIT_AS=0x1800000", // 24 MiB: no room to align the image for huge pages
		fmt.Sprintf("madvise fails with=%d", unix.EPERM),
		fmt.Sprintf("madvise fails with=%d", unix.ENOSYS),
	} {
		if status, stderr := restricted(t, how, path); status != ok || stderr != "" {
			t.Errorf("with %q: %s, %q", how, status, stderr)
		}
	}

	if status, stderr := restricted(t, "PR_SET_MDWE", path); strings.Contains(stderr, "restrict: invalid argument") {
		t.Log("NOT TESTED: PR_SET_MDWE, which needs Linux 6.3")
	} else if status != ok || stderr != "" {
		t.Errorf("with PR_SET_MDWE: %s, %q", status, stderr)
	}
	const want = "packed program: cannot protect its memory: written memory may not become executable here, run the program unpacked\n"
	if status, stderr := restricted(t, "MemoryDenyWriteExecute without memfd", path); status != refused || stderr != want {
		t.Errorf("with no way to make memory executable: %s, %q; want %s, %q", status, stderr, refused, want)
	}

	// An empty root without /proc, in namespaces of its own, started without environment.
	cmd := exec.Command("/packed")
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:      filepath.Dir(path),
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	cmd.Path, cmd.Err = "/packed", nil
	if status, stderr := start(t, cmd); status != ok || stderr != "" {
		t.Errorf("in an empty root: %s, %q", status, stderr)
	}
}

// A program whose second half another thread may unpack needs no more, and continues alone
// where it gets no thread.
func TestSurvivesSplit(t *testing.T) {
	path := writePacked(t, 8<<20)
	f, err := goelf.Parse("test", executable(machineOf[runtime.GOARCH], 8<<20))
	if err != nil {
		t.Fatal(err)
	}
	data, err := pack.PackSplit(f)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pack.ReadTables(path, data)
	if err != nil || tables.Half == 0 {
		t.Fatalf("no second half: %+v, %v", tables, err)
	}
	if err := os.WriteFile(path, data, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{
		"",
		"no huge pages",
		"one processor",
		"MemoryDenyWriteExecute",
		"RLIMIT_AS=0x1800000",
		"RLIMIT_STACK=0x10000",
		fmt.Sprintf("with threads, madvise fails with=%d", unix.EPERM),
		fmt.Sprintf("with threads, clone fails with=%d", unix.EAGAIN),
		fmt.Sprintf("with threads, clone fails with=%d", unix.EPERM),
		fmt.Sprintf("with threads, sched_getaffinity fails with=%d", unix.ENOSYS),
		fmt.Sprintf("with threads, getcpu fails with=%d", unix.ENOSYS),
		fmt.Sprintf("with threads, sched_setaffinity fails with=%d", unix.EPERM),
	} {
		if status, stderr := restricted(t, how, path); status != ok || stderr != "" {
			t.Errorf("with %q: %s, %q", how, status, stderr)
		}
	}
	// It does make these calls: a filter without them ends it.
	for _, how := range []string{fmt.Sprintf("madvise fails with=%d", unix.EPERM), "without sched_setaffinity"} {
		if status, _ := restricted(t, how, path); runtime.NumCPU() > 1 && !strings.Contains(status, "bad system call") {
			t.Errorf("with %q: %s; want the filter to end it", how, status)
		}
	}

	// Damage that only the second thread finds: no block begins with zeros.
	i := slices.IndexFunc(tables.Blocks, func(b unpacker.Block) bool { return b.Start >= tables.Half })
	clear(data[tables.Start+tables.Blocks[i].Data:][:8])
	pack.MendSums(path, data)
	if err := os.WriteFile(path, data, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"", "one processor"} {
		if status, stderr := restricted(t, how, path); status != refused || stderr != damaged {
			t.Errorf("second half damaged, with %q: %s, %q; want %s, %q", how, status, stderr, refused, damaged)
		}
	}
}

// Without memory it says so and ends as a program that cannot be started.
func TestLacksMemory(t *testing.T) {
	path := writePacked(t, 64<<20)
	for _, how := range []string{"RLIMIT_AS=0x1000000", "RLIMIT_DATA=0x1000000"} {
		if status, stderr := restricted(t, how, path); status != refused || stderr != noMemory {
			t.Errorf("with %s: %s, %q; want %s, %q", how, status, stderr, refused, noMemory)
		}
	}
}

// A damaged file says so: nothing of it runs before it was checked.
func TestStartsDamaged(t *testing.T) {
	path := writePacked(t, 1000)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := goelf.Parse(path, original)
	if err != nil {
		t.Fatal(err)
	}
	packed := f.Section(".packed")
	if packed == nil {
		t.Fatal("no section .packed")
	}
	first, end := int(packed.Off), int(packed.Off+packed.Size)
	var files [][]byte
	for i := first; i < end; i += 1 + (i-first)/8 + (end-first)/200 {
		data := bytes.Clone(original)
		data[i] ^= 1 << (i % 8)
		files = append(files, data)
	}
	for _, size := range []int{first + 4096, end - 5000} { // cut off, where the kernel notices no page
		files = append(files, original[:size])
	}
	zeros := bytes.Clone(original)
	clear(zeros[first:end])
	files = append(files, zeros)
	for i, data := range files {
		name := filepath.Join(filepath.Dir(path), fmt.Sprint("damaged", i))
		if err := os.WriteFile(name, data, 0o777); err != nil {
			t.Fatal(err)
		}
		if status, stderr := start(t, exec.Command(name)); status != refused || stderr != damaged {
			t.Errorf("damaged file %d: %s, %q; want %s, %q", i, status, stderr, refused, damaged)
		}
	}
}
