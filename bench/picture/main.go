// Picture draws the picture of the README, size and start of one program made by several tools, and writes the README's table of
// the same figures. Both are of docs/evidence/product.json, which bench/product wrote. Run it in a checkout of the repository:
//
//	go run ./bench/picture
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

const (
	resultsFile = "docs/evidence/product.json"
	pictureFile = "docs/images/seed.svg"
	readmeFile  = "README.md"
	program     = "seed" // http.Get and fmt.Println
	arch        = "amd64"
)

// results is the part of bench/product's JSON file that is drawn.
type results struct {
	Date   string
	Go     string
	CPU    string
	Rounds int
	Rows   []struct {
		Program, Arch, Variant string
		Ours                   bool
		Size                   int64 `json:"size_bytes"`
		Start                  *struct {
			Median float64 `json:"median_ms"`
		}
	}
}

// A bar is one way to make the program.
type bar struct {
	label string
	ours  bool
	size  int64   // bytes
	start float64 // ms from exec to exit, median
}

// shown are the variants of bench/product that are drawn, in this order, with the commands or attributes that make them.
var shown = []struct{ variant, label string }{
	{"go build", "go build"},
	{"go build -s -w", "go build -ldflags='-s -w'"},
	{"go build PIE -s -w", "go build -ldflags='-s -w' -buildmode=pie"},
	{"UPX, NRV", "UPX"},
	{"UPX, LZMA", "UPX --lzma"},
	{"static", "go_static_binary"},
	{"static PIE", "go_pie_binary"},
	{"static, external", `go_static_binary, traceback = "external"`},
	{"static PIE, external, packed", `go_pie_binary, traceback = "external", pack = "lz4"`},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run() error {
	r, err := read(resultsFile)
	if err != nil {
		return err
	}
	bars, err := r.bars()
	if err != nil {
		return err
	}
	if err := os.WriteFile(pictureFile, []byte(draw(bars)), 0o666); err != nil {
		return err
	}
	text, err := os.ReadFile(readmeFile)
	if err != nil {
		return err
	}
	replaced, err := replace(string(text), table(r, bars))
	if err != nil {
		return err
	}
	return os.WriteFile(readmeFile, []byte(replaced), 0o666)
}

func read(name string) (*results, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r results
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &r, nil
}

// bars returns a bar for each variant in shown. All of them must have been measured.
func (r *results) bars() ([]bar, error) {
	var bars []bar
	for _, s := range shown {
		found := false
		for _, row := range r.Rows {
			if row.Program == program && row.Arch == arch && row.Variant == s.variant && row.Start != nil {
				bars = append(bars, bar{s.label, row.Ours, row.Size, row.Start.Median})
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("%s: found no start of %s for %s as %q, want one; run bench/product again", resultsFile, program, arch, s.variant)
		}
	}
	return bars, nil
}

// table returns the README's table of the bars.
func table(r *results, bars []bar) string {
	var b strings.Builder
	b.WriteString("| made by | size, bytes | start, ms |\n|---|---|---|\n")
	for _, bar := range bars {
		fmt.Fprintf(&b, "| `%s` | %s | %.2f |\n", bar.label, thousands(bar.size), bar.start)
	}
	fmt.Fprintf(&b, "\n%s, %s, %s; start is exec to exit of the program returning at once, median of %d.\n", r.Date, r.Go, r.CPU, r.Rounds)
	return b.String()
}

// thousands returns n with a comma between groups of three digits.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

const (
	tableBegin = "<!-- Made by `go run ./bench/picture`. -->\n"
	tableEnd   = "<!-- End of what bench/picture makes. -->\n"
)

// replace returns the README with its table replaced.
func replace(readme, table string) (string, error) {
	before, rest, ok := strings.Cut(readme, tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return "", fmt.Errorf("%s: want a line %q and after it a line %q; the table is put between them", readmeFile,
			strings.TrimSpace(tableBegin), strings.TrimSpace(tableEnd))
	}
	return before + tableBegin + table + tableEnd + after, nil
}
