package vm

import "fmt"

// A kind is what differs between machines of two architectures.
type kind struct {
	qemu    string   // program
	machine []string // its arguments
	console string   // Linux's name of the serial line

	// UEFI firmware with Secure Boot.
	secure          []string // further arguments
	code, variables string   // files, the second a template
	boot            string   // name of the program that it starts from a disk (UEFI 2.10, 3.5.1.1)
	tpm             string   // device
}

var kinds = map[string]kind{
	"amd64": {
		qemu: "qemu-system-x86_64", machine: []string{"-M", "q35,smm=on", "-cpu", "max"}, console: "ttyS0",
		// The guest's kernel cannot write to the flash memory: only code in system management mode can.
		secure: []string{"-global", "driver=cfi.pflash01,property=secure,value=on"},
		code:   "usr/share/OVMF/OVMF_CODE_4M.secboot.fd", variables: "usr/share/OVMF/OVMF_VARS_4M.fd",
		boot: "BOOTX64.EFI", tpm: "tpm-tis",
	},
	"arm64": {
		qemu: "qemu-system-aarch64", machine: []string{"-M", "virt", "-cpu", "cortex-a57"}, console: "ttyAMA0",
		code: "usr/share/AAVMF/AAVMF_CODE.secboot.fd", variables: "usr/share/AAVMF/AAVMF_VARS.fd",
		boot: "BOOTAA64.EFI", tpm: "tpm-tis-device",
	},
	"riscv64": {
		qemu: "qemu-system-riscv64", machine: []string{"-M", "virt"}, console: "ttyS0",
		code: "usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd", variables: "usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd",
		boot: "BOOTRISCV64.EFI", tpm: "tpm-tis-device",
	},
}

func kindOf(goarch string) (kind, error) {
	k, ok := kinds[goarch]
	if !ok {
		return kind{}, fmt.Errorf("architecture %q: want amd64, arm64 or riscv64", goarch)
	}
	return k, nil
}

// Console returns what a kernel's command line has to have here: output on the serial line, such as console=ttyS0. It panics for an
// architecture that has no machine here.
func Console(goarch string) string {
	k, err := kindOf(goarch)
	if err != nil {
		panic(err)
	}
	console := "console=" + k.console
	if goarch == "amd64" {
		// On a busy host the guest's timer can be too late for the kernel's test of it, after which the kernel panics.
		console += " no_timer_check"
	}
	return console
}
