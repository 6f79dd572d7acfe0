//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/marked"
)

// A row of the table: cells is what follows on the program and the architecture.
type row struct{ program, goarch, cells string }

const tableHead = "| program | architecture | dynamic sites | listed | made in one run | made, not listed |\n|---|---|---|---:|---:|---|\n"

func markdown(rows []row) string {
	var b strings.Builder
	b.WriteString(tableHead)
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.program, r.goarch, r.cells)
	}
	return b.String()
}

// readRows returns the rows of what markdown returned.
func readRows(text string) []row {
	var rows []row
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "| "), " |")
		if cells := strings.SplitN(line, " | ", 3); len(cells) == 3 && cells[0] != "program" {
			rows = append(rows, row{cells[0], cells[1], cells[2]})
		}
	}
	return rows
}

// writeDoc puts rows in the place of those of the same programs and architectures in the file's table, or adds them to it.
func writeDoc(file string, rows []row) error {
	return marked.Edit(file, "bench/syscalls", func(old string) string {
		for _, r := range readRows(old) {
			if !slices.ContainsFunc(rows, func(n row) bool { return n.program == r.program && n.goarch == r.goarch }) {
				rows = append(rows, r)
			}
		}
		slices.SortFunc(rows, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.goarch, b.goarch), strings.Compare(a.program, b.program))
		})
		return markdown(rows)
	})
}
