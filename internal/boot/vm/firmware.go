package vm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/efivar"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// firmware returns the arguments for a boot by UEFI firmware.
func (t *Tools) firmware(k kind, m Machine) ([]string, error) {
	if m.Disk == "" || m.Variables == "" {
		return nil, fmt.Errorf("the machine has neither a kernel nor a disk and a file of variables")
	}
	code := t.path(k.code)
	if _, err := os.Stat(code); err != nil {
		return nil, fmt.Errorf("no firmware for %s (Debian: ovmf, qemu-efi-aarch64, qemu-efi-riscv64): %w", m.Arch, err)
	}
	args := append([]string{}, k.machine...)
	args = append(args, k.secure...)
	return append(args,
		"-drive", "if=pflash,format=raw,unit=0,readonly=on,file="+escape(code),
		"-drive", "if=pflash,format=raw,unit=1,file="+escape(m.Variables),
		"-drive", "if=none,id=disk,format=raw,readonly=on,file="+escape(m.Disk),
		"-device", "virtio-blk-pci,drive=disk,bootindex=0",
	), nil
}

// escape quotes a file name for qemu's options.
func escape(file string) string { return strings.ReplaceAll(file, ",", ",,") }

// Variables writes a file of variables for the firmware of an architecture, with the keys enrolled, to path.
func (t *Tools) Variables(path, goarch string, keys efivar.Keys) error {
	k, err := kindOf(goarch)
	if err != nil {
		return err
	}
	template := t.path(k.variables)
	empty, err := inputfile.Read(template, inputfile.Data)
	if err != nil {
		return err
	}
	store, err := efivar.Enrol(empty, keys)
	if err != nil {
		return fmt.Errorf("%s: %w", template, err)
	}
	return os.WriteFile(path, store, 0o600)
}

// Disk writes a disk image with a FAT file system to path, of which the firmware of an architecture starts the UEFI program in the file
// image.
func (t *Tools) Disk(ctx context.Context, path, goarch, image string) error {
	k, err := kindOf(goarch)
	if err != nil {
		return err
	}
	info, err := os.Stat(image)
	if err != nil {
		return err
	}
	const room, sector = 16 << 20, 512
	for _, args := range [][]string{
		{"mformat", "-i", path, "-C", "-F", "-T", fmt.Sprint((info.Size() + 4*room) / sector), "::"},
		{"mmd", "-i", path, "::/EFI", "::/EFI/BOOT"},
		{"mcopy", "-i", path, image, "::/EFI/BOOT/" + k.boot},
	} {
		if _, err := t.Output(ctx, args[0], args[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// startTPM starts an emulated TPM without state, and returns the arguments by which a machine has it.
func (t *Tools) startTPM(ctx context.Context, k kind) (args []string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "tpm") // a socket's path must be short
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	socket := filepath.Join(dir, "socket")
	cmd, err := t.Command(ctx, "swtpm", "socket", "--tpm2", "--tpmstate", "dir="+dir, "--ctrl", "type=unixio,path="+socket,
		"--flags", "startup-clear")
	if err == nil {
		var stderr strings.Builder
		cmd.Stderr = &stderr
		err = cmd.Start()
		stop = func() {
			cancel()
			cmd.Wait()
			os.RemoveAll(dir)
		}
		for i := 0; err == nil; i++ {
			if _, e := os.Stat(socket); e == nil {
				return []string{"-chardev", "socket,id=tpm,path=" + socket, "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device",
					k.tpm + ",tpmdev=tpm0"}, stop, nil
			}
			if i == 100 {
				stop()
				return nil, nil, fmt.Errorf("swtpm: no socket after 10 s: %s", stderr.String())
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	cancel()
	os.RemoveAll(dir)
	return nil, nil, err
}
