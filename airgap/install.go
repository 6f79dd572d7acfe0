package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// install is one provisioned directory: a Bazel with its Java runtime, libraries and
// modules, all read-only in use; releases of rules_go and Gazelle are added as workspaces ask for them. Its path is baked into the ELF
// files, so it is built in a neighbour directory under the final path's name and moved there as the last step:
// that it exists means that it is complete.
type install struct {
	home   string // cache directory: holds dir, the lock, Bazel's output root and caches
	dir    string // final directory
	work   string // directory under construction; removed at the end whatever happens
	source string // directory of stubs/
}

// needBytes is the free space asked for before the start: packages, the unpacked
// tree and some room for the module downloads.
const needBytes = 1 << 30

// newInstall describes the directory called name in home.
func newInstall(home, name, source string) (*install, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, err
	}
	// The path becomes a part of search paths and rc files, and Bazel itself refuses
	// an output root with a space.
	if strings.ContainsAny(home, ": \t\n'\"\\") {
		return nil, fmt.Errorf("cache directory %q: Bazel works only in a path without spaces, colons and quotes; set XDG_CACHE_HOME to another one", home)
	}
	dir := filepath.Join(home, name)
	return &install{home: home, dir: dir, work: dir + ".partial", source: source}, nil
}

// path names a file of the finished install.
func (in *install) path(rel string) string { return filepath.Join(in.dir, rel) }

// ensure returns once in.dir exists, which provision fills under the name of in.work. One process at a time provisions; the
// others wait for it. The lock is the kernel's (flock), so it cannot outlive its process; what a
// killed process left in in.work is removed by the next one.
func (in *install) ensure(ctx context.Context, provision func(context.Context) error) error {
	if isDir(in.dir) {
		return nil
	}
	if err := os.MkdirAll(in.home, 0o755); err != nil {
		return fmt.Errorf("create the cache directory: %w; set XDG_CACHE_HOME to a writable directory", err)
	}
	unlock, err := in.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if isDir(in.dir) { // another process made it while this one waited
		return nil
	}
	if err := os.RemoveAll(in.work); err != nil {
		return err
	}
	defer os.RemoveAll(in.work)
	if err := checkSpace(in.home, needBytes); err != nil {
		return err
	}
	start := time.Now()
	if err := provision(ctx); err != nil {
		return fmt.Errorf("provision %s: %w", in.dir, err)
	}
	if err := os.Rename(in.work, in.dir); err != nil {
		return err
	}
	progress("ready after %.0f s: %s", time.Since(start).Seconds(), in.dir)
	return nil
}

// provision fills in.work.
func (in *install) provision(ctx context.Context) error {
	progress("providing Bazel from Debian packages, once; this takes a minute or two")
	if err := in.unpackPackages(ctx, wantedPackages, assumedPackages, wanted); err != nil {
		return err
	}
	progress("[4/4] relocating to %s", in.dir)
	if err := in.relocate(ctx); err != nil {
		return err
	}
	return in.addModules()
}

// unpackPackages unpacks below in.work the files called wanted of Debian packages and of those that they depend on.
func (in *install) unpackPackages(ctx context.Context, packages, assumed []string, wanted func(file string) bool) error {
	if err := requireTools("apt-get", "apt-config", "dpkg", "dpkg-deb", "go"); err != nil {
		return err
	}
	root, err := newAptRoot(ctx, filepath.Join(in.work, "apt"), assumed)
	if err != nil {
		return err
	}
	progress("[1/4] reading the package index of Debian %s from %s", suite, root.uri)
	if err := root.update(ctx); err != nil {
		return err
	}
	debs, err := root.resolve(ctx, packages)
	if err != nil {
		return err
	}
	if err := root.download(ctx, debs); err != nil {
		return err
	}
	progress("[3/4] unpacking")
	if err := unpackAll(ctx, root.debDir(), in.work, wanted); err != nil {
		return err
	}
	return os.RemoveAll(root.dir)
}

// lock takes the lock under which in.dir is written.
func (in *install) lock(ctx context.Context) (release func(), err error) {
	return lock(ctx, filepath.Join(in.home, "provision.lock"))
}

// lock takes the exclusive lock of file and returns its release. While another
// process holds it, lock says so once and waits.
func lock(ctx context.Context, file string) (release func(), err error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for told := false; ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", file, err)
		}
		if !told {
			pid, _ := os.ReadFile(file)
			progress("waiting for process %s, which is provisioning Bazel", strings.TrimSpace(string(pid)))
			told = true
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	// The content only serves the waiting message above.
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return func() { f.Close() }, nil
}

// checkSpace refuses to start when the file system of dir has less than want bytes free.
func checkSpace(dir string, want uint64) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return fmt.Errorf("statfs %s: %w", dir, err)
	}
	if free := st.Bavail * uint64(st.Bsize); free < want {
		return fmt.Errorf("%s: %d MB free, %d MB wanted; free some space or set XDG_CACHE_HOME to a directory elsewhere",
			dir, free>>20, want>>20)
	}
	return nil
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// progress prints one line for the person who waits.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bazelw: "+format+"\n", args...)
}

// meter says how far work is until stop is called: on a terminal in one line that changes, elsewhere in a line every ten seconds.
func meter(doing func(spent time.Duration) string) (stop func()) {
	interval, begin, end := 10*time.Second, "", "\n"
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	if terminal {
		interval, begin, end = 500*time.Millisecond, "\r\x1b[K", "" // ECMA-48, EL: erase the line
	}
	start := time.Now()
	stopTicks := every(interval, func() { fmt.Fprint(os.Stderr, begin, "bazelw: ", doing(time.Since(start)), end) })
	return func() {
		stopTicks()
		fmt.Fprint(os.Stderr, begin)
	}
}

// transfer describes bytes that were moved in a time: "12.5 of 225.0 MB, 3 s, 4.2 MB/s". The total is unknown if it is 0.
func transfer(done, total int64, spent time.Duration) string {
	megabytes := func(n int64) float64 { return float64(n) / 1e6 }
	of := ""
	if total > 0 {
		of = fmt.Sprintf(" of %.1f", megabytes(total))
	}
	return fmt.Sprintf("%.1f%s MB, %.0f s, %.1f MB/s", megabytes(done), of, spent.Seconds(), megabytes(done)/max(spent.Seconds(), 0.1))
}
