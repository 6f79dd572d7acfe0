//go:build linux

package execguard

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// maxFiles is how many files the worker may have open: those in the caches, and those in question.
const maxFiles = 16384

// restartPause is between two workers, if the first one did not last.
const restartPause = time.Second

// A keeper keeps the group open, so that the kernel does not allow everything while there is no worker.
type keeper struct {
	group *group
	log   *Log
	own   fileID
	args  []string // of the worker
}

// Keep is the keeper: it starts a worker, by this program with the arguments args, and another one whenever it ends. In between
// it refuses everything but this program. Of the options AllowOOMKill is for it. It returns nil after SIGTERM or SIGINT, and an error if
// the first worker could not begin.
func Keep(log *Log, options Options, args []string) error {
	k := &keeper{log: log, args: args}
	var err error
	if k.own, err = ownFile(); err != nil {
		return err
	}
	if k.group, err = newGroup(); err != nil {
		return err
	}
	limit := unix.Rlimit{Cur: maxFiles, Max: maxFiles}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("limit of open files to %d: %w", maxFiles, err)
	}
	if options.AllowOOMKill {
		log.Add(Record{Event: "open", Reason: "out of memory: the kernel may end execguard, by --allow-oom-kill"})
	} else if err := os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0); err != nil {
		return fmt.Errorf("%w: want CAP_SYS_RESOURCE, so that the kernel ends others when memory runs out; --allow-oom-kill continues without", err)
	}
	runtime.GOMAXPROCS(4) // see start
	debug.SetMemoryLimit(math.MaxInt64)
	end := make(chan os.Signal, 1)
	signal.Notify(end, unix.SIGTERM, unix.SIGINT)
	for first := true; ; first = false {
		began := time.Now()
		ready, err := k.run(end, !first)
		switch {
		case err == nil:
			log.Add(Record{Event: "stop", Reason: "asked to end: everything may be executed"})
			return nil
		case first && !ready:
			return err
		}
		log.Add(Record{Event: "worker-lost", Reason: err.Error() + ": everything is refused until another one is ready"})
		// From here on this process must not end: the kernel would allow everything.
		err = k.group.refuseAll(maxFiles)
		if left := restartPause - time.Since(began); left > 0 {
			err = errors.Join(err, k.refuse(time.After(left)))
		}
		if err != nil {
			log.Add(Record{Event: "failed", Reason: err.Error()})
			time.Sleep(restartPause)
		}
	}
}

// run runs one worker. It returns nil after a signal on end, and otherwise why the worker ended, and whether it had been ready. If there
// are marks, it answers the kernel until the worker is ready, also for the worker's own program.
func (k *keeper) run(end <-chan os.Signal, marked bool) (ready bool, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "worker"), os.NewFile(uintptr(pair[1]), "keeper")
	defer ours.Close()
	cmd := exec.Command("/proc/self/exe", k.args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	group, err := unix.FcntlInt(uintptr(k.group.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	groupFile := os.NewFile(uintptr(group), "fanotify")
	cmd.ExtraFiles = []*os.File{groupFile, theirs} // groupFD, socketFD
	state := make(chan bool, 2)                    // true: ready
	ended := make(chan error, 1)
	started := make(chan error, 1)
	go func() {
		err := start(cmd)
		groupFile.Close()
		theirs.Close()
		started <- err
		if err != nil {
			ended <- err
			return
		}
		var b [1]byte
		if n, _ := ours.Read(b[:]); n == 1 {
			state <- true
		}
		err = cmd.Wait()
		if err == nil {
			err = fmt.Errorf("exit status 0")
		}
		ended <- err
	}()

	stop := make(chan time.Time)
	answered := make(chan error, 1)
	answering := marked
	if marked {
		go func() { answered <- k.refuse(stop) }()
	}
	quiet := func() error { // ends refuse
		if !answering {
			return nil
		}
		answering = false
		close(stop)
		return <-answered
	}
	for {
		select {
		case <-state:
			ready = true
			if err := quiet(); err != nil {
				return ready, err
			}
			if _, err := ours.Write([]byte{0}); err != nil {
				k.log.Add(Record{Event: "failed", Reason: "worker: " + err.Error()}) // it has ended
			}
		case err := <-ended:
			if err := quiet(); err != nil {
				return ready, err
			}
			return ready, fmt.Errorf("worker: %w", err)
		case <-end:
			if err := <-started; err == nil {
				cmd.Process.Signal(unix.SIGTERM)
				<-ended
			}
			return ready, quiet()
		}
	}
}

// start starts a worker while another goroutine answers whether it may be executed. The thread that starts it is in the kernel until it is
// executed (CLONE_VFORK), and the runtime does not count that as a system call: the thread keeps its share of GOMAXPROCS, and a garbage
// collection, which stops the world, would wait for it, and so would the goroutine that has to answer. So there is no collection meanwhile.
func start(cmd *exec.Cmd) error {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC() // ends one that has begun
	return cmd.Start()
}

// refuse answers the kernel until stop: it refuses everything but this program.
func (k *keeper) refuse(stop <-chan time.Time) error {
	fds := []unix.PollFd{{Fd: int32(k.group.fd), Events: unix.POLLIN}}
	buffer := make([]byte, bufferSize)
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		if _, err := unix.Poll(fds, 10); err != nil && err != unix.EINTR {
			return fmt.Errorf("poll: %w", err)
		}
		events, err := k.group.read(buffer, k.log)
		if err != nil {
			return err
		}
		for _, e := range events {
			var s unix.Stat_t
			own := unix.Fstat(e.fd, &s) == nil && versionOf(&s).id() == k.own
			if !own {
				r := recordOf(versionOf(&s), Verdict{Reason: "there is no worker that could judge"})
				r.Path, r.PID = pathOf(e.fd), e.pid
				r.Comm, r.UID = process(e.pid)
				k.log.Add(r)
			}
			err := k.group.answer(e.fd, own)
			unix.Close(e.fd)
			if err != nil {
				return err
			}
		}
	}
}
