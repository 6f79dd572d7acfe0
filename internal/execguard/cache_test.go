//go:build linux

package execguard

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A testCache is a cache whose leases and time the test makes.
type testCache struct {
	*cache
	time    time.Time
	broken  map[*os.File]bool
	repeats map[uint64]int // by inode
	waited  time.Duration
}

func newTestCache(max int) *testCache {
	c := &testCache{time: time.Unix(1000, 0), broken: map[*os.File]bool{}, repeats: map[uint64]int{}}
	c.cache = newCache(max, func(e *entry) { c.repeats[e.version.ino] += e.repeats })
	c.now = func() time.Time { return c.time }
	c.leased = func(f *os.File) bool { return !c.broken[f] }
	c.wait = func(d time.Duration) {
		c.waited += d
		c.time = c.time.Add(d)
	}
	return c
}

// add puts a verdict on a file of its own, and is done with it.
func (c *testCache) add(t *testing.T, ino uint64, allowed bool) *os.File {
	f := newFile(t, nil)
	c.done(c.put(f, version{ino: ino}, Verdict{Allowed: allowed}))
	return f
}

func isOpen(f *os.File) bool {
	return f.SetDeadline(time.Time{}) != os.ErrClosed && f.Fd() != ^uintptr(0)
}

func TestCache(t *testing.T) {
	c := newTestCache(2)
	a := c.add(t, 1, true)
	if e := c.lookup(version{ino: 1}); e == nil || !e.verdict.Allowed {
		t.Fatalf("got %+v, want the verdict", e)
	} else {
		c.done(e)
	}
	for _, v := range []version{{ino: 2}, {dev: 1, ino: 1}, {ino: 1, size: 1}, {ino: 1, modified: unix.Timespec{Nsec: 1}},
		{ino: 1, changed: unix.Timespec{Sec: 1}}} {
		if e := c.lookup(v); e != nil {
			t.Errorf("%+v: got %+v, want none", v, e)
		}
	}

	// Another state of the file replaces it.
	b := newFile(t, nil)
	c.done(c.put(b, version{ino: 1, size: 1}, Verdict{}))
	if isOpen(a) || !isOpen(b) || c.entries.Len() != 1 || c.repeats[1] != 1 {
		t.Errorf("a open %v, b open %v, %d entries, %d repeats, want b alone and 1", isOpen(a), isOpen(b), c.entries.Len(), c.repeats[1])
	}

	// A lease that ends makes the verdict unknown. That on a refused file goes at once.
	c.broken[b] = true
	if e := c.lookup(version{ino: 1, size: 1}); e != nil {
		t.Errorf("without a lease: got %+v", e)
	}
	c.giveUp()
	if isOpen(b) || c.entries.Len() != 0 {
		t.Error("the file without a lease is kept")
	}
}

// TestCacheGrace: the lease on a file that was allowed lasts for the grace period after the answer, whatever happens.
func TestCacheGrace(t *testing.T) {
	c := newTestCache(1)
	f := newFile(t, nil)
	e := c.put(f, version{ino: 1}, Verdict{Allowed: true})
	c.broken[f] = true
	c.time = c.time.Add(time.Hour) // the answer is not given yet
	c.giveUp()
	c.expire()
	if !isOpen(f) {
		t.Fatal("the lease ends before the answer")
	}
	c.done(e)
	for range 2 {
		c.giveUp()
		c.expire()
		if !isOpen(f) {
			t.Fatal("the lease ends within the grace period")
		}
		c.time = c.time.Add(grace)
	}
	c.giveUp()
	if isOpen(f) {
		t.Error("the lease lasts after the grace period, and a writer waits")
	}

	// Room for another one is made after the grace period.
	first := c.add(t, 2, true)
	second := c.add(t, 3, true)
	if c.waited <= grace || c.waited > grace+time.Second || isOpen(first) || !isOpen(second) {
		t.Errorf("waited %v, want more than %v", c.waited, grace)
	}
	// At once, if it was refused.
	c = newTestCache(1)
	first = c.add(t, 2, false)
	second = c.add(t, 3, false)
	if c.waited != 0 || isOpen(first) || !isOpen(second) {
		t.Errorf("waited %v, want nothing", c.waited)
	}
	// Within the grace period after the last use, not only the first.
	c = newTestCache(2)
	first = c.add(t, 1, true)
	c.time = c.time.Add(grace)
	c.done(c.lookup(version{ino: 1}))
	c.time = c.time.Add(grace)
	c.broken[first] = true
	c.giveUp()
	if !isOpen(first) {
		t.Error("the lease ends within the grace period after another use")
	}
}

func TestCacheIdle(t *testing.T) {
	c := newTestCache(3)
	a, b := c.add(t, 1, true), c.add(t, 2, false)
	c.time = c.time.Add(idle)
	c.done(c.lookup(version{ino: 2}))
	c.time = c.time.Add(1)
	c.expire()
	if isOpen(a) || !isOpen(b) {
		t.Errorf("idle one open %v, other one open %v", isOpen(a), isOpen(b))
	}
	if c.repeats[2] != 1 {
		t.Errorf("%d repeats, want 1", c.repeats[2])
	}
	c.expire()
	if c.repeats[2] != 1 {
		t.Errorf("%d repeats, want 1 only", c.repeats[2])
	}
}

// TestLease asks this machine's kernel for what the guard relies on.
func TestLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("contents"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := lease(f); err == nil || err.Error() != "a process has it open for writing" {
		t.Fatalf("with a writer: got %v", err)
	}
	writer.Close()
	if err := lease(f); err != nil {
		t.Fatal(err)
	}
	if !leased(f) {
		t.Error("the lease does not last")
	}
	if r, err := os.Open(path); err != nil || !leased(f) {
		t.Errorf("a reader: %v, the lease lasts %v", err, leased(f))
	} else {
		r.Close()
	}
	if _, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != unix.EWOULDBLOCK {
		t.Errorf("a writer that does not wait: %v, want %v", err, unix.EWOULDBLOCK)
	}
	if leased(f) {
		t.Error("the lease lasts although a writer came")
	}
	again, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := lease(again); err == nil {
		t.Error("there is another lease although a writer came")
	}
	f.Close()
	if err := lease(again); err != nil {
		t.Errorf("after the first lease has ended: %v", err)
	}

	done := make(chan error)
	go func() { done <- os.Truncate(path, 0) }()
	for leased(again) {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Errorf("the file was cut during the lease: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	again.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}

	proc, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	if err := lease(proc); err == nil {
		t.Error("a file of /proc, which the kernel makes, has a lease")
	}
}

// BenchmarkKnown is an answer from the cache, without the kernel's part of fanotify: what limits executions per second.
func BenchmarkKnown(b *testing.B) {
	null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	w := &worker{group: &group{null}, allowed: newCache(maxAllowed, func(*entry) {}), refused: newCache(maxRefused, func(*entry) {})}
	f := newFile(b, []byte("contents"))
	if err := lease(f); err != nil {
		b.Fatal(err)
	}
	var s unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &s); err != nil {
		b.Fatal(err)
	}
	w.allowed.done(w.allowed.put(f, versionOf(&s), Verdict{Allowed: true}))
	used := func() int64 {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	w.unknown = make(chan question) // nobody reads it: a question that is not answered from the cache blocks
	before := used()
	for b.Loop() {
		fd, err := unix.Dup(int(f.Fd()))
		if err != nil {
			b.Fatal(err)
		}
		if err := w.ask(event{fd: fd}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") // does not depend on what else this machine does
}
