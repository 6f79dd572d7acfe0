//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/measure"
	"golang.org/x/sys/unix"
)

const head = `# File servers by io_uring, epoll and threads

<!-- Made by ` + "`go run ./bench/fileserver -doc docs/evidence/fileserver.md`" + `. Edit bench/fileserver instead. -->

[examples/uring](../../examples/uring) is one file server with three engines: io_uring, and epoll, each with one thread that serves; and a
thread for each connection with read(2) and write. Clients on the same machine get one file again and again over connections that stay
open. In parentheses is the ratio to epoll. Processor time is that of the server for a request, with what the kernel does for it in its
name. Requests a second depend on what clients and others take of the processors, too: on a busy machine, a server with many threads
gets a greater share of it.

`

// page returns the results as Markdown.
func page(results map[load]map[string][]sample, rounds int, duration time.Duration) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	b.WriteString("| file | connections |")
	for _, figure := range []string{"requests/s", "µs CPU/request"} {
		for _, engine := range engines {
			fmt.Fprintf(&b, " %s, %s |", engine, figure)
		}
	}
	fmt.Fprintf(&b, "\n|---:|---:|%s\n", strings.Repeat("---:|", 2*len(engines)))
	for _, l := range loads {
		fmt.Fprintf(&b, "| %d KiB | %d |", l.size>>10, l.connections)
		for _, figure := range []func(sample) float64{
			func(s sample) float64 { return s.perSecond },
			func(s sample) float64 { return float64(s.cpu.Nanoseconds()) / 1000 },
		} {
			var base float64
			for i, engine := range engines {
				var figures []float64
				for _, s := range results[l][engine] {
					figures = append(figures, figure(s))
				}
				median := measure.Quantile(figures, 0.5)
				ratio := ""
				if i == 0 {
					base = median
				} else {
					ratio = fmt.Sprintf(" (%.2f)", median/base)
				}
				fmt.Fprintf(&b, " %s%s |", number(median), ratio)
			}
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nMedians of %d rounds of %v, in turn, %s, %s, Linux %s, %d processors: %s.\n"+
		"The load average was %s: other work ran beside it, so compare engines within a row, not rows of two runs.\n",
		rounds, duration, time.Now().UTC().Format(time.DateOnly), runtime.Version(), kernel(), runtime.NumCPU(), processor(), loadAverage())
	return b.Bytes()
}

// number returns x with three digits that count.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "of an unknown release"
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	return release
}

// processor returns the name of the first processor.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(data))[:3], ", ")
}
