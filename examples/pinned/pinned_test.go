//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{}) }

// TestPinned: on each processor that this process may use, the thread stays there.
func TestPinned(t *testing.T) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for processor := 0; seen < allowed.Count(); processor++ {
		if !allowed.IsSet(processor) {
			continue
		}
		seen++
		result := progtest.Run(t, progtest.Under().Command(fmt.Sprint(processor)))
		want := fmt.Sprintf("thread on processor %d: asked 10000 times, 0 times elsewhere\n", processor)
		if result.Code != 0 || result.Stdout != want || result.Stderr != "" {
			t.Errorf("got %+v, want %q", result, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for arg, want := range map[string]string{
		"8191": "sched_setaffinity for processor 8191: invalid argument: want one of those in Cpus_allowed_list",
		"8192": `"8192" is no processor, want a number from 0 to 8191`,
		"-1":   `"-1" is no processor`,
		"x":    `"x" is no processor`,
	} {
		result := progtest.Run(t, progtest.Under().Command(arg))
		if result.Code != 1 || result.Stdout != "" || !strings.Contains(result.Stderr, "pinned: "+want) {
			t.Errorf("%s: got %+v, want %q", arg, result, want)
		}
	}
	if result := progtest.Run(t, progtest.Under().Command()); result.Code != 1 || !strings.Contains(result.Stderr, "0 arguments, want one") {
		t.Errorf("without arguments: got %+v", result)
	}
}
