//go:build linux

package execguard

import (
	"container/list"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// How long verdicts are kept.
const (
	// grace is how long a lease is kept at least after its file was allowed, also if somebody waits to write: by then the kernel has
	// begun to execute the file, and nobody can write to it, or it has failed to. The kernel does not say when. It must be
	// shorter than fs.lease-break-time, after which the kernel ends leases by itself.
	grace = 10 * time.Second

	// idle is how long a verdict is kept after it was last needed. As long the file is open, and its file system cannot be unmounted.
	idle = 30 * time.Second
)

// A version identifies a file and the state it is in. The lease alone says that the contents have not changed since; what is here beside
// the inode would show it if the kernel were wrong about that.
type version struct {
	dev, ino uint64
	size     int64
	modified unix.Timespec
	changed  unix.Timespec // ctime
}

func versionOf(s *unix.Stat_t) version { return version{uint64(s.Dev), s.Ino, s.Size, s.Mtim, s.Ctim} }

// A file's key in the cache.
type fileID struct{ dev, ino uint64 }

func (v version) id() fileID { return fileID{v.dev, v.ino} }

// An entry is a verdict on a file that is open and leased.
type entry struct {
	file    *os.File
	version version
	verdict Verdict
	used    time.Time // when it was last needed
	pending int       // how many answers are being given by it: its lease lasts until they are, and for the grace period
	repeats int       // how often it was needed since that was last recorded
}

// mayGo reports whether the lease may end without a risk that an execution that was allowed has not begun.
func (e *entry) mayGo(now time.Time) bool {
	return e.pending == 0 && (!e.verdict.Allowed || now.Sub(e.used) > grace)
}

// A cache keeps verdicts that are still true: the one that was not needed for the longest time goes first.
type cache struct {
	mu      sync.Mutex
	max     int        // entries
	entries *list.List // of *entry, the last one needed first
	byID    map[fileID]*list.Element
	leased  func(*os.File) bool // reports whether the lease lasts
	now     func() time.Time
	wait    func(time.Duration)
	repeat  func(*entry) // records that repeats is not zero; called with the lock
}

func newCache(max int, repeat func(*entry)) *cache {
	return &cache{max: max, entries: list.New(), byID: map[fileID]*list.Element{}, leased: leased, now: time.Now, wait: time.Sleep,
		repeat: repeat}
}

// lookup returns what is known of the file in the state v, nil for nothing that is true. Answer, then call done.
func (c *cache) lookup(v version) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.byID[v.id()]
	if element == nil {
		return nil
	}
	e := element.Value.(*entry)
	if e.version != v || !c.leased(e.file) {
		return nil // put replaces it, or giveUp removes it
	}
	e.used = c.now()
	e.pending++
	e.repeats++
	c.entries.MoveToFront(element)
	return e
}

// put adds a verdict on a file that is leased, and takes the file over. It waits for room while no lease may end. Answer, then call done.
func (c *cache) put(file *os.File, v version, verdict Verdict) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.byID[v.id()] == nil && c.entries.Len() >= c.max {
		if oldest := c.entries.Back(); oldest.Value.(*entry).mayGo(c.now()) {
			c.remove(oldest)
			continue
		}
		c.mu.Unlock()
		c.wait(10 * time.Millisecond)
		c.mu.Lock()
	}
	e := &entry{file: file, version: v, verdict: verdict, used: c.now(), pending: 1}
	old := c.byID[v.id()]
	c.byID[v.id()] = c.entries.PushFront(e)
	if old != nil {
		c.remove(old) // the lease of e lasts
	}
	return e
}

// done says that the answer by e was given.
func (c *cache) done(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.pending--
	e.used = c.now()
	if element := c.byID[e.version.id()]; element != nil { // another one, if e was replaced meanwhile
		element.Value.(*entry).used = e.used
	}
}

// remove closes the file, which ends its lease.
func (c *cache) remove(element *list.Element) {
	e := c.entries.Remove(element).(*entry)
	if c.byID[e.version.id()] == element {
		delete(c.byID, e.version.id())
	}
	c.report(e)
	e.file.Close()
}

func (c *cache) report(e *entry) {
	if e.repeats > 0 {
		c.repeat(e)
		e.repeats = 0
	}
}

// giveUp ends the leases that somebody waits for, who wants to write.
func (c *cache) giveUp() {
	c.sweep(func(e *entry) bool { return !c.leased(e.file) })
}

// expire ends the leases that somebody waits for, and those that were not needed for a while, and records how often the others were.
func (c *cache) expire() {
	now := c.now()
	c.sweep(func(e *entry) bool {
		c.report(e)
		return now.Sub(e.used) > idle || !c.leased(e.file)
	})
}

// sweep removes the entries that are to go and may.
func (c *cache) sweep(goes func(*entry) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for element := c.entries.Front(); element != nil; {
		next := element.Next()
		if e := element.Value.(*entry); goes(e) && e.mayGo(now) {
			c.remove(element)
		}
		element = next
	}
}
