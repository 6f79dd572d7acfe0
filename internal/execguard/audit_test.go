package execguard

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
)

// A sink is what a log writes to. It can be full, or wait.
type sink struct {
	mu    sync.Mutex
	err   error
	lines []string
	gate  chan bool // if it is not nil, each line waits for it
}

func (s *sink) Write(b []byte) (int, error) {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	s.lines = append(s.lines, string(b))
	return len(b), nil
}

func TestLog(t *testing.T) {
	s := &sink{}
	l := NewLog(s)
	uid := uint32(0)
	l.Add(Record{Event: "exec", Verdict: "deny", Path: "/a\nb\xff", PID: 1, UID: &uid})
	l.Add(Record{Event: "exec", Verdict: "allow", Path: "/ä"})
	l.Close()
	l.Add(Record{Event: "late"})
	l.Close()
	if len(s.lines) != 2 {
		t.Fatalf("lines %q, want 2", s.lines)
	}
	for i, path := range []string{"/a\nb\xff", "/ä"} {
		var r Record
		if err := json.Unmarshal([]byte(s.lines[i]), &r); err != nil || strings.Count(s.lines[i], "\n") != 1 || r.Time.IsZero() {
			t.Errorf("%q: %v", s.lines[i], err)
		}
		if i == 0 && (!bytes.Equal(r.Bytes, []byte(path)) || r.UID == nil || *r.UID != 0) ||
			i == 1 && (r.Path != path || r.Bytes != nil || r.UID != nil) {
			t.Errorf("got %+v, want the path %q", r, path)
		}
	}
}

// TestLogLost: nobody waits for a log that cannot be written, and what is lost is counted.
func TestLogLost(t *testing.T) {
	s := &sink{gate: make(chan bool)}
	l := NewLog(s)
	const added = backlog + 100
	for range added {
		l.Add(Record{Event: "exec"})
	}
	close(s.gate)
	l.Close()
	written, lost := 0, 0
	for _, line := range s.lines {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Event == "lost" {
			lost += r.Count
		} else {
			written++
		}
	}
	if lost < 99 || written+lost != added {
		t.Errorf("%d written, %d lost, want %d together, and 99 or more lost", written, lost, added)
	}

	s = &sink{err: errors.New("disk full")}
	l = NewLog(s)
	for range 3 {
		l.Add(Record{Event: "exec"})
	}
	for wrote := false; !wrote; {
		l.mu.Lock()
		wrote = l.lost == 3
		l.mu.Unlock()
	}
	s.mu.Lock()
	s.err = nil
	s.mu.Unlock()
	l.Add(Record{Event: "exec"})
	l.Close()
	if len(s.lines) != 2 || !strings.Contains(s.lines[1], `"event":"lost","count":3`) {
		t.Errorf("lines %q, want a record, and 3 lost", s.lines)
	}
}
