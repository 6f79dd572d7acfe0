// Table reads logs of package stdtest on standard input and prints their results as
// a Markdown table: a row for each package, a column for each architecture and mode.
// Of several results for one place the last counts. Tests that said something else than
// under go test follow, a row for each architecture, mode and package.
package main

import (
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/link/stdtest"
)

func main() {
	log.SetFlags(0)
	results, err := stdtest.ReadLog(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	rows := map[string]map[string]string{}
	count := map[string]int{}          // packages by column
	differ := map[[2]string][]string{} // tests by column and package
	for _, r := range results {
		column := r.GOARCH + " " + r.Mode
		cell := fmt.Sprintf("%d / %d / %d", r.Pass, r.Fail, r.Skip)
		if len(r.Differ) > 0 {
			cell += fmt.Sprintf(" (%d differ)", len(r.Differ))
		}
		if rows[r.Package] == nil {
			rows[r.Package] = map[string]string{}
		}
		if rows[r.Package][column] == "" {
			count[column]++
		}
		rows[r.Package][column] = cell
		differ[[2]string{column, r.Package}] = slices.DeleteFunc(r.Differ, func(name string) bool {
			return name == stdtest.Whole || strings.Contains(name, "/") // its test is there
		})
	}
	columns := slices.Sorted(maps.Keys(count))
	fmt.Printf("| package | %s |\n|---|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, pkg := range slices.Sorted(maps.Keys(rows)) {
		line := "| " + pkg
		for _, c := range columns {
			line += " | " + rows[pkg][c]
		}
		fmt.Println(line + " |")
	}
	line := "| packages"
	for _, c := range columns {
		line += fmt.Sprintf(" | %d", count[c])
	}
	fmt.Println(line + " |")

	fmt.Printf("\n| architecture, mode | package | tests |\n|---|---|---|\n")
	for _, c := range columns {
		for _, pkg := range slices.Sorted(maps.Keys(rows)) {
			if names := differ[[2]string{c, pkg}]; len(names) > 0 {
				fmt.Printf("| %s | %s | `%s` |\n", c, pkg, strings.Join(names, "`, `"))
			}
		}
	}
}
