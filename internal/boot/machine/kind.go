package machine

import "fmt"

// A kind is what differs between machines of two architectures.
type kind struct {
	qemu    string   // program
	direct  []string // arguments for Linux without firmware
	console string   // Linux's name of the serial line
}

var kinds = map[string]kind{
	"amd64":   {"qemu-system-x86_64", []string{"-M", "q35", "-cpu", "max"}, "ttyS0"},
	"arm64":   {"qemu-system-aarch64", []string{"-M", "virt", "-cpu", "cortex-a57"}, "ttyAMA0"},
	"riscv64": {"qemu-system-riscv64", []string{"-M", "virt"}, "ttyS0"},
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
