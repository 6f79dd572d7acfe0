//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
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

// secureBoot reads the variable of the firmware (UEFI 2.10, 3.3): 4 bytes of attributes and 1 of data.
func secureBoot() (string, error) {
	data, err := os.ReadFile("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c")
	switch {
	case err != nil:
		return "", err
	case len(data) != 5:
		return "", fmt.Errorf("the variable has %d bytes, want 5", len(data))
	case data[4] == 1:
		return "on", nil
	}
	return "off", nil
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
