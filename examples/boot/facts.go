//go:build linux

package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A fact is something that the firmware or the kernel says about the boot.
type fact struct {
	name string
	read func() (string, error)
}

var facts = []fact{
	{"secure boot", secureBoot},
	{"lockdown", lockdown},
	{"command line", func() (string, error) { return firstLine("/proc/cmdline") }},
	{"pcr4", register(4)},   // the boot image
	{"pcr7", register(7)},   // whether Secure Boot is on, and its keys
	{"pcr11", register(11)}, // sections of the boot image
}

// secureBoot finds what the kernel has logged about Secure Boot: "enabled" or "disabled". (The firmware's variable is in efivarfs, which
// is a module in Debian's kernels.)
func secureBoot() (string, error) {
	const message = "secureboot: Secure boot "
	log, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("open /dev/kmsg: %w", err)
	}
	defer unix.Close(log)
	record := make([]byte, 8<<10) // a read returns one record, whole
	for {
		n, err := unix.Read(log, record)
		switch {
		case err == unix.EPIPE: // the record was overwritten: the next read returns the oldest that is left
			continue
		case err == unix.EAGAIN:
			return "", fmt.Errorf("no line %q in the kernel's log", message)
		case err != nil:
			return "", fmt.Errorf("read /dev/kmsg: %w", err)
		}
		if _, state, ok := strings.Cut(string(record[:n]), message); ok {
			state, _, _ = strings.Cut(state, "\n")
			return state, nil
		}
	}
}

// lockdown reads how much the kernel keeps root from changing it (kernel_lockdown(7)): the mode in brackets.
func lockdown() (string, error) {
	line, err := firstLine("/sys/kernel/security/lockdown")
	if err != nil {
		return "", err
	}
	_, after, _ := strings.Cut(line, "[")
	mode, _, ok := strings.Cut(after, "]")
	if !ok {
		return "", fmt.Errorf("%q has no mode in brackets", line)
	}
	return mode, nil
}

// register reads a register of the TPM, in the bank of SHA-256.
func register(n int) func() (string, error) {
	return func() (string, error) {
		line, err := firstLine(fmt.Sprintf("/sys/class/tpm/tpm0/pcr-sha256/%d", n))
		return strings.ToLower(line), err
	}
}
