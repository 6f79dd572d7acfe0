// Table reads logs of package stdtest on standard input and prints their results as
// a Markdown table: a row for each package, a column for each architecture and build
// mode. Of several results for one place the last counts.
package main

import (
	"bufio"
	"fmt"
	"log"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// resultLine is what stdtest logs of a package in a mode.
var resultLine = regexp.MustCompile(`: (\S+) (\S+ \S+): (\d+) PASS, (\d+) FAIL, (\d+) SKIP, (\d+) differ from go test$`)

func main() {
	log.SetFlags(0)
	rows := map[string]map[string]string{}
	columns := map[string]bool{}
	s := bufio.NewScanner(os.Stdin)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		m := resultLine.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		pkg, column := m[1], m[2]
		cell := m[3] + " / " + m[4] + " / " + m[5]
		if m[6] != "0" {
			cell += " (" + m[6] + " differ)"
		}
		if rows[pkg] == nil {
			rows[pkg] = map[string]string{}
		}
		rows[pkg][column], columns[column] = cell, true
	}
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(columns))
	fmt.Printf("| package | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	count := map[string]int{}
	for _, pkg := range slices.Sorted(maps.Keys(rows)) {
		line := "| " + pkg
		for _, c := range names {
			cell := rows[pkg][c]
			if cell != "" {
				count[c]++
			}
			line += " | " + cell
		}
		fmt.Println(line + " |")
	}
	line := "| packages"
	for _, c := range names {
		line += fmt.Sprintf(" | %d", count[c])
	}
	fmt.Println(line + " |")
}
