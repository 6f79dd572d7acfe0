//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
)

// The table of a record is between these lines; what is around it is kept.
const (
	tableStart = "<!-- fuzzall: table -->\n"
	tableEnd   = "<!-- fuzzall: end of table -->\n"
)

// A row is the sum of all recorded runs of one target.
type row struct {
	target     string
	executions int64
	corpus     int64
	failures   int64
}

type table []row

func (rows table) executions(t target) int64 {
	for _, r := range rows {
		if r.target == t.String() {
			return r.executions
		}
	}
	return 0
}

var tableRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([0-9,]+) \\| ([0-9,]+) \\| ([0-9,]+) \\|$")

// readRecord returns the table in the file.
func readRecord(path string) (table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, rows, _, err := splitRecord(path, text)
	return rows, err
}

func splitRecord(path string, text []byte) (before []byte, rows table, after []byte, err error) {
	start, end := bytes.Index(text, []byte(tableStart)), bytes.Index(text, []byte(tableEnd))
	if start < 0 || end < start {
		return nil, nil, nil, fmt.Errorf("%s: no lines %q and %q in this order, between which the table is", path, tableStart, tableEnd)
	}
	start += len(tableStart)
	for _, m := range tableRow.FindAllSubmatch(text[start:end], -1) {
		r := row{target: string(m[1])}
		for i, v := range []*int64{&r.executions, &r.corpus, &r.failures} {
			if *v, err = strconv.ParseInt(strings.ReplaceAll(string(m[2+i]), ",", ""), 10, 64); err != nil {
				return nil, nil, nil, fmt.Errorf("%s: row %q: %w", path, m[0], err)
			}
		}
		rows = append(rows, r)
	}
	return text[:start], rows, text[end:], nil
}

// addToRecord adds the result of a run to the table in the file.
func addToRecord(path string, t target, r result) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rows, after, err := splitRecord(path, text)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(r row) bool { return r.target == t.String() })
	if i < 0 {
		i = len(rows)
		rows = append(rows, row{target: t.String()})
	}
	rows[i].executions += r.executions
	rows[i].corpus = max(rows[i].corpus, r.corpus) // it only grows
	rows[i].failures += r.failures
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.target, b.target) })
	return atomicfile.Write(path, 0o666, before, rows.markdown(), after)
}

func (rows table) markdown() []byte {
	var b bytes.Buffer
	b.WriteString("\n| target | executions | corpus | failures |\n|---|---:|---:|---:|\n")
	var sum row
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.target, group(r.executions), group(r.corpus), group(r.failures))
		sum.executions += r.executions
		sum.corpus += r.corpus
		sum.failures += r.failures
	}
	fmt.Fprintf(&b, "| **all** | %s | %s | %s |\n\n", group(sum.executions), group(sum.corpus), group(sum.failures))
	return b.Bytes()
}

// group writes n with a comma after every three digits.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
