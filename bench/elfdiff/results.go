package main

import (
	"bytes"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go3s/rules_go3s/internal/elf/elfdiff"
)

// readers are what package elf is compared with.
var readers = []struct {
	name string
	read func(data []byte, path string) (*elfdiff.Facts, error)
	same elfdiff.Same
}{
	{"debug/elf", func(data []byte, _ string) (*elfdiff.Facts, error) { return elfdiff.DebugELF(data) }, elfdiff.SameAsDebugELF},
	{"readelf", func(_ []byte, path string) (*elfdiff.Facts, error) { return elfdiff.Readelf("readelf", path) }, elfdiff.SameAsReadelf},
	{"llvm-readelf", func(_ []byte, path string) (*elfdiff.Facts, error) { return elfdiff.LLVM("llvm-readelf", path) }, elfdiff.SameAsLLVM},
}

// A tally counts the files of a corpus by what package elf and one reader make of them.
type tally struct{ same, bothRefuse, weRefuse, readerRefuses, different int }

type results struct {
	mu        sync.Mutex
	group     sync.WaitGroup
	slots     chan bool
	keep      string
	corpora   []string // in order
	files     map[string]int
	tallies   map[string][]tally // by corpus, then as readers
	refusals  map[string][]int   // by kind: files for which a reader says more
	complains []map[string]int   // as readers: messages on files that package elf accepts
	different int
}

func newResults(keep string) *results {
	r := &results{keep: keep, slots: make(chan bool, workers), files: map[string]int{}, tallies: map[string][]tally{},
		refusals: map[string][]int{}}
	for range readers {
		r.complains = append(r.complains, map[string]int{})
	}
	return r
}

// add reads one file in the background.
func (r *results) add(corpus, name string, data []byte) {
	r.mu.Lock()
	if r.tallies[corpus] == nil {
		r.corpora = append(r.corpora, corpus)
		r.tallies[corpus] = make([]tally, len(readers))
	}
	r.files[corpus]++
	r.mu.Unlock()
	r.slots <- true
	r.group.Add(1)
	go func() {
		defer r.group.Done()
		defer func() { <-r.slots }()
		if err := r.compare(corpus, name, data); err != nil {
			log.Fatalf("%s: %s: %v", corpus, name, err)
		}
	}()
}

func (r *results) wait() { r.group.Wait() }

func (r *results) compare(corpus, name string, data []byte) error {
	f, err := os.CreateTemp("", "elfdiff")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	own, ownErr := elfdiff.Own("FILE", data)
	kind := ""
	if ownErr != nil {
		if kind = elfdiff.Kind(ownErr); kind == "" {
			kind = "NOT LISTED: " + ownErr.Error()
			r.report(corpus, name, data, ownErr.Error())
		}
	}
	for i, reader := range readers {
		other, otherErr := reader.read(data, f.Name())
		var differences []string
		if ownErr == nil && otherErr == nil {
			differences = own.Compare(other, reader.same)
		}
		r.mu.Lock()
		t := &r.tallies[corpus][i]
		switch {
		case ownErr != nil && otherErr != nil:
			t.bothRefuse++
		case ownErr != nil:
			t.weRefuse++
			if r.refusals[kind] == nil {
				r.refusals[kind] = make([]int, len(readers))
			}
			r.refusals[kind][i]++
		case otherErr != nil:
			t.readerRefuses++
			r.complains[i][generalise(otherErr.Error())]++
		case len(differences) > 0:
			t.different++
		default:
			t.same++
		}
		r.mu.Unlock()
		if len(differences) > 0 {
			r.report(corpus, name, data, reader.name+": "+strings.Join(differences, "\n\t"))
		}
	}
	return nil
}

// report prints a difference and keeps the file.
func (r *results) report(corpus, name string, data []byte, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.different++
	log.Printf("%s: %s: %s", corpus, name, what)
	if r.keep != "" {
		if err := os.WriteFile(filepath.Join(r.keep, fmt.Sprintf("%04d", r.different)), data, 0o666); err != nil {
			log.Print(err)
		}
	}
}

var (
	numbers = regexp.MustCompile(`0x[0-9a-fA-F]+|-?[0-9]+`)
	quoted  = regexp.MustCompile(`'[^']*'|"[^"]*"|<[^>]*>`)
)

// generalise makes one message of those that differ in numbers and names.
func generalise(message string) string {
	return numbers.ReplaceAllString(quoted.ReplaceAllString(strings.ToValidUTF8(message, "?"), "…"), "N")
}

const preamble = `# The ELF reader and others

<!-- Made by ` + "`go run ./bench/elfdiff -system %d -mutants %d -doc docs/evidence/elfdiff.md`" + `. Edit bench/elfdiff or internal/elf/elfdiff instead. -->

What ` + "`internal/elf`" + ` reads from ELF files, compared with debug/elf, GNU readelf and llvm-readelf: the header, all segments,
sections, symbols and notes with their names and numbers, as far as each of the three shows them. Package elf is stricter on purpose; each
cause of a refusal is listed below. On every other file all must say the same, else the command fails.

` + "```sh" + `
# Debian: apt-get install binutils llvm
go run ./bench/elfdiff -doc docs/evidence/elfdiff.md
` + "```" + `

The tests of ` + "`internal/elf/elfdiff`" + ` do the same with files of ` + "`elftest`" + ` and thousands of mutants against debug/elf, and the fuzz target there
with any bytes.

`

func (r *results) markdown(system, mutants int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, preamble, system, mutants)
	b.WriteString("## Files\n\nOf each reader: says the same / refuses as package elf does / reads what package elf refuses / complains of what package elf accepts.\n\n| corpus | files")
	for _, reader := range readers {
		fmt.Fprintf(&b, " | %s", reader.name)
	}
	b.WriteString(" | different |\n|---|---:" + strings.Repeat("|---", len(readers)) + "|---:|\n")
	total := 0
	for _, corpus := range r.corpora {
		fmt.Fprintf(&b, "| %s | %d", corpus, r.files[corpus])
		total += r.files[corpus]
		different := 0
		for _, t := range r.tallies[corpus] {
			fmt.Fprintf(&b, " | %d / %d / %d / %d", t.same, t.bothRefuse, t.weRefuse, t.readerRefuses)
			different += t.different
		}
		fmt.Fprintf(&b, " | %d |\n", different)
	}
	fmt.Fprintf(&b, "\n%d files in all.\n\n## What package elf alone refuses\n\n| cause | why", total)
	for _, reader := range readers {
		fmt.Fprintf(&b, " | read by %s", reader.name)
	}
	b.WriteString(" |\n|---|---" + strings.Repeat("|---:", len(readers)) + "|\n")
	for _, refusal := range elfdiff.Refusals {
		counts := r.refusals[refusal.Kind]
		if counts == nil {
			counts = make([]int, len(readers))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", refusal.Kind, refusal.Why, strings.Trim(strings.ReplaceAll(fmt.Sprint(counts), " ", " | "), "[]"))
	}
	b.WriteString("\n## What others complain of\n\nMessages on files that package elf accepts: they are about what it leaves to those who use it, or about what a reader does not know.\n")
	for i, reader := range readers {
		fmt.Fprintf(&b, "\n%s:\n\n", reader.name)
		messages := slices.SortedFunc(maps.Keys(r.complains[i]), func(x, y string) int {
			if d := r.complains[i][y] - r.complains[i][x]; d != 0 {
				return d
			}
			return strings.Compare(x, y)
		})
		for n, m := range messages {
			if n == 25 {
				fmt.Fprintf(&b, "- and %d kinds of message more\n", len(messages)-n)
				break
			}
			fmt.Fprintf(&b, "- %d × `%s`\n", r.complains[i][m], strings.ReplaceAll(m, "`", "'"))
		}
	}
	return b.Bytes()
}
