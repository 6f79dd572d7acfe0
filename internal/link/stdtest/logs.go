package stdtest

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// Whole is the name under which results have the exit status of the test program.
const Whole = "the test program"

// A Place says what was tested: the test program of a package, for an architecture
// (GOARCH), made in a mode, for example static-pie or exe+functions.
type Place struct{ Package, GOARCH, Mode string }

// A Result counts what the tests at a place said.
type Result struct {
	Place
	Pass, Fail, Skip int
	Differ           []string // names of those that say something else than under go test
}

// String returns the first of the lines that ReadLog reads; those of differ follow.
func (r Result) String() string {
	return fmt.Sprintf("%s %s %s: %d PASS, %d FAIL, %d SKIP, %d differ from go test", r.Package, r.GOARCH, r.Mode, r.Pass, r.Fail, r.Skip, len(r.Differ))
}

// differ returns the line for the test with this name, one of r.Differ.
func (r Result) differ(name, got, want string) string {
	return fmt.Sprintf("%s %s %s: %s: %q, under go test %q", r.Package, r.GOARCH, r.Mode, name, got, want)
}

var differLine = regexp.MustCompile(`: (\S+) (\S+) (\S+): (.+): "[A-Z]*", under go test "[A-Z]*"$`)

var logLine = regexp.MustCompile(`: (\S+) (\S+) (\S+): (\d+) PASS, (\d+) FAIL, (\d+) SKIP, (\d+) differ from go test$`)

// ReadLog returns the results in a log of this package's test, in their order. It
// passes over all other lines.
func ReadLog(log io.Reader) ([]Result, error) {
	var all []Result
	s := bufio.NewScanner(log)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if m := differLine.FindStringSubmatch(s.Text()); m != nil && len(all) > 0 {
			if r := &all[len(all)-1]; r.Place == (Place{m[1], m[2], m[3]}) {
				r.Differ = append(r.Differ, m[4])
			}
			continue
		}
		m := logLine.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		r := Result{Place: Place{m[1], m[2], m[3]}}
		for i, p := range []*int{&r.Pass, &r.Fail, &r.Skip, new(int)} {
			n, err := strconv.Atoi(m[4+i])
			if err != nil {
				return nil, fmt.Errorf("log line %q: %w", s.Text(), err)
			}
			*p = n
		}
		all = append(all, r)
	}
	return all, s.Err()
}
