//go:build linux

// Command boot is the first process of a machine that trusts nothing but what its firmware, its boot image and a signature vouch for: it
// prints what the firmware and the kernel say about the boot, and starts a program when its signature is right, and not otherwise. Then it
// turns the machine off.
//
//	boot PROGRAM [ARGUMENT…]
//
// The key is in this program, so the signature of the boot image covers it.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elfsign"
)

//go:embed trusted.pem
var trusted []byte

// mounts are what this program reads.
var mounts = []struct{ kind, dir string }{
	{"devtmpfs", "/dev"},
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"securityfs", "/sys/kernel/security"},
}

func main() {
	if os.Getpid() != 1 {
		fmt.Fprintf(os.Stderr, "boot: it is process %d, want 1: let the kernel start it\n", os.Getpid())
		os.Exit(1)
	}
	for _, m := range mounts {
		if err := mount(m.kind, m.dir); err != nil {
			fmt.Println("boot:", err) // what cannot be read is reported as such
		}
	}
	if err := loadModules(); err != nil {
		fmt.Println("boot:", err)
	}
	for _, fact := range facts {
		value, err := fact.read()
		if err != nil {
			value = "unknown: " + err.Error()
		}
		fmt.Printf("boot: %s: %s\n", fact.name, value)
	}
	if err := start(os.Args[1:]); err != nil {
		fmt.Println("boot:", err)
	}
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("boot: reboot:", err)
	}
}

func mount(kind, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(kind, dir, kind, unix.MS_NOSUID|unix.MS_NOEXEC, ""); err != nil && err != unix.EBUSY {
		return fmt.Errorf("mount %s on %s: %w", kind, dir, err)
	}
	return nil
}

// start starts the program if its signature is by the trusted key. Nobody but this process can have changed the file between the check
// and the start: the file system is its memory.
func start(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no program to start: name it after -- on the kernel's command line")
	}
	if err := verify(args[0]); err != nil {
		return fmt.Errorf("refused %s: %w", args[0], err)
	}
	fmt.Println("boot: signature is good:", args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	fmt.Printf("boot: %s ended\n", args[0])
	return nil
}

// verify checks the signatures of a program.
func verify(path string) error {
	var trust elfsign.Trust
	if err := trust.Add("trusted.pem", trusted); err != nil {
		return err
	}
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := elfsign.Read(f)
	if err != nil {
		return err
	}
	_, err = trust.Verify(path, p.Content, p.Signatures, time.Now())
	return err
}

// firstLine returns the first line of a file.
func firstLine(path string) (string, error) {
	data, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(data), "\n")
	return line, err
}
