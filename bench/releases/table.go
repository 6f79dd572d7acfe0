package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// A table is the result of a run.
type table struct {
	dir      string // temporary: errors are shown without it
	releases []releaseRow
	rows     []row
}

// A releaseRow has the steps that are done once a release.
type releaseRow struct {
	name     string
	sdkcheck error
	compare  []error // by mode
}

// A row is one release, architecture and mode.
type row struct {
	release, arch, mode string
	cells               []error // by step
}

// all returns the results of all steps.
func (t *table) all() (out []error) {
	for _, r := range t.releases {
		out = append(append(out, r.sdkcheck), r.compare...)
	}
	for _, r := range t.rows {
		out = append(out, r.cells...)
	}
	return out
}

// failed counts the steps that failed.
func (t *table) failed() (n int) {
	for _, err := range t.all() {
		if failed(err) {
			n++
		}
	}
	return n
}

func (t *table) markdown() string {
	var b strings.Builder
	var notes []string
	cell := func(err error) string {
		switch {
		case err == nil:
			return "✓"
		case !failed(err):
			return "-"
		}
		notes = append(notes, strings.ReplaceAll(err.Error(), t.dir, "…"))
		return fmt.Sprintf("✗ %d", len(notes))
	}
	line := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	head := func(cells ...string) {
		line(cells...)
		b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
	}

	passed, left := 0, 0
	for _, err := range t.all() {
		switch {
		case err == nil:
			passed++
		case !failed(err):
			left++
		}
	}
	fmt.Fprintf(&b, "`go run ./bench/releases%s`, %s, tools built by %s: %d steps passed, %d failed, %d not done.\n\n",
		flags(), time.Now().UTC().Format(time.DateOnly), runtime.Version(), passed, t.failed(), left)
	cells := []string{"release", "sdkcheck"}
	for _, m := range modes {
		cells = append(cells, "compare: "+m.name)
	}
	head(cells...)
	for _, r := range t.releases {
		cells := []string{r.name, cell(r.sdkcheck)}
		for _, err := range r.compare {
			cells = append(cells, cell(err))
		}
		line(cells...)
	}
	b.WriteByte('\n')
	cells = []string{"release", "machine", "mode"}
	for _, s := range steps {
		cells = append(cells, s.name)
	}
	head(cells...)
	for _, r := range t.rows {
		cells := []string{r.release, r.arch, r.mode}
		for _, err := range r.cells {
			cells = append(cells, cell(err))
		}
		line(cells...)
	}
	for i, note := range notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%d. %s\n", i+1, strings.ReplaceAll(note, "\n", "\n   "))
	}
	return b.String()
}

// flags returns the flags of this run, each after a space.
func flags() string { return strings.TrimRight(" "+strings.Join(os.Args[1:], " "), " ") }
