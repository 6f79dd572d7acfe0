package main

import (
	"archive/zip"
	"bufio"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// relocate makes the unpacked tree independent of the system's libraries: the packages
// are of a newer Debian than the machine.
func (in *install) relocate(ctx context.Context) error {
	version, err := in.bazelVersion()
	if err != nil {
		return err
	}
	if err := in.patchExecutables(ctx, "usr/bin", "usr/libexec", "usr/lib/jvm"); err != nil {
		return err
	}
	if err := in.patchClasspath(version); err != nil {
		return err
	}
	if err := in.linkZstd(); err != nil {
		return err
	}
	return in.linkQemu()
}

// linkZstd puts the library of Java's zstd where Bazel's server looks for native code, which is the install base alone
// (-Djava.library.path). Bazel's compact execution log and compressed remote caches need it.
func (in *install) linkZstd() error {
	const name = "libzstd-jni.so"
	found, err := filepath.Glob(filepath.Join(in.work, "usr/lib/*", name))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("found %d files named %s in the packages, wanted 1 (of libzstd-jni-java)", len(found), name)
	}
	base := filepath.Join(in.work, "usr/share/bazel")
	target, err := filepath.Rel(base, found[0])
	if err != nil {
		return err
	}
	return os.Symlink(target, filepath.Join(base, name))
}

// bazelMajor is the major version that the modules and stubs of modules.go are for.
const bazelMajor = "7"

// bazelVersion returns the version of the unpacked Bazel.
func (in *install) bazelVersion() (string, error) {
	label, err := os.ReadFile(filepath.Join(in.work, "usr/share/bazel/build-label.txt"))
	if err != nil {
		return "", err
	}
	version := strings.TrimSpace(string(label))
	if major, _, _ := strings.Cut(version, "."); major != bazelMajor {
		return "", fmt.Errorf("Debian %s carries Bazel %s by now, and the air-gap mode is for Bazel %s; set %s to a snapshot mirror of an earlier day",
			suite, version, bazelMajor, mirrorVariable)
	}
	return version, nil
}

// patchExecutables gives every dynamically linked program below dirs the tree's own ELF
// interpreter and library path. The path is a DT_RPATH, not a DT_RUNPATH, because only
// the former also holds for the libraries' own dependencies.
func (in *install) patchExecutables(ctx context.Context, dirs ...string) error {
	var programs []string
	var interp string
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(in.work, dir), func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || filepath.Base(p) == "patchelf" {
				return err
			}
			i, err := interpreter(p)
			if err != nil || i == "" {
				return err
			}
			interp = i
			programs = append(programs, p)
			return nil
		})
		if err != nil {
			return err
		}
	}
	loaders, err := filepath.Glob(filepath.Join(in.work, "usr/lib/*", filepath.Base(interp)))
	if err != nil || len(loaders) != 1 {
		return fmt.Errorf("found %d files named %s in the packages, wanted 1 (the ELF interpreter of libc6)", len(loaders), filepath.Base(interp))
	}
	rel, err := filepath.Rel(in.work, loaders[0])
	if err != nil {
		return err
	}
	// patchelf itself is of the newer Debian too: start it through its loader.
	args := append([]string{
		"--library-path", filepath.Dir(loaders[0]), filepath.Join(in.work, "usr/bin/patchelf"),
		"--set-interpreter", in.path(rel),
		// $ORIGIN/../lib is where the Java programs have their own libraries.
		"--force-rpath", "--set-rpath", filepath.Dir(in.path(rel)) + ":$ORIGIN/../lib",
	}, programs...)
	if err := os.Chmod(loaders[0], 0o755); err != nil {
		return err
	}
	if _, err := output(ctx, exec.Command(loaders[0], args...)); err != nil {
		return err
	}
	return os.Remove(filepath.Join(in.work, "usr/bin/patchelf"))
}

// interpreter returns the ELF interpreter of file, or "" when it is no ELF file or a
// statically linked one.
func interpreter(file string) (string, error) {
	f, err := elf.Open(file)
	var format *elf.FormatError
	if errors.As(err, &format) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b, err := io.ReadAll(p.Open())
			return strings.TrimRight(string(b), "\x00"), err
		}
	}
	return "", nil
}

// patchClasspath rewrites the class path file that Debian's Bazel reads, whose entries
// are absolute. It adds the archives that the listed ones name in their manifests
// (absolutely too), and the version, by which modules tell what this Bazel can do.
func (in *install) patchClasspath(version string) error {
	file := filepath.Join(in.work, "usr/share/bazel/bazel_classpath_debian_depends.txt")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	queue := strings.FieldsFunc(string(text), func(r rune) bool { return r == ':' || r == '\n' })
	seen := map[string]bool{}
	var classpath []string
	for len(queue) > 0 {
		jar := queue[0]
		queue = queue[1:]
		if seen[jar] {
			continue
		}
		seen[jar] = true
		local := filepath.Join(in.work, jar)
		more, err := manifestClasspath(local)
		if errors.Is(err, os.ErrNotExist) {
			continue // of a package that Bazel never loads (assumedPackages)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", jar, err)
		}
		classpath = append(classpath, in.path(jar))
		for _, m := range more {
			if !filepath.IsAbs(m) {
				m = filepath.Join(filepath.Dir(jar), m)
			}
			queue = append(queue, m)
		}
	}
	if err := os.Mkdir(filepath.Join(in.work, "version"), 0o755); err != nil {
		return err
	}
	properties := "build.label=" + version + "\n"
	if err := os.WriteFile(filepath.Join(in.work, "version/build-data.properties"), []byte(properties), 0o644); err != nil {
		return err
	}
	classpath = append(classpath, in.path("version"))
	return os.WriteFile(file, []byte(strings.Join(classpath, ":")+"\n"), 0o644)
}

// manifestClasspath returns the Class-Path of a Java archive's manifest. A line of
// a manifest that starts with a space continues the one before.
func manifestClasspath(jar string) ([]string, error) {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	f, err := z.Open("META-INF/MANIFEST.MF")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var value string
	inside := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if v, ok := strings.CutPrefix(line, "Class-Path:"); ok {
			value, inside = v, true
		} else if v, ok := strings.CutPrefix(line, " "); ok && inside {
			value += v
		} else {
			inside = false
		}
	}
	return strings.Fields(value), lines.Err()
}

// linkQemu gives the emulators the names under which Debian used to ship them, in the
// directory that the rc file hands to Bazel.
func (in *install) linkQemu() error {
	if err := os.Mkdir(filepath.Join(in.work, "qemu"), 0o755); err != nil {
		return err
	}
	for _, cpu := range []string{"aarch64", "riscv64", "x86_64"} {
		link := filepath.Join(in.work, "qemu", "qemu-"+cpu+"-static")
		if err := os.Rename(filepath.Join(in.work, "usr/bin/qemu-"+cpu), link); err != nil {
			return err
		}
		if i, err := interpreter(link); err != nil || i != "" {
			return fmt.Errorf("qemu-%s: wanted a statically linked program, found interpreter %q (%v)", cpu, i, err)
		}
	}
	return nil
}
