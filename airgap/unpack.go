package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
)

// wantedFiles are the parts of the packages that a running Bazel needs, as patterns of
// path.Match. A pattern stands for the whole tree below what it matches.
var wantedFiles = []string{
	"etc/java-*-openjdk",
	"usr/bin/bazel",
	"usr/bin/patchelf",
	"usr/bin/qemu-aarch64",
	"usr/bin/qemu-riscv64",
	"usr/bin/qemu-x86_64",
	"usr/lib/*/bazel",
	"usr/lib/*/jni",
	"usr/lib/*/*.so",
	"usr/lib/*/*.so.*",
	"usr/lib/jvm",
	"usr/libexec/*/bazel",
	"usr/share/bazel",
	"usr/share/java",
}

// wanted reports whether a running Bazel needs file: whether the tree of a pattern contains it.
func wanted(file string) bool {
	for p := file; p != "."; p = path.Dir(p) {
		for _, pattern := range wantedFiles {
			if ok, _ := path.Match(pattern, p); ok {
				return true
			}
		}
	}
	return false
}

// unpackAll unpacks the wanted files of every package in debDir below dest.
func unpackAll(ctx context.Context, debDir, dest string, wanted func(file string) bool) error {
	debs, err := filepath.Glob(filepath.Join(debDir, "*.deb"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan string)
	var workers sync.WaitGroup
	for range 2 { // decompression is the bottleneck, and small machines are the target
		workers.Go(func() {
			for deb := range queue {
				if ctx.Err() != nil {
					continue
				}
				if err := unpack(ctx, deb, dest, wanted); err != nil {
					cancel(fmt.Errorf("unpack %s: %w", filepath.Base(deb), err))
				}
			}
		})
	}
	for _, deb := range debs {
		queue <- deb
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// unpack writes the wanted files of one package below dest. The packages come from a
// signed archive, yet names that leave dest are refused.
func unpack(ctx context.Context, deb, dest string, wanted func(file string) bool) error {
	read, write := io.Pipe()
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	cmd.Stdout, cmd.Stderr = write, os.Stderr
	go func() { write.CloseWithError(runGroup(ctx, cmd)) }()
	if err := writeTar(tar.NewReader(read), dest, wanted); err != nil {
		read.CloseWithError(err)
		return err
	}
	// Past the end mark of the archive there may be padding; behind it comes the
	// command's own outcome.
	_, err := io.Copy(io.Discard, read)
	return err
}

func writeTar(tr *tar.Reader, dest string, wanted func(file string) bool) error {
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(strings.TrimPrefix(h.Name, "./"))
		if !wanted(name) {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s: the name leaves the directory", h.Name)
		}
		file := filepath.Join(dest, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(file, 0o755)
		case tar.TypeReg:
			err = writeFile(file, tr, h.FileInfo().Mode().Perm()|0o600)
		case tar.TypeLink:
			err = os.Link(filepath.Join(dest, path.Clean(h.Linkname)), file)
		case tar.TypeSymlink:
			err = os.Symlink(relativeTarget(name, h.Linkname, wanted), file)
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
}

// relativeTarget returns the target for the link called name. A link to an absolute path
// is made to stay inside the unpacked tree if its target is unpacked too; otherwise (the
// machine's certificates) it leads to the machine's own file.
func relativeTarget(name, target string, wanted func(file string) bool) string {
	if !path.IsAbs(target) || !wanted(strings.TrimPrefix(path.Clean(target), "/")) {
		return target
	}
	rel, err := filepath.Rel("/"+path.Dir(name), target)
	if err != nil {
		return target
	}
	return rel
}

func writeFile(file string, r io.Reader, mode os.FileMode) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
