package main

import (
	"fmt"
	"slices"
	"strings"
)

// refusals are what EDK II prints after "failed to load" of an image that Secure Boot forbids.
var refusals = []string{"Access Denied", "Security Violation"}

// A watch looks at what the machine prints.
type watch struct {
	refused string // the firmware's line
	failed  string // another line that ends the hope for a start
}

// line reports whether nothing is to be waited for any more: firmware that starts nothing waits for ever.
func (w *watch) line(line string) bool {
	if !strings.Contains(line, "BdsDxe: failed to load ") {
		return false
	}
	if slices.ContainsFunc(refusals, func(r string) bool { return strings.Contains(line, r) }) {
		w.refused = line
	} else {
		w.failed = line
	}
	return true
}

// judge compares what the machine printed with what the test expects.
func (t *test) judge(w *watch, output string, values map[string]string) error {
	switch {
	case w.failed != "":
		return fmt.Errorf("the firmware did not start the image, and not because of Secure Boot: %s", w.failed)
	case t.Refused && w.refused == "":
		return fmt.Errorf("the firmware started the image, want it refused")
	case !t.Refused && w.refused != "":
		return fmt.Errorf("the firmware refused the image, want it started: %s", w.refused)
	}
	for _, want := range t.Expect {
		for name, value := range values {
			want = strings.ReplaceAll(want, "{"+name+"}", value)
		}
		if !strings.Contains(output, want) {
			return fmt.Errorf("the machine did not print %q", want)
		}
	}
	for _, bad := range t.Forbid {
		if strings.Contains(output, bad) {
			return fmt.Errorf("the machine printed %q", bad)
		}
	}
	return nil
}
