package execguard

import (
	"encoding/binary"
	"fmt"
)

// Of struct fanotify_event_metadata and fanotify(7).
const (
	metadataSize    = 24
	metadataVersion = 3
	openExecPerm    = 0x40000
)

// responseSize is that of struct fanotify_response: the descriptor, and the answer.
const responseSize = 8

// An event is the kernel's question whether a process may execute the file that fd has open.
type event struct {
	fd  int
	pid int // of the process that executes, 0 for one of the kernel's or of another PID namespace
}

// parseEvents reads what one read(2) of a group returned. It fails unless all of it is such questions: then none is answered here, and
// the keeper refuses them all.
func parseEvents(b []byte) ([]event, error) {
	events := make([]event, 0, len(b)/metadataSize)
	for off := 0; off < len(b); {
		rest := b[off:]
		if len(rest) < metadataSize {
			return nil, fmt.Errorf("fanotify event at %d: %d bytes are left, want %d", off, len(rest), metadataSize)
		}
		length, head := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint16(rest[6:])
		if version := rest[4]; version != metadataVersion {
			return nil, fmt.Errorf("fanotify event at %d: version %d, want %d: this kernel is newer than execguard", off, version, metadataVersion)
		}
		if head < metadataSize || uint32(head) > length || uint64(length) > uint64(len(rest)) {
			return nil, fmt.Errorf("fanotify event at %d: %d bytes with a head of %d, want %d to %d", off, length, head, metadataSize, len(rest))
		}
		mask := binary.LittleEndian.Uint64(rest[8:])
		e := event{int(int32(binary.LittleEndian.Uint32(rest[16:]))), int(int32(binary.LittleEndian.Uint32(rest[20:])))}
		if mask != openExecPerm || e.fd < 0 {
			return nil, fmt.Errorf("fanotify event at %d: mask %#x, descriptor %d, want %#x and one that is open", off, mask, e.fd, openExecPerm)
		}
		events = append(events, e)
		off += int(length)
	}
	return events, nil
}

// response is what the kernel gets for the file that it opened as fd.
func response(fd int, allow bool) [responseSize]byte {
	const allowed, denied = 1, 2 // FAN_ALLOW, FAN_DENY
	var b [responseSize]byte
	binary.LittleEndian.PutUint32(b[:], uint32(fd))
	answer := uint32(denied)
	if allow {
		answer = allowed
	}
	binary.LittleEndian.PutUint32(b[4:], answer)
	return b
}
