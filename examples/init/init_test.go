//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

// helperEnv makes this test be the program that init starts: its value is one of helpers.
const helperEnv = "INIT_TEST_HELPER"

var helpers = map[string]func(){
	"status": func() { os.Exit(7) },
	"killed": func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) },
	// orphans leaves 20 processes without a parent, and waits until init has taken their exit status.
	"orphans": func() {
		for range 20 {
			helper("fork").Run()
		}
		for range 100 {
			if zombies() == 0 {
				fmt.Println("no zombies")
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		fmt.Println(zombies(), "zombies")
	},
	"fork":  func() { helper("sleep").Start() },
	"sleep": func() { time.Sleep(50 * time.Millisecond) },
	"mounts": func() {
		data, _ := os.ReadFile("/proc/self/mounts")
		fmt.Print(string(data))
	},
	"wait": func() {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		<-c
		fmt.Println("asked to end")
	},
	"stubborn": func() {
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		time.Sleep(time.Hour)
	},
	"left": func() { // leaves one that does not end by itself
		helper("stubborn").Start()
		time.Sleep(200 * time.Millisecond)
	},
}

func helper(name string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), helperEnv+"="+name)
	return cmd
}

// zombies counts the processes that have ended, and of which nobody took the exit status.
func zombies() int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		data, _ := os.ReadFile(file)
		if _, after, _ := strings.Cut(string(data), ") "); strings.HasPrefix(after, "Z") {
			n++
		}
	}
	return n
}

func TestMain(m *testing.M) {
	if h := helpers[os.Getenv(helperEnv)]; h != nil {
		h()
		return
	}
	progtest.Main(m, progtest.Options{})
}

// first returns the command that starts the program under test as process 1 of namespaces and a root directory of its own, with this
// test as the program that it starts.
func first(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := progtest.NewRoot(t, progtest.Under(), nil)
	if path := root.AddProgram(t, "helper", self); len(args) == 0 {
		args = []string{path}
	}
	cmd := root.Command(args...)
	cmd.Env = []string{helperEnv + "=" + name}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	return cmd
}

// How the kernel ends process 1 of a PID namespace that asks to turn the machine off, or to restart it (reboot(2)).
const (
	turnedOff = syscall.SIGINT
	restarted = syscall.SIGHUP
)

// ended returns the signal that ended cmd.
func ended(t *testing.T, cmd *exec.Cmd) syscall.Signal {
	t.Helper()
	s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !s.Signaled() {
		t.Fatalf("it ended with %v, want by a signal of the kernel for reboot", cmd.ProcessState)
	}
	return s.Signal()
}

func TestPrograms(t *testing.T) {
	for _, tt := range []struct{ helper, stdout, stderr string }{
		{"status", "", " exited with status 7\n"},
		{"killed", "", " was ended by SIGKILL\n"},
		{"orphans", "no zombies\n", " exited with status 0\n"},
		{"mounts", "proc /proc proc rw,nosuid,nodev,noexec", " exited with status 0\n"},
		{"mounts", "tmpfs /tmp tmpfs rw,nosuid,nodev", " exited with status 0\n"},
		{"left", "", " exited with status 0\n"},
	} {
		cmd := first(t, tt.helper)
		result := progtest.Run(t, cmd)
		if s := ended(t, cmd); s != turnedOff {
			t.Errorf("%s: it was ended by %v, want %v", tt.helper, s, turnedOff)
		}
		if !strings.Contains(result.Stdout, tt.stdout) || !strings.Contains(result.Stderr, tt.stderr) {
			t.Errorf("%s: got %+v, want %q and %q", tt.helper, result, tt.stdout, tt.stderr)
		}
	}
}

func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		helper         string
		signal, ended  syscall.Signal
		stdout, stderr string
	}{
		{"wait", syscall.SIGTERM, turnedOff, "asked to end\n", " exited with status 0\n"},
		{"wait", syscall.SIGINT, restarted, "asked to end\n", " exited with status 0\n"},
		{"stubborn", syscall.SIGTERM, turnedOff, "", " continues after SIGTERM: it is killed\n"},
	} {
		cmd := first(t, tt.helper)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(stdout)
		if line, err := r.ReadString('\n'); line != "ready\n" {
			t.Fatalf("%s: it printed %q, %v, and %q", tt.helper, line, err, stderr.String())
		}
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		rest, _ := r.ReadString(0)
		cmd.Wait()
		if s := ended(t, cmd); s != tt.ended || rest != tt.stdout || !strings.Contains(stderr.String(), tt.stderr) {
			t.Errorf("%s, %v: ended by %v, printed %q and %q, want %v, %q and %q", tt.helper, tt.signal, s, rest, stderr.String(), tt.ended, tt.stdout, tt.stderr)
		}
	}
}

func TestErrors(t *testing.T) {
	result := progtest.Run(t, progtest.Under().Command("/bin/true"))
	if result.Code != 1 || result.Stderr != "init: it is process "+strconv.Itoa(result.PID)+", want 1: let the kernel start it, or a new PID namespace (unshare --pid --fork)\n" {
		t.Errorf("as another process: got %+v", result)
	}
	cmd := first(t, "", "/missing")
	if result := progtest.Run(t, cmd); ended(t, cmd) != turnedOff || !strings.HasSuffix(result.Stderr, "init: start /missing: no such file or directory\n") {
		t.Errorf("missing program: got %+v", result)
	}
	// With "" for no arguments at all, the emulator would have no program.
	cmd = first(t, "", "x")
	cmd.Args = cmd.Args[:len(cmd.Args)-1]
	if result := progtest.Run(t, cmd); ended(t, cmd) != turnedOff || !strings.Contains(result.Stderr, "init: no program to start: name it after --") {
		t.Errorf("no program: got %+v", result)
	}
}
