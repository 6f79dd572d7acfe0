package execguard

import (
	"fmt"
	"strconv"
	"strings"
)

// A mount is a line of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	id      uint64
	dir     string
	options []string // of the mount, not of the file system
	kind    string   // of the file system
}

// parseMounts reads /proc/PID/mountinfo.
func parseMounts(text string) ([]mount, error) {
	var out []mount
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		// ID, parent's ID, device, root, directory, options, any number of tags, "-", type, source, options
		end := 6
		for end < len(fields) && fields[end] != "-" {
			end++
		}
		if end+1 >= len(fields) {
			return nil, fmt.Errorf("mountinfo line %d: %q, want six fields, tags, -, and the type", len(out)+1, line)
		}
		id, err := strconv.ParseUint(fields[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("mountinfo line %d: ID: %w", len(out)+1, err)
		}
		out = append(out, mount{id, unescape(fields[4]), strings.Split(fields[5], ","), fields[end+1]})
	}
	return out, nil
}

// unescape replaces a backslash and three octal digits by the byte that they are.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
