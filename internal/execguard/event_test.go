package execguard

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// metadata returns an event as the kernel writes it.
func metadata(length uint32, version byte, head uint16, mask uint64, fd, pid int32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, length)
	b = append(b, version, 0)
	b = binary.LittleEndian.AppendUint16(b, head)
	b = binary.LittleEndian.AppendUint64(b, mask)
	b = binary.LittleEndian.AppendUint32(b, uint32(fd))
	return binary.LittleEndian.AppendUint32(b, uint32(pid))
}

func TestParseEvents(t *testing.T) {
	ok := metadata(24, 3, 24, openExecPerm, 7, 100)
	longer := append(metadata(32, 3, 24, openExecPerm, 8, 0), make([]byte, 8)...)
	for _, tt := range []struct {
		name string
		in   []byte
		want []event
		err  string
	}{
		{"none", nil, []event{}, ""},
		{"one", ok, []event{{7, 100}}, ""},
		{"two, with more information", slices.Concat(longer, ok), []event{{8, 0}, {7, 100}}, ""},
		{"cut", ok[:20], nil, "at 0: 20 bytes are left, want 24"},
		{"second one cut", slices.Concat(ok, ok[:1]), nil, "at 24: 1 bytes are left"},
		{"version", metadata(24, 4, 24, openExecPerm, 7, 100), nil, "version 4, want 3: this kernel is newer"},
		{"no length", metadata(0, 3, 24, openExecPerm, 7, 100), nil, "0 bytes with a head of 24, want 24 to 24"},
		{"short head", metadata(24, 3, 16, openExecPerm, 7, 100), nil, "24 bytes with a head of 16"},
		{"head longer than the event", metadata(24, 3, 32, openExecPerm, 7, 100), nil, "24 bytes with a head of 32"},
		{"longer than what was read", metadata(1<<31, 3, 24, openExecPerm, 7, 100), nil, "2147483648 bytes with a head of 24"},
		{"overflow of the queue", metadata(24, 3, 24, 0x4000, -1, 0), nil, "mask 0x4000, descriptor -1, want 0x40000"},
		{"another question", metadata(24, 3, 24, 0x10000, 7, 0), nil, "mask 0x10000, descriptor 7"},
		{"no file", metadata(24, 3, 24, openExecPerm, -1, 0), nil, "descriptor -1"},
	} {
		got, err := parseEvents(tt.in)
		switch {
		case tt.err == "" && (err != nil || !slices.Equal(got, tt.want)):
			t.Errorf("%s: got %v, %v, want %v", tt.name, got, err, tt.want)
		case tt.err != "" && (err == nil || got != nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: got %v, %v, want no events and %q", tt.name, got, err, tt.err)
		}
	}
	if allow, deny := response(7, true), response(7, false); allow != [8]byte{7, 0, 0, 0, 1} || deny != [8]byte{7, 0, 0, 0, 2} {
		t.Errorf("responses % x, % x", allow, deny)
	}
}

func FuzzParseEvents(f *testing.F) {
	f.Add(metadata(24, 3, 24, openExecPerm, 7, 100))
	f.Add(append(metadata(32, 3, 24, openExecPerm, 8, 0), make([]byte, 8)...))
	f.Add(metadata(0, 3, 24, openExecPerm, 7, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzztest.Bounded(t, len(b), 16, func() {
			events, err := parseEvents(b)
			if (events == nil) != (err != nil) {
				t.Errorf("got %v, %v, want events or an error", events, err)
			}
			if len(events) > len(b)/metadataSize {
				t.Errorf("%d events of %d bytes", len(events), len(b))
			}
			for _, e := range events {
				if e.fd < 0 {
					t.Errorf("an event without a file: %v", e)
				}
			}
		})
	})
}
