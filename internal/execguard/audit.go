package execguard

import (
	"encoding/json"
	"io"
	"sync"
	"time"
	"unicode/utf8"
)

// A Record is a line of the audit log.
type Record struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`             // exec, or one of the events of docs/execguard.md
	Verdict string    `json:"verdict,omitempty"` // of exec: allow or deny
	Reason  string    `json:"reason,omitempty"`
	Path    string    `json:"path,omitempty"`       // of the file, as the kernel names it; of a mount
	Bytes   []byte    `json:"path_bytes,omitempty"` // the path in Base64, if it is no UTF-8
	SHA256  string    `json:"sha256,omitempty"`
	Signer  string    `json:"signer,omitempty"`
	Dev     string    `json:"dev,omitempty"` // MAJOR:MINOR
	Ino     uint64    `json:"ino,omitempty"`
	PID     int       `json:"pid,omitempty"` // of the process that executes
	UID     *uint32   `json:"uid,omitempty"` // its real user
	Comm    string    `json:"comm,omitempty"`
	Count   int       `json:"count,omitempty"` // how often, for what is recorded together
}

func word(allowed bool) string {
	if allowed {
		return "allow"
	}
	return "deny"
}

// backlog is how many records may wait to be written.
const backlog = 8192

// A Log writes records, one a line, in the order in which they are added. Nobody waits for it: verdicts must not depend on a disk that is
// full, or on a reader that needs a program to start. Records that find no room are counted, and the count is a record.
type Log struct {
	mu      sync.Mutex
	lost    int
	closed  bool
	records chan Record
	done    chan struct{}
}

// NewLog returns a log that writes to w, each record by one call of Write.
func NewLog(w io.Writer) *Log {
	l := &Log{records: make(chan Record, backlog), done: make(chan struct{})}
	go l.write(w)
	return l
}

// Add adds a record, and the time.
func (l *Log) Add(r Record) {
	r.Time = time.Now().UTC()
	if !utf8.ValidString(r.Path) {
		r.Bytes = []byte(r.Path)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	select {
	case l.records <- r:
	default:
		l.lost++
	}
}

// Close returns when all records are written.
func (l *Log) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.records)
	}
	l.mu.Unlock()
	<-l.done
}

func (l *Log) write(w io.Writer) {
	defer close(l.done)
	for r := range l.records {
		unwritten := 0
		if !writeRecord(w, r) {
			unwritten = 1
		}
		l.mu.Lock()
		l.lost += unwritten
		lost := l.lost
		l.lost = 0
		l.mu.Unlock()
		if lost > 0 && !writeRecord(w, Record{Time: time.Now().UTC(), Event: "lost", Count: lost}) {
			l.mu.Lock()
			l.lost += lost
			l.mu.Unlock()
		}
	}
}

func writeRecord(w io.Writer, r Record) bool {
	line, err := json.Marshal(r)
	if err != nil {
		return false
	}
	_, err = w.Write(append(line, '\n'))
	return err == nil
}
