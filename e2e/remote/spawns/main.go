// Command spawns reads execution logs of Bazel (--execution_log_json_file) and says, by mnemonic, where actions ran and what was sent
// to them.
//
// Usage:
//
//	spawns [-remote] [-cached] [-emulator] LOG...
//	spawns -find MNEMONIC LOG...
//
// The first prints a table, and exits with 1 when a spawn is not as the flags want it. The second prints hash and
// properties of actions.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A spawn is one command that Bazel ran, or took from a cache: an entry of the log.
type spawn struct {
	Mnemonic    string
	TargetLabel string
	CommandArgs []string
	Runner      string // such as "remote", "remote cache hit", "linux-sandbox"
	CacheHit    bool
	Inputs      []struct {
		Path   string
		IsTool bool
		Digest struct {
			SizeBytes string
		}
	}
	Digest struct {
		Hash string // of the action; empty for local ones
	}
	Platform struct {
		Properties []struct{ Name, Value string }
	}
}

// remote reports whether s ran on the cluster, now or earlier.
func (s *spawn) remote() bool {
	return s.Runner == "remote" || s.Runner == "remote cache hit"
}

// inputs returns how many files s has, and their bytes.
func (s *spawn) inputs() (files int, bytes int64) {
	for _, in := range s.Inputs {
		n, err := strconv.ParseInt(in.Digest.SizeBytes, 10, 64)
		if err != nil {
			continue // a directory or an unresolved link
		}
		files++
		bytes += n
	}
	return files, bytes
}

// read reads the JSON objects of a log, which follow each other.
func read(file string) ([]*spawn, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var spawns []*spawn
	for dec := json.NewDecoder(f); ; {
		s := &spawn{}
		err := dec.Decode(s)
		if errors.Is(err, io.EOF) {
			return spawns, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: entry %d, before byte %d: %w; want what --execution_log_json_file writes",
				file, len(spawns)+1, dec.InputOffset(), err)
		}
		if s.Mnemonic == "" || s.Runner == "" {
			return nil, fmt.Errorf("%s: entry %d has no mnemonic or no runner; want what --execution_log_json_file writes", file, len(spawns)+1)
		}
		spawns = append(spawns, s)
	}
}

// A row is what the table says of a mnemonic.
type row struct {
	count, executed, hits, local int
	files                        int   // of the spawn with the most bytes
	bytes                        int64 // most of a spawn
	least                        int64
}

// table writes a row for each mnemonic, in Markdown.
func table(w io.Writer, spawns []*spawn) {
	rows := map[string]*row{}
	for _, s := range spawns {
		r := rows[s.Mnemonic]
		if r == nil {
			r = &row{least: -1}
			rows[s.Mnemonic] = r
		}
		r.count++
		switch {
		case !s.remote():
			r.local++
		case s.CacheHit:
			r.hits++
		default:
			r.executed++
		}
		files, bytes := s.inputs()
		if bytes >= r.bytes {
			r.files, r.bytes = files, bytes
		}
		if r.least < 0 || bytes < r.least {
			r.least = bytes
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| action\t| ran\t| on the cluster\t| from its cache\t| here\t| files\t| input bytes, least\t| most\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	var all row
	for _, mnemonic := range slices.Sorted(maps.Keys(rows)) {
		r := rows[mnemonic]
		fmt.Fprintf(t, "| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t|\n",
			mnemonic, r.count, r.executed, r.hits, r.local, r.files, r.least, r.bytes)
		all.count += r.count
		all.executed += r.executed
		all.hits += r.hits
		all.local += r.local
	}
	fmt.Fprintf(t, "| all\t| %d\t| %d\t| %d\t| %d\t|\t|\t|\t|\n", all.count, all.executed, all.hits, all.local)
	t.Flush()
}

// A wish is a flag about each spawn.
type wish struct {
	name, help string
	problem    func(*spawn) string // empty if s is as wanted
}

var wishes = []wish{
	{"remote", "want every spawn on the cluster", func(s *spawn) string {
		if s.remote() {
			return ""
		}
		return fmt.Sprintf("it ran by %q, want the cluster", s.Runner)
	}},
	{"cached", "want every spawn from the cluster's cache", func(s *spawn) string {
		if s.remote() && s.CacheHit {
			return ""
		}
		return fmt.Sprintf("it ran by %q, want a hit in the cluster's cache", s.Runner)
	}},
	{"emulator", "want an emulator among the inputs of every test", func(s *spawn) string {
		// Where a test writes no test.xml, a second spawn makes one of its log.
		if s.Mnemonic != "TestRunner" || len(s.CommandArgs) > 0 && path.Base(s.CommandArgs[0]) == "generate-xml.sh" {
			return ""
		}
		for _, in := range s.Inputs {
			if n, _ := strconv.ParseInt(in.Digest.SizeBytes, 10, 64); n > 1<<20 && strings.HasPrefix(path.Base(in.Path), "qemu-") {
				return ""
			}
		}
		return "no file qemu-* of more than 1 MiB is among its inputs"
	}},
}

func run(w io.Writer, args []string) (failed bool, err error) {
	flags := flag.NewFlagSet("spawns", flag.ContinueOnError)
	wanted := map[string]*bool{}
	for _, wish := range wishes {
		wanted[wish.name] = flags.Bool(wish.name, false, wish.help)
	}
	find := flags.String("find", "", "print, instead of a table, hash and properties of the spawns with this `mnemonic`")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if flags.NArg() == 0 {
		return false, errors.New("want execution logs of Bazel; see spawns -h")
	}
	var spawns []*spawn
	for _, file := range flags.Args() {
		more, err := read(file)
		if err != nil {
			return false, err
		}
		spawns = append(spawns, more...)
	}
	if len(spawns) == 0 {
		return false, fmt.Errorf("%s: no spawn in it: nothing was built", strings.Join(flags.Args(), ", "))
	}
	if *find != "" {
		for _, s := range spawns {
			if s.Mnemonic == *find {
				fmt.Fprint(w, s.Digest.Hash)
				for _, p := range s.Platform.Properties {
					fmt.Fprintf(w, " %s=%s", p.Name, p.Value)
				}
				fmt.Fprintf(w, " %s\n", s.TargetLabel)
			}
		}
		return false, nil
	}
	table(w, spawns)
	for _, wish := range wishes {
		for _, s := range spawns {
			if problem := wish.problem(s); *wanted[wish.name] && problem != "" {
				fmt.Fprintf(w, "%s of %s: %s\n", s.Mnemonic, s.TargetLabel, problem)
				failed = true
			}
		}
	}
	return failed, nil
}

func main() {
	failed, err := run(os.Stdout, os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "spawns: %v\n", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}
