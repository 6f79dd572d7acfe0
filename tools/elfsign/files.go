package main

import (
	"flag"
	"fmt"
	"io"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// A list is a flag that may be given several times.
type list []string

func (l *list) String() string { return fmt.Sprint(*l) }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// withProgram reads the program in a file and calls do.
func withProgram(path string, do func(p *elfsign.Program) error) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := elfsign.Read(f)
	if err != nil {
		return err
	}
	return do(p)
}

// rewrite reads the program in a file and writes what change returns to output, or without it in place of the file.
func rewrite(path, output string, change func(p *elfsign.Program) ([]byte, error)) error {
	in, err := inputfile.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	f, err := elf.Map(in)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := elfsign.Read(f)
	if err != nil {
		return err
	}
	data, err := change(p)
	if err != nil {
		return err
	}
	if now, err := in.Stat(); err != nil || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return fmt.Errorf("%s: changed while it was read (%v). Run elfsign again when nothing writes to it", path, err)
	}
	if output != "" {
		return atomicfile.Write(output, info.Mode(), data)
	}
	// Replace what a symbolic link points to, not the link.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	var outputs atomicfile.Batch
	defer outputs.Close()
	lost, err := outputs.Replace(path, info, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err == nil {
		err = outputs.Commit()
	}
	if err == nil {
		err = lost
	}
	return err
}

// maxPEM bounds files of keys, certificates and signatures, in bytes.
const maxPEM = 1 << 20

// trustFlag defines --trust.
func trustFlag(fs *flag.FlagSet) func() (*elfsign.Trust, error) {
	trust := optionalTrust(fs, "PEM `file` with public keys (Ed25519), certificates of signers or of authorities to trust; may be repeated")
	return func() (*elfsign.Trust, error) {
		t, err := trust()
		if t == nil && err == nil {
			err = cli.Usagef("%s: no --trust: name the public keys or certificates of those who may sign", fs.Name())
		}
		return t, err
	}
}

// optionalTrust defines --trust where it may be left out: then it is nil.
func optionalTrust(fs *flag.FlagSet, usage string) func() (*elfsign.Trust, error) {
	var files list
	fs.Var(&files, "trust", usage)
	return func() (*elfsign.Trust, error) {
		if len(files) == 0 {
			return nil, nil
		}
		t := new(elfsign.Trust)
		for _, file := range files {
			data, err := inputfile.Read(file, maxPEM)
			if err != nil {
				return nil, err
			}
			if err := t.Add(file, data); err != nil {
				return nil, err
			}
		}
		return t, nil
	}
}

// detached reads signatures of content from files of their own.
func detached(t *elfsign.Trust, files []string, content []byte) ([]elfsign.Signature, error) {
	var out []elfsign.Signature
	for _, file := range files {
		data, err := inputfile.Read(file, maxPEM)
		if err != nil {
			return nil, err
		}
		s, err := t.ParseDetached(file, data, content)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
