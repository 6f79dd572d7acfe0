package sdkcheck

import (
	"bytes"
	"embed"
	"fmt"
	"go/version"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// # Tables
//
// A series has one file, go1.N.txt. Its lines are
//
//	# comment
//	series go1.N
//	releases NUMBERS              patch releases that were read, for example 0-8,11
//	formats                       what follows belongs to this group
//	readers
//	file PATH                     below GOROOT/src; what follows is declared in it
//	DIGEST NUMBERS DECLARATION    NUMBERS are the patch releases that have it so, * for all
//	layout                        what follows are facts of programs, see layout.go
//	FACT VALUE
//
// One declaration has a line for each of its digests.

//go:embed go1.*.txt
var tableFiles embed.FS

// A table says what the releases of a series have.
type table struct {
	series   string
	releases []int // patch releases, ascending
	groups   map[string]map[key][]seen
	layout   Layout
}

// Names of the groups.
const (
	formatGroup = "formats"
	readerGroup = "readers"
)

var groupNames = []string{formatGroup, readerGroup}

// seen says which releases have a declaration with a digest.
type seen struct {
	digest   string
	releases []int
}

func newTable(series string) *table {
	return &table{series: series, groups: map[string]map[key][]seen{formatGroup: {}, readerGroup: {}}, layout: Layout{}}
}

// Series returns the series that have a table, oldest first, for example "go1.26".
func Series() []string {
	entries, err := tableFiles.ReadDir(".")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	slices.SortFunc(out, version.Compare)
	return out
}

// tableOf returns the table of a series, nil for an unknown one.
func tableOf(series string) (*table, error) {
	if !slices.Contains(Series(), series) {
		return nil, nil
	}
	name := series + ".txt"
	text, err := tableFiles.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return parseTable(name, text)
}

// parseTable reads a table. name is for messages.
func parseTable(name string, text []byte) (*table, error) {
	t := newTable("")
	group, file := "", ""
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		fail := func(want string) error { return fmt.Errorf("%s:%d: found %q, want %s", name, i+1, line, want) }
		word, rest, more := strings.Cut(line, " ")
		switch {
		case word == "#":
		case word == "series" && version.IsValid(rest) && t.series == "":
			t.series = rest
		case word == "releases" && t.releases == nil:
			var err error
			if t.releases, err = parseNumbers(rest); err != nil {
				return nil, fail(err.Error())
			}
		case !more && (slices.Contains(groupNames, word) || word == "layout"):
			group, file = word, ""
		case word == "file" && more && t.groups[group] != nil:
			file = rest
		case group == "layout" && more:
			if _, twice := t.layout[word]; twice {
				return nil, fail("each fact once")
			}
			t.layout[word] = rest
		default:
			numbers, decl, ok := strings.Cut(rest, " ")
			releases := t.releases
			if numbers != "*" && ok {
				var err error
				if releases, err = parseNumbers(numbers); err != nil {
					return nil, fail(err.Error())
				}
			}
			if !ok || file == "" || len(word) != digestLen || decl == "" {
				return nil, fail("a line of the format in table.go")
			}
			k := key{file, decl}
			t.groups[group][k] = append(t.groups[group][k], seen{word, releases})
		}
	}
	if t.series == "" || len(t.releases) == 0 || len(t.groups[formatGroup]) == 0 || len(t.groups[readerGroup]) == 0 {
		return nil, fmt.Errorf("%s: the series, its releases or a group is missing", name)
	}
	return t, nil
}

// parseNumbers reads numbers and ranges of them such as 0-8,11.
func parseNumbers(s string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 10)
		to, err2 := strconv.ParseUint(last, 10, 10)
		if err1 != nil || err2 != nil || from > to || len(out) > 0 && int(from) <= out[len(out)-1] {
			return nil, fmt.Errorf("ascending numbers such as 0-8,11")
		}
		for n := from; n <= to; n++ {
			out = append(out, int(n))
		}
	}
	return out, nil
}

func formatNumbers(list []int) string {
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		part := strconv.Itoa(list[i])
		if j > i {
			part += "-" + strconv.Itoa(list[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// patch returns the number of a patch release of the table's series: 8 for go1.26.8.
func (t *table) patch(release string) (int, error) {
	rest, ok := strings.CutPrefix(release, t.series+".")
	n, err := strconv.ParseUint(rest, 10, 10)
	if !ok || err != nil {
		return 0, fmt.Errorf("%s is no patch release of %s, which the table is about", release, t.series)
	}
	return int(n), nil
}

// add adds a release, or replaces what the table says of it.
func (t *table) add(s *SDK) error {
	n, err := t.patch(s.Version)
	if err != nil {
		return err
	}
	if !slices.Contains(t.releases, n) {
		t.releases = append(slices.Clone(t.releases), n) // what parseTable read shares it
		slices.Sort(t.releases)
	}
	for _, group := range groupNames {
		known := t.groups[group]
		for k, list := range known {
			for i := range list {
				list[i].releases = slices.DeleteFunc(slices.Clone(list[i].releases), func(m int) bool { return m == n })
			}
			known[k] = slices.DeleteFunc(list, func(s seen) bool { return len(s.releases) == 0 })
		}
		for k, digest := range s.group(group) {
			i := slices.IndexFunc(known[k], func(s seen) bool { return s.digest == digest })
			if i < 0 {
				known[k] = append(known[k], seen{digest: digest})
				i = len(known[k]) - 1
			}
			known[k][i].releases = append(known[k][i].releases, n)
			slices.Sort(known[k][i].releases)
		}
		maps.DeleteFunc(known, func(_ key, list []seen) bool { return len(list) == 0 })
	}
	return nil
}

// format returns the text that parseTable reads.
func (t *table) format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by \"go run ./internal/sdkcheck/update\"; internal/sdkcheck/table.go describes the format.\n")
	fmt.Fprintf(&b, "series %s\nreleases %s\n", t.series, formatNumbers(t.releases))
	for _, group := range groupNames {
		fmt.Fprintln(&b, group)
		file := ""
		for _, k := range sortedKeys(t.groups[group]) {
			if k.file != file {
				file = k.file
				fmt.Fprintln(&b, "file", file)
			}
			list := t.groups[group][k]
			slices.SortFunc(list, func(a, b seen) int { return slices.Compare(a.releases, b.releases) })
			for _, s := range list {
				numbers := formatNumbers(s.releases)
				if slices.Equal(s.releases, t.releases) {
					numbers = "*"
				}
				fmt.Fprintln(&b, s.digest, numbers, k.name)
			}
		}
	}
	if len(t.layout) > 0 {
		fmt.Fprintln(&b, "layout")
		for _, fact := range slices.Sorted(maps.Keys(t.layout)) {
			fmt.Fprintln(&b, fact, t.layout[fact])
		}
	}
	return b.Bytes()
}
