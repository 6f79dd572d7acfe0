package main

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/boot/initramfs"
	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/uki"
	"github.com/go3s/rules_go3s/internal/cli"
)

// shown is what show --json writes. Digests are SHA-256, in hexadecimal.
type shown struct {
	Image       string `json:"image"`
	Goarch      string `json:"goarch"`
	Digest      string `json:"digest"` // what a signature is of, and what dbx may have
	PCR11       string `json:"pcr11"`
	CommandLine string `json:"command_line"`
	OSRelease   string `json:"os_release"`
	Kernel      part   `json:"kernel"`
	Initramfs   part   `json:"initramfs"`
	Files       []part `json:"files"`      // of the initramfs
	Signatures  int    `json:"signatures"` // their count; verify checks them
}

type part struct {
	Path   string `json:"path,omitempty"`
	Size   int    `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

func partOf(path string, data []byte) part {
	return part{path, len(data), fmt.Sprintf("%x", sha256.Sum256(data))}
}

// contents returns an image, its parts and the files of its initramfs.
func contents(path string) (*pe.Image, uki.Image, []initramfs.File, error) {
	im, err := readImage(path)
	if err != nil {
		return nil, uki.Image{}, nil, err
	}
	parts, err := uki.Parts(im)
	if err != nil {
		return nil, uki.Image{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	files, err := initramfs.Files(parts.Initramfs)
	if err != nil {
		return nil, uki.Image{}, nil, fmt.Errorf("%s: section %s: %w", path, uki.Initramfs, err)
	}
	return im, parts, files, nil
}

func describe(path string) (*shown, error) {
	im, parts, files, err := contents(path)
	if err != nil {
		return nil, err
	}
	signatures, err := im.Signatures()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out := &shown{path, pe.Machines[im.Machine], fmt.Sprintf("%x", im.Digest()), fmt.Sprintf("%x", uki.PCR11(im)), parts.CommandLine,
		parts.OSRelease, partOf("", parts.Kernel), partOf("", parts.Initramfs), nil, len(signatures)}
	for _, f := range files {
		out.Files = append(out.Files, partOf(f.Path, f.Data))
	}
	return out, nil
}

func showFlags(fs *flag.FlagSet) func(*cli.Call) error {
	asJSON := fs.Bool("json", false, "write JSON")
	return func(c *cli.Call) error {
		path := c.Files[0]
		s, err := describe(path)
		if err != nil {
			return err
		}
		if *asJSON {
			e := json.NewEncoder(c.Stdout)
			e.SetIndent("", "  ")
			return e.Encode(s)
		}
		fmt.Fprintf(c.Stdout, "%s: %s, digest %s, %d signatures\npcr11 %s\ncommand line %q\nkernel %s, %d bytes\ninitramfs %s, %d bytes\n",
			s.Image, s.Goarch, s.Digest, s.Signatures, s.PCR11, s.CommandLine, s.Kernel.SHA256, s.Kernel.Size, s.Initramfs.SHA256,
			s.Initramfs.Size)
		for _, f := range s.Files {
			fmt.Fprintf(c.Stdout, "%s %s, %d bytes\n", f.Path, f.SHA256, f.Size)
		}
		return nil
	}
}

func extractFlags(fs *flag.FlagSet) func(*cli.Call) error {
	name := fs.String("path", "", "absolute `path` in the initramfs; required")
	output := outputFlag(fs)
	return func(c *cli.Call) error {
		path := c.Files[0]
		out, err := output()
		if err != nil {
			return err
		}
		if *name == "" {
			return cli.Usagef("extract: no --path: name a file of the initramfs, such as /init")
		}
		_, _, files, err := contents(path)
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.Path == *name {
				return atomicfile.Write(out, f.Mode, f.Data)
			}
		}
		return fmt.Errorf("%s: no file %s among the %d of its initramfs: uki show lists them", path, *name, len(files))
	}
}
