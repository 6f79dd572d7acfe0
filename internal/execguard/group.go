//go:build linux

package execguard

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// A group is a fanotify group.
type group struct{ fd int }

// newGroup makes a group without marks. Its queue has no bound: for a question that finds no room the kernel allows the execution.
//
// The kernel opens files for the group without waiting (O_NONBLOCK) for leases of other processes: it refuses the execution instead.
func newGroup() (*group, error) {
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_UNLIMITED_QUEUE|unix.FAN_UNLIMITED_MARKS,
		unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOATIME)
	switch err {
	case nil:
		return &group{fd}, nil
	case unix.EPERM:
		return nil, fmt.Errorf("fanotify_init: %w: CAP_SYS_ADMIN is needed, in the first user namespace", err)
	case unix.ENOSYS, unix.EINVAL:
		return nil, fmt.Errorf("fanotify_init: %w: the kernel has no CONFIG_FANOTIFY_ACCESS_PERMISSIONS", err)
	}
	return nil, fmt.Errorf("fanotify_init: %w", err)
}

// mark marks the file system of a path, or, without a path, of the open file dir.
func (g *group) mark(dir int, path string) error {
	return unix.FanotifyMark(g.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, unix.FAN_OPEN_EXEC_PERM, dir, path)
}

// bufferSize is the room for questions, in bytes. One read returns what there is.
const bufferSize = 256 * metadataSize

// read returns questions that are waiting, none if there are none. It records a question that the kernel has answered itself.
func (g *group) read(buffer []byte, log *Log) ([]event, error) {
	n, err := unix.Read(g.fd, buffer)
	switch err {
	case nil:
		return parseEvents(buffer[:n])
	case unix.EAGAIN, unix.EINTR: // nothing is there, or the file is leased by another process: then the kernel has refused
	case unix.EBADF, unix.EFAULT, unix.EINVAL:
		return nil, fmt.Errorf("fanotify: %w", err)
	default:
		log.Add(Record{Event: "exec", Verdict: word(false), Reason: "the kernel could not open it for execguard: " + err.Error()})
	}
	return nil, nil
}

// answer answers a question. The file stays open.
func (g *group) answer(fd int, allow bool) error {
	b := response(fd, allow)
	for {
		_, err := unix.Write(g.fd, b[:])
		switch err {
		case unix.EINTR:
		case nil, unix.ENOENT: // the process was killed meanwhile
			return nil
		default:
			return fmt.Errorf("fanotify: answer: %w", err)
		}
	}
}

// refuseAll refuses what a worker was asked before it died, which only its descriptors identify: they are below limit.
func (g *group) refuseAll(limit int) error {
	for fd := range limit {
		if err := g.answer(fd, false); err != nil {
			return err
		}
	}
	return nil
}

// markMounts marks the file system of each mount in mountinfo. One that cannot be marked is made noexec. It returns what could be neither.
// What it finds is recorded unless guarded has it from the last time.
func (g *group) markMounts(log *Log, guarded map[string]bool) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	mounts, err := parseMounts(string(data))
	if err != nil {
		return err
	}
	var failed []error
	present := map[string]bool{}
	for _, m := range mounts {
		key := fmt.Sprintf("%d %s", m.id, m.dir)
		present[key] = true
		err := m.reached()
		if err == nil {
			err = g.mark(unix.AT_FDCWD, m.dir)
		}
		record := Record{Event: "guarded", Path: m.dir, Reason: m.kind}
		switch {
		case err == nil:
		case slices.Contains(m.options, "noexec"):
			record.Event, record.Reason = "noexec", m.kind+": nothing can be executed there: "+err.Error()
		case err == errCovered:
			record.Event, record.Reason = "covered", m.kind+": "+err.Error()+": it is guarded when that is unmounted"
		case m.forbid() == nil:
			record.Event, record.Reason = "made-noexec", m.kind+": "+err.Error()
		default:
			record.Event, record.Reason = "unguarded", m.kind+": "+err.Error()
			failed = append(failed, fmt.Errorf("%s (%s): it cannot be guarded: %w: mount it noexec", m.dir, m.kind, err))
		}
		if !guarded[key] {
			log.Add(record)
		}
	}
	clear(guarded)
	for key := range present {
		guarded[key] = true
	}
	return errors.Join(failed...)
}

// errCovered is about a mount that no path leads to.
var errCovered = errors.New("another mount is over it")

// reached fails unless the path of the mount leads to it.
func (m mount) reached() error {
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, m.dir, unix.AT_NO_AUTOMOUNT|unix.AT_STATX_DONT_SYNC, unix.STATX_MNT_ID, &s); err != nil {
		return err
	}
	if s.Mask&unix.STATX_MNT_ID != 0 && s.Mnt_id != m.id {
		return errCovered
	}
	return nil
}

// forbid makes the mount noexec. Its path leads to it.
func (m mount) forbid() error {
	flags := uintptr(unix.MS_REMOUNT | unix.MS_BIND | unix.MS_NOEXEC)
	for _, o := range m.options {
		flags |= mountFlags[o]
	}
	return unix.Mount("", m.dir, "", flags, "")
}

// mountFlags are the flags that mountinfo names among the options of a mount.
var mountFlags = map[string]uintptr{
	"ro": unix.MS_RDONLY, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noatime": unix.MS_NOATIME,
	"nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME,
}
