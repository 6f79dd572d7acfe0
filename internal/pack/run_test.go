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
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// machineOf is this computer's machine by GOARCH.
var machineOf = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}

// The test program starts itself with this variable to restrict itself and then
// become the packed program in os.Args[1].
const restrictVariable = "PACK_TEST_RESTRICT"

func init() {
	if how, ok := os.LookupEnv(restrictVariable); ok {
		err := restrict(how)
		if err == nil {
			err = syscall.Exec(os.Args[1], os.Args[1:], []string{})
		}
		fmt.Fprintln(os.Stderr, "restrict:", err)
		os.Exit(99)
	}
}

// restrict takes from this process what how says.
func restrict(how string) error {
	runtime.LockOSThread()
	name, value, _ := strings.Cut(how, "=")
	n, _ := strconv.ParseUint(value, 0, 64)
	switch name {
	case "":
		return nil
	case "RLIMIT_AS":
		return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: n, Max: n})
	case "RLIMIT_DATA":
		return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: n, Max: n})
	case "no huge pages":
		return unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
	case "madvise fails with":
		return filterMadvise(unix.SECCOMP_RET_ERRNO | uint32(n))
	}
	return errors.New("what?")
}

// filterMadvise installs a seccomp filter that lets the system calls pass that the
// unpacker, execve and exit need, has madvise end in action, and kills the process
// at any other.
func filterMadvise(action uint32) error {
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{{Code: load, K: 0}} // the system call's number
	on := func(nr uintptr, action uint32) {
		filter = append(filter, unix.SockFilter{Code: equal, Jf: 1, K: uint32(nr)}, unix.SockFilter{Code: ret, K: action})
	}
	on(unix.SYS_MADVISE, action)
	for _, nr := range []uintptr{unix.SYS_EXECVE, unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_WRITE, unix.SYS_EXIT, unix.SYS_EXIT_GROUP} {
		on(nr, unix.SECCOMP_RET_ALLOW)
	}
	filter = append(filter, unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_KILL_PROCESS})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
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
		"RLIMIT_AS=0x1800000", // 24 MiB: no room to align the image for huge pages
		fmt.Sprintf("madvise fails with=%d", unix.EPERM),
		fmt.Sprintf("madvise fails with=%d", unix.ENOSYS),
	} {
		if status, stderr := restricted(t, how, path); status != ok || stderr != "" {
			t.Errorf("with %q: %s, %q", how, status, stderr)
		}
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

// Without memory it says so and ends as a program that cannot be started.
func TestLacksMemory(t *testing.T) {
	path := writePacked(t, 64<<20)
	for _, how := range []string{"RLIMIT_AS=0x1000000", "RLIMIT_DATA=0x1000000"} {
		if status, stderr := restricted(t, how, path); status != refused || stderr != noMemory {
			t.Errorf("with %s: %s, %q; want %s, %q", how, status, stderr, refused, noMemory)
		}
	}
}

// A damaged file says so: nothing of it is used before it was checked.
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
