//go:build linux

package execguard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of the caches, in files. A file that is refused can be anybody's, so those have a cache of their own.
const (
	maxAllowed = 4096
	maxRefused = 1024
)

// judges is how many files are read at a time, each with up to three times its size in memory.
const judges = 4

// Descriptors that the keeper hands to the worker.
const (
	groupFD  = 3
	socketFD = 4
)

// Options are what the command line says beside the policy.
type Options struct {
	Every           bool // record each execution, not just the first one of a file
	AllowMemfd      bool // leave executable memory files open
	AllowNamespaces bool // leave user namespaces open
	AllowOOMKill    bool // let the kernel end execguard when memory runs out
}

// A worker answers the kernel's questions.
type worker struct {
	group            *group
	policy           *Policy
	log              *Log
	every            bool
	own              fileID // execguard itself
	allowed, refused *cache
	unknown          chan question
}

// A question is an event that the caches have no answer to.
type question struct {
	event
	version version
}

// Work is the worker: it marks all file systems, tells the keeper that it is ready, and answers the kernel until it is asked to end by
// SIGTERM. It is to be called in a process that the keeper has started.
func Work(policy *Policy, log *Log, options Options) error {
	w := &worker{group: &group{groupFD}, policy: policy, log: log, every: options.Every, unknown: make(chan question)}
	unix.CloseOnExec(groupFD)
	unix.CloseOnExec(socketFD)
	self, err := ownFile()
	if err != nil {
		return err
	}
	w.own = self
	w.allowed, w.refused = newCache(maxAllowed, w.repeated), newCache(maxRefused, w.repeated)

	guarded := map[string]bool{}
	// It is opened before mounts are marked, so that no change is missed, and not by package os, which would poll it, too: one poll
	// takes a change away from the other.
	mounts, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/proc/self/mountinfo: %w", err)
	}
	if err := w.guard(guarded, options); err != nil {
		return err
	}
	leases, end := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(leases, unix.SIGIO)
	signal.Notify(end, unix.SIGTERM)
	go w.keepLeases(leases)
	for range judges {
		go w.judge()
	}

	var b [1]byte
	if _, err := unix.Write(socketFD, b[:]); err != nil {
		return fmt.Errorf("keeper: %w", err)
	}
	if n, err := unix.Read(socketFD, b[:]); n != 1 {
		return fmt.Errorf("keeper: it is gone: %v", err)
	}
	log.Add(Record{Event: "start", PID: os.Getpid()})
	return w.serve(mounts, guarded, end)
}

// guard sees to it that each file that can be executed is asked for.
func (w *worker) guard(guarded map[string]bool, options Options) error {
	if err := errors.Join(checkBusy(), checkLeases()); err != nil {
		return err
	}
	if err := w.group.markMounts(w.log, guarded); err != nil {
		return err
	}
	for _, c := range []struct {
		open bool
		what string
		do   func() (string, error)
	}{
		{options.AllowMemfd, "memfd: left open by --allow-memfd", w.group.guardMemory},
		{options.AllowNamespaces, "user namespaces: left open by --allow-user-namespaces", forbidNamespaces},
	} {
		how, event := c.what, "open"
		if !c.open {
			var err error
			if how, err = c.do(); err != nil {
				return err
			}
			event = "closed"
		}
		w.log.Add(Record{Event: event, Reason: how})
	}
	return nil
}

// serve reads questions until end.
func (w *worker) serve(mounts int, guarded map[string]bool, end <-chan os.Signal) error {
	fds := []unix.PollFd{
		{Fd: int32(w.group.fd), Events: unix.POLLIN},
		{Fd: int32(mounts), Events: unix.POLLPRI},
		{Fd: socketFD, Events: unix.POLLIN},
	}
	buffer := make([]byte, bufferSize)
	for {
		select {
		case <-end:
			return nil
		default:
		}
		if _, err := unix.Poll(fds, int(time.Second/time.Millisecond)); err != nil && err != unix.EINTR {
			return fmt.Errorf("poll: %w", err)
		}
		if fds[0].Revents != 0 {
			events, err := w.group.read(buffer, w.log)
			if err != nil {
				return err
			}
			for _, e := range events {
				if err := w.ask(e); err != nil {
					return err
				}
			}
		}
		if fds[1].Revents != 0 {
			if err := w.group.markMounts(w.log, guarded); err != nil {
				w.log.Add(Record{Event: "failed", Reason: err.Error()})
			}
		}
		if fds[2].Revents != 0 {
			fds[2].Fd = -1
			w.log.Add(Record{Event: "keeper-lost", Reason: "the keeper is gone; this worker guards alone"})
		}
		for i := range fds {
			fds[i].Revents = 0
		}
	}
}

// ask answers from the caches, or leaves the question to the judges.
func (w *worker) ask(e event) error {
	var s unix.Stat_t
	if err := unix.Fstat(e.fd, &s); err != nil {
		return w.decide(e, version{}, Verdict{Reason: "fstat: " + err.Error()})
	}
	v := versionOf(&s)
	if v.id() == w.own {
		return w.decide(e, v, Verdict{Allowed: true, Reason: "it is execguard"})
	}
	if known, err := w.known(e, v); known {
		return err
	}
	w.unknown <- question{e, v}
	return nil
}

// known answers from the caches, if they have a verdict.
func (w *worker) known(e event, v version) (bool, error) {
	for _, c := range []*cache{w.allowed, w.refused} {
		entry := c.lookup(v)
		if entry == nil {
			continue
		}
		if w.every {
			w.record(e, v, entry.verdict)
		}
		err := w.group.answer(e.fd, entry.verdict.Allowed)
		c.done(entry)
		unix.Close(e.fd)
		return true, err
	}
	return false, nil
}

// decide records a verdict that is not kept, answers, and closes the file.
func (w *worker) decide(e event, v version, verdict Verdict) error {
	w.record(e, v, verdict)
	err := w.group.answer(e.fd, verdict.Allowed)
	unix.Close(e.fd)
	return err
}

// judge answers questions that the caches did not.
func (w *worker) judge() {
	for q := range w.unknown {
		known, err := w.known(q.event, q.version) // another judge may have been faster
		if !known {
			err = w.read(q.event, q.version)
		}
		if err != nil {
			// The kernel takes no answer. Without a worker, the keeper refuses everything.
			w.log.Add(Record{Event: "failed", Reason: err.Error()})
			w.log.Close()
			os.Exit(1)
		}
	}
}

// read judges a file, answers and keeps the verdict.
func (w *worker) read(e event, v version) error {
	file := os.NewFile(uintptr(e.fd), pathOf(e.fd))
	v, verdict, err := w.leasedVerdict(file, v)
	if err != nil {
		w.record(e, v, Verdict{Reason: err.Error()})
		err = w.group.answer(e.fd, false)
		file.Close()
		return err
	}
	w.record(e, v, verdict) // while the process waits, and has its name
	c := w.refused
	if verdict.Allowed {
		c = w.allowed
	}
	kept := c.put(file, v, verdict)
	err = w.group.answer(e.fd, verdict.Allowed)
	c.done(kept)
	return err
}

// leasedVerdict judges a file under a lease. It returns the state that the verdict is on.
func (w *worker) leasedVerdict(file *os.File, v version) (version, Verdict, error) {
	if err := lease(file); err != nil {
		return v, Verdict{}, err
	}
	var s unix.Stat_t // again: somebody may have written before the lease
	if err := unix.Fstat(int(file.Fd()), &s); err != nil {
		return v, Verdict{}, err
	}
	v = versionOf(&s)
	verdict := w.policy.Judge(file)
	if !leased(file) {
		return v, verdict, errors.New("a process opened it for writing while it was read")
	}
	return v, verdict, nil
}

// keepLeases gives leases up that somebody waits for, and those that were not needed for a while.
func (w *worker) keepLeases(waiting <-chan os.Signal) {
	tick := time.NewTicker(time.Second)
	for {
		select {
		case <-waiting:
			w.allowed.giveUp()
			w.refused.giveUp()
		case <-tick.C:
			w.allowed.expire()
			w.refused.expire()
		}
	}
}

// record writes an execution to the log.
func (w *worker) record(e event, v version, verdict Verdict) {
	r := recordOf(v, verdict)
	r.Path = pathOf(e.fd)
	r.PID = e.pid
	r.Comm, r.UID = process(e.pid)
	w.log.Add(r)
}

// repeated records that a verdict was needed again, where not each execution is recorded.
func (w *worker) repeated(e *entry) {
	if w.every {
		return
	}
	r := recordOf(e.version, e.verdict)
	r.Event, r.Path, r.Count = "repeat", e.file.Name(), e.repeats
	w.log.Add(r)
}

func recordOf(v version, verdict Verdict) Record {
	return Record{Event: "exec", Verdict: word(verdict.Allowed), Reason: verdict.Reason, SHA256: verdict.SHA256, Signer: verdict.Signer,
		Dev: fmt.Sprintf("%d:%d", unix.Major(v.dev), unix.Minor(v.dev)), Ino: v.ino}
}

// pathOf returns how the kernel names an open file, with " (deleted)" after it for one without a name.
func pathOf(fd int) string {
	path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return ""
	}
	return path
}

// process returns the name of a process, which waits meanwhile, and its real user.
func process(pid int) (comm string, uid *uint32) {
	if pid == 0 {
		return "", nil
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return "", nil
	}
	for line := range bytes.Lines(status) {
		name, value, _ := strings.Cut(strings.TrimRight(string(line), "\n"), ":\t")
		switch name {
		case "Name":
			comm = value
		case "Uid":
			if n, err := strconv.ParseUint(strings.Fields(value + " ")[0], 10, 32); err == nil {
				real := uint32(n)
				return comm, &real
			}
		}
	}
	return comm, nil
}

// ownFile returns execguard's own file. It is always allowed: nobody can write to it while it is executed.
func ownFile() (fileID, error) {
	var s unix.Stat_t
	if err := unix.Stat("/proc/self/exe", &s); err != nil {
		return fileID{}, fmt.Errorf("/proc/self/exe: %w: /proc is needed", err)
	}
	return versionOf(&s).id(), nil
}
