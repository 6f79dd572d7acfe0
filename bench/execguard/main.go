//go:build linux

// Command execguard measures how many executions a second the program execguard decides, and whether each decision is right.
//
//	go run ./bench/execguard [-for 5s]
//
// It needs root and Linux with CONFIG_FANOTIFY_ACCESS_PERMISSIONS, and guards nothing of the machine: all of it runs in mount and process
// namespaces of its own, in which there are a tmpfs and /proc alone. Two kinds of files are executed by several threads at once, as fast as
// they can: files on the list that are no programs, which the kernel refuses (ENOEXEC) after execguard has allowed them, and programs
// that execguard refuses (EPERM). Beside these, new processes execute a program on the list. The exit status is 1 when a verdict was wrong.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"golang.org/x/sys/unix"
)

var (
	forFlag  = flag.Duration("for", 5*time.Second, "how `long` each row is measured")
	rootFlag = flag.String("root", "", "`directory` of the files, when this is process 1 of its namespaces")
)

// dataFiles is how many files of each kind there are.
const dataFiles = 64

// Names of files in the root directory.
const (
	listedData  = "/listed-data%d"
	refusedData = "/refused%d"
	program     = "/program" // exits with status 0
	guard       = "/execguard"
	list        = "/list"
	audit       = "/audit.jsonl"
)

func main() {
	log.SetFlags(0)
	flag.Parse()
	var err error
	if *rootFlag == "" {
		err = outside()
	} else {
		err = inside(*rootFlag)
	}
	if err != nil {
		log.Fatal("bench/execguard: ", err)
	}
}

// outside makes the files and starts this command again in namespaces of its own.
func outside() error {
	dir, err := os.MkdirTemp("", "bench-execguard-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self := filepath.Join(dir, "bench")
	for out, pkg := range map[string]string{filepath.Join(dir, guard): "./tools/execguard", self: "./bench/execguard"} {
		if _, err := build.Go("", runtime.GOARCH, "build", "-o", out, pkg); err != nil {
			return err
		}
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}[runtime.GOARCH]
	exits := elftest.Executable(machine).Build().Data
	files := map[string][]byte{program: exits}
	for i := range dataFiles {
		files[fmt.Sprintf(listedData, i)] = fmt.Appendf(nil, "no program, number %d\n", i)
	}
	var digests bytes.Buffer
	for name, data := range files {
		fmt.Fprintf(&digests, "%x  %s\n", sha256.Sum256(data), name)
	}
	files[list] = digests.Bytes()
	for i := range dataFiles {
		files[fmt.Sprintf(refusedData, i)] = fmt.Appendf(bytes.Clone(exits), "%d", i)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o755); err != nil {
			return err
		}
	}
	cmd := exec.Command(self, "-for="+forFlag.String(), "-root="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: unix.SIGKILL}
	if err := cmd.Run(); errors.Is(err, unix.EPERM) {
		return fmt.Errorf("%w: it needs root, for namespaces and fanotify", err)
	} else if err != nil {
		return err
	}
	return nil
}

// inside measures, with and without execguard.
func inside(dir string) error {
	if err := enter(dir); err != nil {
		return err
	}
	fmt.Print("| execguard | what is executed | a second | wrong verdicts | execguard's CPU time for each |\n|---|---|---:|---:|---:|\n")
	if err := row(0, workloads[0]); err != nil { // the others would replace this program
		return err
	}
	cmd := exec.Command(guard, "run", "--allow="+list, "--audit="+audit, "--allow-memfd", "--allow-user-namespaces", "--allow-oom-kill")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !errors.Is(exec.Command(fmt.Sprintf(refusedData, 0)).Run(), unix.EPERM) {
		select {
		case err := <-ended:
			return fmt.Errorf("execguard ends: %v\n%s", err, &said)
		case <-time.After(10 * time.Millisecond):
		}
	}
	for _, w := range workloads {
		if err := row(cmd.Process.Pid, w); err != nil {
			return err
		}
	}
	return nil
}

// enter makes the files of dir, in a file system of their own, and /proc all that this process can see.
func enter(dir string) error {
	root := filepath.Join(dir, "root")
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), os.Mkdir(root, 0o755),
		unix.Mount("tmpfs", root, "tmpfs", 0, "mode=755")); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err == nil {
			err = os.WriteFile(filepath.Join(root, e.Name()), data, 0o755)
		}
		if err != nil {
			return err
		}
	}
	old := filepath.Join(root, "old")
	proc := filepath.Join(root, "proc")
	dev := filepath.Join(root, "dev")
	return errors.Join(os.Mkdir(old, 0o755), os.Mkdir(dev, 0o755), unix.Mknod(filepath.Join(dev, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))),
		os.Mkdir(proc, 0o755), unix.Mount("proc", proc, "proc", unix.MS_NOEXEC, ""),
		unix.PivotRoot(root, old), os.Chdir("/"), unix.Unmount("/old", unix.MNT_DETACH))
}

// A workload is something to execute, again and again: work does it for the time of that number.
type workload struct {
	what string
	work func(i int) error
}

var workloads = []workload{
	{"data on the list", listed},
	{"programs that are not", refused},
	{"both in turn; 1 of 64 is a program on the list, by a new process", func(i int) error {
		switch {
		case i%64 == 0:
			return exec.Command(program).Run()
		case i%2 == 0:
			return listed(i / 2)
		}
		return refused(i / 2)
	}},
}

func listed(i int) error  { return want(fmt.Sprintf(listedData, i%dataFiles), unix.ENOEXEC) }
func refused(i int) error { return want(fmt.Sprintf(refusedData, i%dataFiles), unix.EPERM) }

// row measures a workload and prints a row. pid is execguard's, 0 if it does not run.
func row(pid int, w workload) error {
	before, err := cpuTime(pid)
	if err != nil {
		return err
	}
	n, wrong, first, took := burst(*forFlag, w.work)
	after, err := cpuTime(pid)
	if err != nil {
		return err
	}
	with, each := "no", ""
	if pid != 0 {
		with, each = "yes", fmt.Sprintf("%.1f µs", float64((after-before).Microseconds())/float64(n))
	}
	fmt.Printf("| %s | %s | %.0f | %d | %s |\n", with, w.what, float64(n)/took.Seconds(), wrong, each)
	if wrong > 0 {
		return fmt.Errorf("%d verdicts were wrong, the first: %w", wrong, first)
	}
	return nil
}
