//go:build linux

// Command imaguest is process 1 of the machine in which TestIMA asks Linux for what it makes of elfsign's signatures: it gives the kernel
// the certificate, lets IMA appraise what is executed, and prints a line for each program, "ok NAME" or "FAIL NAME: …", and "end" before it
// turns the machine off.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

func main() {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("FAIL panic:", r)
		}
		unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	}()
	for _, m := range []struct{ kind, dir string }{{"devtmpfs", "/dev"}, {"sysfs", "/sys"}, {"securityfs", "/sys/kernel/security"}} {
		check(os.MkdirAll(m.dir, 0o755))
		if err := unix.Mount(m.kind, m.dir, m.kind, 0, ""); err != unix.EBUSY {
			check(err)
		}
	}
	for _, name := range []string{"signed", "signed-twice", "tampered", "other-key"} {
		signature, err := os.ReadFile("/t/" + name + ".ima")
		check(err)
		check(unix.Setxattr("/t/"+name, "security.ima", signature, 0))
	}
	// A kernel without a trusted keyring for IMA looks into the one of this name that it finds from the process.
	ring, err := unix.AddKey("keyring", "_ima", nil, unix.KEY_SPEC_USER_KEYRING)
	check(err)
	_, err = unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_SESSION_KEYRING, 0, 0)
	check(err)
	certificate, err := os.ReadFile("/t/certificate.der")
	check(err)
	_, err = unix.AddKey("asymmetric", "", certificate, ring)
	check(err)

	expect("before the policy", "unsigned", "exit status 13")
	check(os.WriteFile("/sys/kernel/security/ima/policy", []byte("appraise func=BPRM_CHECK appraise_type=imasig\n"), 0))
	for name, want := range map[string]string{
		"signed": "exit status 42", "signed-twice": "exit status 42",
		"unsigned": "permission denied", "tampered": "permission denied", "other-key": "permission denied",
	} {
		expect(name, name, want)
	}
	fmt.Println("end")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// expect executes a program and says whether that ends as it should.
func expect(name, program, want string) {
	err := exec.Command("/t/" + program).Run()
	var errno unix.Errno
	if errors.As(err, &errno) {
		err = errno
	}
	if got := fmt.Sprint(err); got != want {
		fmt.Printf("FAIL %s: %s, want %s\n", name, got, want)
		return
	}
	fmt.Println("ok", name)
}
