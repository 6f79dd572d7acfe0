package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/boot/initramfs"
	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/uki"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// A list is a flag that may be given several times.
type list []string

func (l *list) String() string { return fmt.Sprint(*l) }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// outputFlag defines -o.
func outputFlag(fs *flag.FlagSet) func() (string, error) {
	output := fs.String("o", "", "write to this `file`; required")
	return func() (string, error) {
		if *output == "" {
			return "", cli.Usagef("%s: no -o: name the file to write", fs.Name())
		}
		return *output, nil
	}
}

func initramfsFlags(flags *flag.FlagSet) func(*cli.Call) error {
	var programs, files list
	flags.Var(&programs, "program", "`PATH=FILE`: an executable and its absolute path in the initramfs, mode 0755; may be repeated")
	flags.Var(&files, "file", "`PATH=FILE`: another file, mode 0644; may be repeated")
	output := outputFlag(flags)
	return func(*cli.Call) error {
		out, err := output()
		if err != nil {
			return err
		}
		var all []initramfs.File
		for _, group := range []struct {
			mode fs.FileMode
			args list
		}{{0o755, programs}, {0o644, files}} {
			for _, arg := range group.args {
				path, file, ok := strings.Cut(arg, "=")
				if !ok {
					return cli.Usagef("initramfs: %q: want PATH=FILE, such as /init=bin/init", arg)
				}
				data, err := inputfile.Read(file, initramfs.MaxSize)
				if err != nil {
					return err
				}
				all = append(all, initramfs.File{Path: path, Mode: group.mode, Data: data})
			}
		}
		archive, err := initramfs.Build(all)
		if err != nil {
			return err
		}
		return atomicfile.Write(out, 0o666, archive)
	}
}

func buildFlags(fs *flag.FlagSet) func(*cli.Call) error {
	stub := fs.String("stub", "", "`file` with systemd's stub for the machine, such as linuxx64.efi.stub")
	kernel := fs.String("kernel", "", "`file` with a kernel that starts as a UEFI program")
	archive := fs.String("initramfs", "", "`file` with the initramfs")
	commandLine := fs.String("cmdline", "", "the kernel's command line, at most 1024 bytes of `text`")
	osRelease := fs.String("os-release", "", "`file` as os-release(5)")
	goarch := fs.String("goarch", "", "refuse a stub for another architecture than this `name` (amd64, arm64, riscv64)")
	output := outputFlag(fs)
	return func(*cli.Call) error {
		out, err := output()
		if err != nil {
			return err
		}
		var image uki.Image
		var release []byte
		for _, part := range []struct {
			name, file string
			limit      int64
			to         *[]byte
		}{
			{"stub", *stub, pe.MaxFile, &image.Stub}, {"kernel", *kernel, pe.MaxFile, &image.Kernel},
			{"initramfs", *archive, initramfs.MaxSize, &image.Initramfs}, {"os-release", *osRelease, inputfile.Text, &release},
		} {
			if part.file == "" {
				return cli.Usagef("build: no --%s: name its file", part.name)
			}
			if *part.to, err = inputfile.Read(part.file, part.limit); err != nil {
				return err
			}
		}
		image.CommandLine, image.OSRelease = *commandLine, string(release)
		data, arch, err := uki.Build(image)
		if e := (*uki.PartError)(nil); errors.As(err, &e) {
			if file := map[string]string{"stub": *stub, "kernel": *kernel, "initramfs": *archive, "os-release": *osRelease}[e.Part]; file != "" {
				return fmt.Errorf("%s %s: %w", e.Part, file, e.Err)
			}
		}
		if err != nil {
			return err
		}
		if *goarch != "" && arch != *goarch {
			return fmt.Errorf("stub %s: it is for %s, want %s: take the stub and the kernel of that architecture", *stub, arch, *goarch)
		}
		return atomicfile.Write(out, 0o666, data)
	}
}
