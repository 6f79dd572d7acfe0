// Bootrun is the program of boot_test: it boots a virtual machine as a file in JSON says, and judges what the machine prints. The
// environment variable GO3S_BOOT_TEST names the file. Paths in it are relative to the working directory.
//
// The exit status is 0 when the machine did what the file expects, 1 when it did not, or could not be started.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/vm"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// A test is what the file says.
type test struct {
	Label  string `json:"label"`
	Goarch string `json:"goarch"`
	Tools  string `json:"tools"` // directory of Debian's programs

	// Boot by firmware with Secure Boot.
	Image       string   `json:"image"`
	Trust       []string `json:"trust"`   // certificates in db, the first also in PK and KEK
	Revoked     []string `json:"revoked"` // certificates in dbx
	RevokeImage bool     `json:"revoke_image"`
	Flip        string   `json:"flip"` // section to change before the start, "" for none

	// Direct boot.
	Kernel      string `json:"kernel"`
	Initramfs   string `json:"initramfs"`
	CommandLine string `json:"command_line"`

	TPM     bool     `json:"tpm"`
	Memory  int      `json:"memory"` // MiB
	Refused bool     `json:"refused"`
	Expect  []string `json:"expect"` // parts of lines
	Forbid  []string `json:"forbid"`
}

// reserve is the part of the test's time that is left for what comes after the machine.
const reserve = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv("GO3S_BOOT_TEST"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bootrun: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string, log io.Writer) error {
	if file == "" {
		return errors.New("GO3S_BOOT_TEST is not set: it names the file of a boot_test; start the test by bazel test")
	}
	data, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return err
	}
	var t test
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	limit := 10 * time.Minute
	if seconds, err := strconv.Atoi(os.Getenv("TEST_TIMEOUT")); err == nil {
		limit = time.Duration(seconds)*time.Second - reserve
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "boot")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tools := vm.NewTools(t.Tools)
	m := vm.Machine{Arch: t.Goarch, Kernel: t.Kernel, Initramfs: t.Initramfs, CommandLine: t.CommandLine, TPM: t.TPM, Memory: t.Memory}
	values := map[string]string{}
	if t.Image != "" {
		if m.Disk, m.Variables, values, err = prepare(ctx, tools, &t, dir); err != nil {
			return fmt.Errorf("%s: %w", t.Label, err)
		}
	}
	w := &watch{}
	output, err := tools.Run(ctx, m, log, w.line)
	if err == nil {
		err = t.judge(w, output, values)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.Label, err)
	}
	return nil
}
