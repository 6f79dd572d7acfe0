//go:build linux

// Command execguest is process 1 of the machine in which TestExecguard tests execguard: it starts the guard, tries to execute what may be
// executed and what may not, and prints a line for each case, "ok NAME" or "FAIL NAME: …", then the audit log, and "end" before it
// turns the machine off. The files that it needs are made by the test.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Where things are.
const (
	guardPath = "/sbin/execguard"
	audit     = "/run/audit.jsonl"
	files     = "/t/"
	work      = "/scratch/"
)

// What programs of the test exit with.
const (
	good = "exit status 42" // of those that may be executed
	bad  = "exit status 13" // of those that may not
)

// refused is what an execution ends with that is refused.
var refused = unix.EPERM.Error()

func main() {
	runtime.GOMAXPROCS(16) // a thread that waits for an execution to be allowed keeps its share
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("FAIL panic:", r)
		}
		unix.Sync()
		unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	}()
	for _, m := range []struct{ kind, dir string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/run"}, {"tmpfs", work},
	} {
		check(os.MkdirAll(m.dir, 0o755))
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, ""); err != unix.EBUSY {
			check(err)
		}
	}
	report("before the guard, all are executed", want(files+"unsigned", bad))
	guard := exec.Command(guardPath, "@/etc/execguard.conf")
	guard.Stdout, guard.Stderr = os.Stdout, os.Stderr
	check(guard.Start())
	if err := eventually(2*time.Minute, func() error { return recorded(record{"event": "start"}) }); err != nil {
		report("start", err)
		show()
		return
	}
	for _, c := range cases {
		began := time.Now()
		report(c.name, c.run())
		if took := time.Since(began); took > time.Second {
			fmt.Printf("   %s took %.1f s\n", c.name, took.Seconds())
		}
	}
	report("guard dies", deaths(guard))
	show()
	fmt.Println("end")
}

// check ends the test of what needs to work.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// report prints the result of a case.
func report(name string, err error) {
	if err != nil {
		fmt.Printf("FAIL %s: %v\n", name, err)
		return
	}
	fmt.Println("ok", name)
}

// run executes a program and returns how that ended.
func run(path string, args ...string) string {
	return outcome(exec.Command(path, args...))
}

func outcome(cmd *exec.Cmd) string {
	err := cmd.Run()
	var errno unix.Errno
	switch {
	case err == nil:
		return "exit status 0"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return err.Error()
}

// want fails unless executing a program ends in one of the ways.
func want(path string, ways ...string) error {
	got := run(path)
	for _, w := range ways {
		if got == w {
			return nil
		}
	}
	return fmt.Errorf("%s: %s, want %q", path, got, ways)
}

// eventually calls f until it succeeds.
func eventually(limit time.Duration, f func() error) error {
	var err error
	for began := time.Now(); time.Since(began) < limit; time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	return err
}

// copyFile copies a file, by a new one that is renamed.
func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to+".new", data, 0o755)
	}
	if err == nil {
		err = os.Rename(to+".new", to)
	}
	return err
}

// overwrite writes the contents of a file into another one of the same size, which it opens with more flags.
func overwrite(from, to string, flags int) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|flags, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	return errors.Join(err, f.Close())
}

// A record is a line of the audit log.
type record map[string]any

func records() ([]record, error) {
	data, err := os.ReadFile(audit)
	if err != nil {
		return nil, err
	}
	var out []record
	for line := range bytes.Lines(data) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", audit, line, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// recorded fails unless a record has all of these fields.
func recorded(fields record) error {
	all, err := records()
	if err != nil {
		return err
	}
	for _, r := range all {
		matches := true
		for k, v := range fields {
			matches = matches && r[k] == v
		}
		if matches {
			return nil
		}
	}
	return fmt.Errorf("no record %v among %d", fields, len(all))
}

// show prints the audit log but for repeats.
func show() {
	all, err := records()
	report("audit log is JSON", err)
	n := 0
	for _, r := range all {
		if r["event"] == "repeat" {
			continue
		}
		if n++; n > 150 {
			break
		}
		line, _ := json.Marshal(r)
		fmt.Printf("audit %s\n", line)
	}
	fmt.Printf("audit has %d records\n", len(all))
}

// workerPID returns the process of the worker that started last, and how many have.
func workerPID() (pid, starts int) {
	all, err := records()
	check(err)
	for _, r := range all {
		if r["event"] == "start" {
			pid = int(r["pid"].(float64))
			starts++
		}
	}
	return pid, starts
}

// deaths kills the worker, then the keeper, then the worker that is left.
func deaths(guard *exec.Cmd) error {
	pid, starts := workerPID()
	stop := make(chan bool)
	wrong := make(chan error, 2)
	for _, path := range []string{"unsigned", "signed"} {
		go func() {
			var err error
			for {
				select {
				case <-stop:
					wrong <- err
					return
				default:
				}
				if got := run(files + path); got != refused && (path == "unsigned" || got != good) {
					err = fmt.Errorf("while the worker is killed: %s: %s", path, got)
				}
			}
		}()
	}
	check(unix.Kill(pid, unix.SIGKILL))
	restarted := eventually(2*time.Minute, func() error {
		if _, n := workerPID(); n == starts {
			return errors.New("no other worker starts")
		}
		return want(files+"signed", good)
	})
	close(stop)
	if err := errors.Join(restarted, <-wrong, <-wrong); err != nil {
		return err
	}
	report("worker killed: everything is refused, then another one judges", recorded(record{"event": "worker-lost"}))
	report("refusals in between are recorded", recorded(record{"event": "exec", "verdict": "deny", "reason": "there is no worker that could judge"}))

	check(guard.Process.Kill())
	guard.Wait()
	if err := eventually(time.Minute, func() error { return recorded(record{"event": "keeper-lost"}) }); err != nil {
		return err
	}
	report("keeper killed: the worker guards alone", errors.Join(want(files+"signed", good), want(files+"unsigned", refused)))
	pid, _ = workerPID()
	check(unix.Kill(pid, unix.SIGKILL))
	// What docs/execguard.md says about that: it is the kernel's.
	report("both killed: the kernel allows everything", eventually(time.Minute, func() error { return want(files+"unsigned", bad) }))
	return nil
}

// executable returns a descriptor of a file without a name, which has the contents of another.
func unlinked(from string) (*os.File, error) {
	path := filepath.Join(work, "unlinked")
	if err := copyFile(from, path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return f, os.Remove(path)
}

// fexec executes an open file, as fexecve(3) does.
func fexec(f *os.File) string {
	return outcome(&exec.Cmd{Path: "/proc/self/fd/3", Args: []string{"x"}, ExtraFiles: []*os.File{f}})
}

// inNamespace executes a program in a new user namespace.
func inNamespace(path string) string {
	cmd := exec.Command(path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	return outcome(cmd)
}
