// Command survive starts programs where they get less than they are used to, and
// prints for each what came of it: "ok" or "FAILED", the condition, the program, how it
// ended. It is either process 1 of a machine that it may change as it likes, or
// runs in user and mount namespaces of its own.
//
// Usage: survive DIRECTORY PROGRAM…
//
// The programs lie in the directory. In a machine both are "/programs".
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A condition is what programs are started under.
type condition struct {
	name    string
	machine bool         // changes the whole machine
	set     func() error // undo undoes it
	undo    func()
	root    string // root directory of the program, in which it lies; "" for that of this process
	refused bool   // packed programs end with status 127 and a message
}

const noMemory = "packed program: not enough memory for its image, or its addresses are taken\n"

func main() {
	dir, programs := "/programs", os.Args[min(2, len(os.Args)):]
	machine := os.Getpid() == 1 && len(os.Args) == 1
	if machine {
		defer powerOff()
		setUp()
		list, err := os.ReadDir(dir)
		check(err)
		for _, e := range list {
			programs = append(programs, e.Name())
		}
	} else {
		dir = os.Args[1]
		check(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	}
	for _, c := range conditions(dir) {
		if c.machine && !machine {
			continue
		}
		if c.set != nil {
			if err := c.set(); err != nil {
				fmt.Printf("FAILED %s: %v\n", c.name, err)
				continue
			}
		}
		for _, p := range programs {
			c.start(dir, p)
		}
		if c.undo != nil {
			c.undo()
		}
	}
	if machine {
		for _, p := range programs {
			fmt.Printf("ok memory of a control group that %s needs: %d KiB\n", p, need(filepath.Join(dir, p)))
		}
	}
	fmt.Println("done")
}

func check(err error) {
	if err != nil {
		fmt.Println("FAILED", err)
		if os.Getpid() == 1 {
			powerOff()
		}
		os.Exit(1)
	}
}

func powerOff() {
	syscall.Sync()
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}

// setUp mounts what process 1 has to.
func setUp() {
	for _, m := range [][2]string{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"cgroup2", "/sys/fs/cgroup"}} {
		os.MkdirAll(m[1], 0o755)
		check(syscall.Mount(m[0], m[1], m[0], 0, ""))
	}
	check(os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+memory"), 0o644))
}

// put returns functions that write a value to a kernel's file, and the old one back.
func put(file, value string) (set func() error, undo func()) {
	var old []byte
	set = func() (err error) {
		if old, err = os.ReadFile(file); err != nil {
			return err
		}
		if i, j := bytes.IndexByte(old, '['), bytes.IndexByte(old, ']'); i >= 0 && j > i {
			old = old[i+1 : j] // the chosen one of several
		}
		return os.WriteFile(file, []byte(value), 0o644)
	}
	undo = func() { check(os.WriteFile(file, old, 0o644)) }
	return set, undo
}

// committed returns how much memory all processes may want together, in KiB.
func committed() (int, error) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), "Committed_AS:")
	rest, _, _ = strings.Cut(rest, "kB")
	return strconv.Atoi(strings.TrimSpace(rest))
}

// conditions returns what the programs of a directory are started under.
func conditions(dir string) []condition {
	list := []condition{{name: "nothing special"}}
	for _, c := range []struct{ name, file, value string }{
		{"no huge pages", "/sys/kernel/mm/transparent_hugepage/enabled", "never"},
		{"huge pages everywhere", "/sys/kernel/mm/transparent_hugepage/enabled", "always"},
		{"vm.overcommit_memory=1", "/proc/sys/vm/overcommit_memory", "1"},
		{"vm.overcommit_memory=2", "/proc/sys/vm/overcommit_memory", "2"},
		{"vm.mmap_min_addr=4194304", "/proc/sys/vm/mmap_min_addr", "4194304"},
		{"kernel.randomize_va_space=0", "/proc/sys/kernel/randomize_va_space", "0"},
	} {
		set, undo := put(c.file, c.value)
		list = append(list, condition{name: c.name, machine: true, set: set, undo: undo})
	}
	mode, modeBack := put("/proc/sys/vm/overcommit_memory", "2")
	var limitBack func()
	list = append(list, condition{
		name: "vm.overcommit_memory=2, nothing left", machine: true, refused: true,
		set: func() error {
			used, err := committed()
			if err != nil {
				return err
			}
			// Enough for a process, not for the image of one of the programs.
			const process = 700
			var limit func() error
			limit, limitBack = put("/proc/sys/vm/overcommit_kbytes", strconv.Itoa(used+process))
			return errors.Join(limit(), mode())
		},
		undo: func() { modeBack(); limitBack() },
	})
	mnt := filepath.Join(filepath.Dir(dir), "mnt")
	mount := func(flags uintptr) (set func() error, undo func()) {
		return func() error {
			if err := syscall.Mount("tmpfs", mnt, "tmpfs", 0, ""); err != nil {
				return err
			}
			list, err := os.ReadDir(dir)
			if err != nil {
				return err
			}
			for _, e := range list {
				if e.IsDir() {
					continue
				}
				data, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err == nil {
					err = os.WriteFile(filepath.Join(mnt, e.Name()), data, 0o755)
				}
				if err != nil {
					return err
				}
			}
			if err := os.Mkdir(mnt+"/tmp", 0o777); err != nil {
				return err
			}
			if err := syscall.Mount("tmpfs", mnt+"/tmp", "tmpfs", syscall.MS_NOEXEC, ""); err != nil {
				return err
			}
			return syscall.Mount("", mnt, "", syscall.MS_REMOUNT|flags, "")
		}, func() { check(syscall.Unmount(mnt+"/tmp", 0)); check(syscall.Unmount(mnt, 0)) }
	}
	set, undo := mount(syscall.MS_RDONLY | syscall.MS_NOSUID | syscall.MS_NODEV)
	return append(list, condition{name: "read-only root, no /proc, /tmp noexec", root: mnt, set: set, undo: undo})
}

// start starts one program and prints what came of it.
func (c *condition) start(dir, program string) {
	cmd := exec.Command(filepath.Join(dir, program), "args", "x")
	cmd.Env = []string{"TMPDIR=/tmp"}
	if c.root != "" {
		cmd.Path, cmd.Err, cmd.Dir = "/"+program, nil, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root}
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Printf("FAILED %s: %s: %v\n", c.name, program, err)
		return
	}
	ended, verdict := cmd.ProcessState.String(), "FAILED"
	packed := strings.HasSuffix(program, ".packed")
	switch {
	case c.refused && !packed:
		verdict = "ok" // however it ends
		out.Reset()
	case c.refused && ended == "exit status 127" && out.String() == noMemory,
		!c.refused && ended == "exit status 0" && strings.Contains(out.String(), "FIPS 140: false\n"):
		verdict = "ok"
	}
	line := fmt.Sprintf("%s %s: %s: %s", verdict, c.name, program, ended)
	if verdict != "ok" || c.refused && packed {
		line += fmt.Sprintf(", %q", out.String())
	}
	fmt.Println(line)
}

// need returns the least limit of a memory control group, in KiB, with which the
// program runs three times in a row.
func need(path string) int {
	const step, most = 64, 64 << 10
	group := "/sys/fs/cgroup/limited"
	check(os.MkdirAll(group, 0o755))
	defer os.Remove(group)
	fd, err := syscall.Open(group, syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	check(err)
	defer syscall.Close(fd)
	runs := func(kib int) bool {
		check(os.WriteFile(group+"/memory.max", fmt.Appendf(nil, "%d", kib<<10), 0o644))
		for range 3 {
			cmd := exec.Command(path, "args", "x")
			cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}
			if cmd.Run() != nil {
				if how := cmd.ProcessState; how == nil || how.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					fmt.Printf("FAILED memory limit of %d KiB: %s: %v\n", kib, path, how)
				}
				return false
			}
		}
		return true
	}
	low, high := 0, most/step // low is too little, high enough
	for high-low > 1 {
		if mid := (low + high) / 2; runs(mid * step) {
			high = mid
		} else {
			low = mid
		}
	}
	return high * step
}
