// Package uki makes unified kernel images: a UEFI program with systemd's stub, the kernel, its initramfs and its command line as sections
// ("Unified Kernel Image", UAPI specification 5), so that one signature covers all of them.
package uki

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/boot/pe"
)

// Names of sections.
const (
	OSRelease   = ".osrel"
	CommandLine = ".cmdline"
	Initramfs   = ".initrd"
	Kernel      = ".linux"
	marker      = ".sdmagic" // systemd's stub has it
)

// maxCommandLine is the longest command line in bytes that all kernels take (COMMAND_LINE_SIZE of riscv64 and arm64 is less than
// that of amd64, 2048, only in old kernels).
const maxCommandLine = 1024

// An Image is what goes into a unified kernel image.
type Image struct {
	Stub        []byte // systemd's stub
	Kernel      []byte // with EFI stub
	Initramfs   []byte
	CommandLine string
	OSRelease   string // as os-release(5)
}

// A PartError tells what is wrong with a part of an image.
type PartError struct {
	Part string // stub, kernel, initramfs, command line or os-release
	Err  error
}

func (e *PartError) Error() string { return e.Part + ": " + e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// Build returns the image, unsigned, and the GOARCH of its machine.
func Build(i Image) (image []byte, goarch string, err error) {
	stub, err := pe.Parse(i.Stub)
	if err != nil {
		return nil, "", &PartError{"stub", err}
	}
	if _, ok := stub.Section(marker); !ok {
		return nil, "", &PartError{"stub", fmt.Errorf("no section %s, so it is not systemd's; take linuxx64.efi.stub, "+
			"linuxaa64.efi.stub or linuxriscv64.efi.stub of systemd (Debian: systemd-boot-efi)", marker)}
	}
	goarch = pe.Machines[stub.Machine]
	if err := checkKernel(i.Kernel, stub.Machine); err != nil {
		return nil, "", &PartError{"kernel", err}
	}
	if err := checkInitramfs(i.Initramfs); err != nil {
		return nil, "", &PartError{"initramfs", err}
	}
	if strings.TrimSpace(i.CommandLine) == "" || len(i.CommandLine) > maxCommandLine || strings.ContainsAny(i.CommandLine, "\x00\n\r") {
		// Without the section, systemd's stub takes a command line from whoever starts it.
		return nil, "", &PartError{"command line", fmt.Errorf("%q of %d bytes: want one line of 1 to %d bytes, such as console=ttyS0",
			i.CommandLine, len(i.CommandLine), maxCommandLine)}
	}
	if !strings.Contains("\n"+i.OSRelease, "\nID=") {
		return nil, "", &PartError{"os-release", errors.New("no line ID=…, want what os-release(5) says, such as ID=appliance")}
	}
	image, err = stub.AddSections([]pe.NewSection{
		{Name: OSRelease, Content: []byte(i.OSRelease), Characteristics: pe.Data | pe.Read},
		{Name: CommandLine, Content: []byte(i.CommandLine), Characteristics: pe.Data | pe.Read},
		{Name: Initramfs, Content: i.Initramfs, Characteristics: pe.Data | pe.Read},
		{Name: Kernel, Content: i.Kernel, Characteristics: pe.Code | pe.Execute | pe.Read},
	})
	if err != nil {
		return nil, "", &PartError{"stub", err}
	}
	return image, goarch, nil
}

// archives are how the archives begin that Linux unpacks (lib/decompress.c): cpio, and by what it can be compressed.
var archives = []string{"070701", "070702", "\x1f\x8b", "\x1f\x9e", "BZh", "\x5d\x00\x00", "\xfd7zXZ\x00", "\x89LZO", "\x02\x21\x4c\x18",
	"\x28\xb5\x2f\xfd"}

// checkInitramfs refuses what the kernel would not take for a file system: it would then stop for want of an /init.
func checkInitramfs(archive []byte) error {
	if len(archive) == 0 {
		return errors.New("it is empty, so the kernel would have no /init to start")
	}
	for _, start := range archives {
		if bytes.HasPrefix(archive, []byte(start)) {
			return nil
		}
	}
	return fmt.Errorf("it begins with % x, so it is no cpio archive, nor a compressed one: make one by uki initramfs or the rule initramfs",
		archive[:min(8, len(archive))])
}

// checkKernel checks that a kernel starts as a UEFI program of that machine. It looks at its first headers alone: kernels have parts
// that pe.Parse refuses, and the signature of the image around them covers all.
func checkKernel(kernel []byte, machine uint16) error {
	const machineField = 4
	if len(kernel) >= 64 && string(kernel[:2]) == "MZ" {
		at := int(uint32(kernel[60]) | uint32(kernel[61])<<8 | uint32(kernel[62])<<16 | uint32(kernel[63])<<24)
		if at >= 0 && at <= len(kernel)-8 && string(kernel[at:][:4]) == "PE\x00\x00" {
			got := uint16(kernel[at+machineField]) | uint16(kernel[at+machineField+1])<<8
			if got != machine {
				return fmt.Errorf("it is for %s, and the stub for %s: take both of one architecture", machineName(got), machineName(machine))
			}
			return nil
		}
	}
	if bytes.HasPrefix(kernel, []byte("\x1f\x8b")) {
		return errors.New("it is compressed by gzip: unpack it, or build Linux with CONFIG_EFI_ZBOOT")
	}
	return errors.New("it is no UEFI program (PE): take a kernel with EFI stub (CONFIG_EFI_STUB), as distributions have it in /boot")
}

func machineName(machine uint16) string {
	if name, ok := pe.Machines[machine]; ok {
		return name
	}
	return fmt.Sprintf("machine %#x", machine)
}

// Parts returns the contents of a unified kernel image. It is an error if one of the sections is missing.
func Parts(im *pe.Image) (Image, error) {
	var i Image
	var commandLine, osRelease []byte
	for _, part := range []struct {
		name string
		to   *[]byte
	}{{OSRelease, &osRelease}, {CommandLine, &commandLine}, {Initramfs, &i.Initramfs}, {Kernel, &i.Kernel}} {
		s, ok := im.Section(part.name)
		if !ok {
			return Image{}, fmt.Errorf("no section %s: it is no unified kernel image of uki_image", part.name)
		}
		*part.to = im.Content(s)
	}
	i.CommandLine, i.OSRelease = string(commandLine), string(osRelease)
	return i, nil
}

// measured are the sections that systemd's stub measures, in its order (systemd-stub(7), "TPM PCR Notes").
var measured = []string{Kernel, OSRelease, CommandLine, Initramfs, ".ucode", ".splash", ".dtb", ".uname", ".sbat", ".pcrpkey", ".profile",
	".dtbauto", ".hwids", ".efifw"}

// PCR11 returns the value of the TPM's register 11, in the bank of SHA-256, when the kernel of an image starts: systemd's stub extends it
// with the name of each section, with a zero byte, and its content.
func PCR11(im *pe.Image) [sha256.Size]byte {
	var pcr [sha256.Size]byte
	extend := func(data []byte) {
		sum := sha256.Sum256(data)
		pcr = sha256.Sum256(append(pcr[:], sum[:]...))
	}
	for _, name := range measured {
		if s, ok := im.Section(name); ok {
			extend(append([]byte(name), 0))
			extend(im.Content(s))
		}
	}
	return pcr
}
