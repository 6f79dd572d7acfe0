//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cases are executions while the guard guards.
var cases = []struct {
	name string
	run  func() error
}{
	{"signed program is executed", func() error { return want(files+"signed", good) }},
	{"again, from the cache", func() error { return want(files+"signed", good) }},
	{"program with a CMS signature is executed", func() error { return want(files+"cms", good) }},
	{"unsigned program is refused", func() error { return want(files+"unsigned", refused) }},
	{"tampered program is refused", func() error { return want(files+"tampered", refused) }},
	{"program of another key is refused", func() error { return want(files+"other-key", refused) }},
	{"extended program is refused", func() error { return want(files+"extended", refused) }},
	{"stripped signature is refused", func() error { return want(files+"stripped", refused) }},
	{"too large program is refused", func() error { return want(files+"large", refused) }},
	{"unsigned program on the list is executed", func() error { return want(files+"listed", good) }},
	{"script on the list, signed interpreter", func() error { return want(files+"listed-script", good) }},
	{"script on the list, unsigned interpreter", func() error { return want(files+"listed-script-unsigned-interpreter", refused) }},
	{"script that is not on the list", func() error { return want(files+"script", refused) }},
	{"unsigned program as an argument of an unsigned interpreter", func() error {
		if got := run(files+"unsigned-interpreter", files+"unsigned"); got != refused {
			return errors.New(got)
		}
		return nil
	}},
	{"signed program with an unsigned loader", func() error { return want(files+"unsigned-loader", refused) }},
	{"signed program with a signed loader", func() error { return want(files+"signed-loader", good) }},
	{"open file", func() error {
		for path, way := range map[string]string{"signed": good, "unsigned": refused} {
			f, err := os.Open(files + path)
			if err != nil {
				return err
			}
			if got := fexec(f); got != way {
				return fmt.Errorf("%s: %s, want %s", path, got, way)
			}
		}
		return nil
	}},
	{"file without a name", func() error {
		for path, way := range map[string]string{"signed": good, "unsigned": refused} {
			f, err := unlinked(files + path)
			if err != nil {
				return err
			}
			if got := fexec(f); got != way {
				return fmt.Errorf("%s: %s, want %s", path, got, way)
			}
		}
		return nil
	}},
	{"memfd", memory},
	{"user namespaces", func() error {
		if got := inNamespace(files + "signed"); got != unix.ENOSPC.Error() {
			return fmt.Errorf("%s, want %v", got, unix.ENOSPC)
		}
		return nil
	}},
	{"file system that is mounted later", mountLater},
	{"replaced after the verdict by rename", func() error {
		path := work + "renamed"
		for _, step := range []struct{ from, way string }{{"signed", good}, {"unsigned", refused}, {"signed", good}, {"tampered", refused}} {
			if err := copyFile(files+step.from, path); err != nil {
				return err
			}
			if err := want(path, step.way); err != nil {
				return fmt.Errorf("%s: %w", step.from, err)
			}
		}
		return nil
	}},
	{"changed after the verdict in place", changed},
	{"open for writing", func() error {
		path := work + "open"
		if err := copyFile(files+"signed", path); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		err = want(path, refused, unix.ETXTBSY.Error())
		f.Close()
		return errors.Join(err, want(path, good))
	}},
	{"lease of another process", func() error {
		path := work + "leased"
		if err := copyFile(files+"signed", path); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
			return err
		}
		began := time.Now()
		err = want(path, refused)
		if took := time.Since(began); err == nil && took > 5*time.Second {
			err = fmt.Errorf("it took %v: the guard waits for others' leases", took)
		}
		return err
	}},
	{"race of writing and executing", race},
	{"burst", burst},
	// The guard has programs open that were executed a short time ago.
	{"file system can be unmounted after a while", func() error {
		return eventually(60*time.Second, func() error { return unix.Unmount(work+"mounted", 0) })
	}},
	{"audit log", func() error {
		if err := recorded(record{"event": "lost"}); err == nil {
			return errors.New("records are lost")
		}
		var errs []error
		for path, verdict := range map[string]string{"signed": "allow", "cms": "allow", "unsigned": "deny", "tampered": "deny", "listed": "allow", "script": "deny"} {
			errs = append(errs, recorded(record{"event": "exec", "verdict": verdict, "path": files + path, "comm": "init", "uid": 0.0}))
		}
		errs = append(errs, recorded(record{"event": "repeat", "verdict": "allow", "path": files + "signed"}))
		return errors.Join(errs...)
	}},
}

// memory: no file in memory can be executed that is not signed.
func memory() error {
	fd, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if err == unix.EACCES {
		return nil // none can be made, as the guard wants it
	}
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "memfd")
	defer f.Close()
	data, err := os.ReadFile(files + "unsigned")
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return err
	}
	f.Close()
	if got := fexec(again); got != refused {
		return errors.New(got)
	}
	return nil
}

// mountLater: a file system that is mounted while the guard runs is guarded from a moment after that.
func mountLater() error {
	dir := work + "mounted"
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		return err
	}
	if err := eventually(time.Minute, func() error { return recorded(record{"event": "guarded", "path": dir}) }); err != nil {
		return err
	}
	for path, way := range map[string]string{"signed": good, "unsigned": refused} {
		if err := copyFile(files+path, dir+"/"+path); err != nil {
			return err
		}
		if err := want(dir+"/"+path, way); err != nil {
			return err
		}
	}
	return nil
}

// changed: who writes to a program that was just executed waits, and the new contents are judged.
func changed() error {
	path := work + "changed"
	if err := copyFile(files+"signed", path); err != nil {
		return err
	}
	if err := want(path, good); err != nil {
		return err
	}
	began := time.Now()
	if err := overwrite(files+"race-bad", path, 0); err != nil {
		return err
	}
	fmt.Printf("   writing to a program that was just executed took %.1f s\n", time.Since(began).Seconds())
	if err := want(path, refused); err != nil {
		return err
	}
	if err := overwrite(files+"signed", path, 0); err != nil {
		return err
	}
	return want(path, good)
}

// race: writers put good and bad contents into files in turn while others execute them. The bad contents, of the same size, must never be
// executed. Writers pause for up to twice what an execution takes, so that on any host some executions find a file at rest.
func race() error {
	const count, least, most = 16, 20 * time.Second, 3 * time.Minute
	var wg sync.WaitGroup
	var ran, refusals, writes, wrong atomic.Int64
	var pace atomic.Int64 // what the last execution took, in nanoseconds
	var first atomic.Value
	began := time.Now()
	shown := func() bool { return ran.Load() > 0 && refusals.Load() > 0 && writes.Load() >= 10*count }
	over := func() bool { // on a busy host it takes longer
		return time.Since(began) > least && shown() || time.Since(began) > most
	}
	for i := range count {
		path := fmt.Sprintf("%srace%d", work, i)
		if err := copyFile(files+"signed", path); err != nil {
			return err
		}
		wg.Go(func() {
			for n := 0; !over(); n++ {
				from := "race-bad"
				if n%2 == 1 {
					from = "signed"
				}
				if overwrite(files+from, path, unix.O_NONBLOCK) == nil {
					writes.Add(1)
				} else {
					n-- // it is executed, or leased
				}
				time.Sleep(rand.N(time.Duration(2*pace.Load()) + time.Millisecond))
			}
		})
	}
	for range 3 {
		wg.Go(func() {
			for i := 0; !over(); i++ {
				started := time.Now()
				got := run(fmt.Sprintf("%srace%d", work, i%count))
				pace.Store(int64(time.Since(started)))
				switch got {
				case good:
					ran.Add(1)
				case refused, unix.ETXTBSY.Error():
					refusals.Add(1)
				default:
					wrong.Add(1)
					first.CompareAndSwap(nil, got)
				}
			}
		})
	}
	wg.Wait()
	fmt.Printf("   race: %d executed, %d refused, %d times written, %d wrong\n", ran.Load(), refusals.Load(), writes.Load(), wrong.Load())
	if wrong.Load() > 0 {
		return fmt.Errorf("%d executions of contents that may not be executed, the first: %v", wrong.Load(), first.Load())
	}
	if !shown() {
		return errors.New("too few executions or writes: nothing is shown")
	}
	return nil
}

// burst executes as fast as it can what ends in the kernel: files on the list that are no programs (ENOEXEC), and programs that are
// refused (EPERM). Beside it signed programs run.
func burst() error {
	const threads, duration = 4, 5 * time.Second
	var wg sync.WaitGroup
	var calls, wrong, spawned atomic.Int64
	var first atomic.Value
	began := time.Now()
	end := began.Add(duration)
	for t := range threads {
		wg.Go(func() {
			for i := t; time.Now().Before(end); i++ {
				path, want := fmt.Sprintf("%slisted-data%d", files, i/2%dataFiles), unix.ENOEXEC
				if i%2 == 1 {
					path, want = fmt.Sprintf("%sunsigned-data%d", files, i/2%dataFiles), unix.EPERM
				}
				calls.Add(1)
				if got := execve(path); got != want {
					wrong.Add(1)
					first.CompareAndSwap(nil, fmt.Sprintf("%s: %v, want %v", path, got, want))
				}
			}
		})
	}
	wg.Go(func() {
		for time.Now().Before(end) {
			spawned.Add(1)
			if err := errors.Join(want(files+"signed", good), want(files+"unsigned", refused)); err != nil {
				wrong.Add(1)
				first.CompareAndSwap(nil, err.Error())
			}
		}
	})
	wg.Wait()
	took := time.Since(began).Seconds()
	n := calls.Load() + 2*spawned.Load()
	fmt.Printf("   burst: %d executions in %.1f s, %.0f per second, %d by new processes, %d wrong\n", n, took, float64(n)/took, 2*spawned.Load(), wrong.Load())
	if wrong.Load() > 0 {
		return fmt.Errorf("%d wrong verdicts, the first: %v", wrong.Load(), first.Load())
	}
	return nil
}

// dataFiles is how many files of each kind the burst has. The test makes them.
const dataFiles = 64

// execve returns the error of the system call. It does not return if there is none.
func execve(path string) unix.Errno {
	name, err := unix.BytePtrFromString(path)
	check(err)
	none := [1]*byte{}
	_, _, errno := unix.Syscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&none)), uintptr(unsafe.Pointer(&none)))
	return errno
}
