//go:build linux

// Command field builds well-known programs by rules_go3s as somebody would who only has their names: a go.mod that requires the
// program, Gazelle's go_deps, one target for each rule, three architectures. It builds each by go build as well, runs all files, the
// foreign ones under qemu-user, and compares what they do; and it collects what linkcheck, its comparison and govulncheck say.
//
//	RULES_GO3S_QEMU_DIR=<directory of qemu-<machine>-static> \
//	    go run ./bench/field -results bench/field/results [-only NAME,…] \
//	    [-doc docs/evidence/field.md] [-- BAZEL-OPTION…]
//
// Each result is a file. A program with a current one is not built again, so that the command can be stopped
// and started, on another machine too: the results of the document are part of the repository. -again builds a program
// whatever there is. Bazel's output of a program is removed once it has been tried: what stays is the disk cache, the one of
// --config=cache unless an option says otherwise. The document is made of all current results. The exit status is 1
// when a program that was asked for is refused, does something else or has a finding that the table of programs does not accept.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/measure"
	"github.com/go3s/rules_go3s/internal/machine"
	"golang.org/x/sys/unix"
)

// vulnVersion is the release of govulncheck.
const vulnVersion = "v1.9.0"

// leastFree is the disk space that a program is tried with at least, in bytes; large ones take three times as much.
const leastFree = 5 << 30

var (
	onlyFlag    = flag.String("only", "", "`names` of programs, with commas between; without it all")
	archsFlag   = flag.String("platforms", "amd64,arm64,riscv64", "`architectures`, with commas between")
	workFlag    = flag.String("work", "", "`directory` for workspaces; rules_go3s/field in the user's cache without it")
	resultsFlag = flag.String("results", "", "`directory` of results; results in that of -work without it")
	docFlag     = flag.String("doc", "", "`file` to write the tables to")
	rulesFlag   = flag.String("rules", ".", "`directory` of the rules_go3s to try")
	againFlag   = flag.Bool("again", false, "build programs with a current result, too")
)

func main() {
	measure.Main()
	log.SetFlags(log.Ltime)
	flag.Parse()
	bad, err := run()
	if err != nil {
		log.Fatal("bench/field: ", err)
	}
	if bad > 0 {
		log.Fatalf("bench/field: %d programs with problems", bad)
	}
}

// run returns how many programs have problems. The error is about this machine or the command line.
func run() (bad int, err error) {
	m := &maker{archs: strings.Split(*archsFlag, ",")}
	for _, arch := range m.archs {
		if machine.Of(arch) == nil {
			return 0, fmt.Errorf("-platforms: %q: want amd64, arm64 or riscv64", arch)
		}
		if arch == runtime.GOARCH {
			continue
		}
		if _, err := os.Stat(filepath.Join(os.Getenv("RULES_GO3S_QEMU_DIR"), machine.Of(arch).Qemu())); err != nil {
			return 0, fmt.Errorf("%w: set RULES_GO3S_QEMU_DIR to a directory with it, as test.sh does", err)
		}
	}
	chosen, err := choose(*onlyFlag)
	if err != nil {
		return 0, err
	}
	if m.rules, err = filepath.Abs(*rulesFlag); err != nil {
		return 0, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return 0, err
	}
	if m.work = *workFlag; m.work == "" {
		m.work = filepath.Join(cache, "rules_go3s", "field") // not below /tmp, which Bazel's sandbox has a new one of
	}
	if m.work, err = filepath.Abs(m.work); err != nil {
		return 0, err
	}
	m.options = append([]string{"--disk_cache=" + filepath.Join(cache, "rules_go3s", "disk_cache"), "--experimental_disk_cache_gc_max_size=10G"}, flag.Args()...)
	if m.results = *resultsFlag; m.results == "" {
		m.results = filepath.Join(m.work, "results")
	}
	if err := errors.Join(os.MkdirAll(m.work, 0o777), os.MkdirAll(m.results, 0o777)); err != nil {
		return 0, err
	}
	lock, err := os.Create(filepath.Join(m.work, "lock"))
	if err != nil {
		return 0, err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return 0, fmt.Errorf("%s: another bench/field works there, choose another directory by -work: %w", m.work, err)
	}
	if m.commit, err = commit(m.rules); err != nil {
		return 0, err
	}
	bin := filepath.Join(m.work, "bin")
	os.Setenv("GOBIN", bin)
	m.govulncheck = filepath.Join(bin, "govulncheck")
	if _, err := build.Go("", runtime.GOARCH, "install", "golang.org/x/vuln/cmd/govulncheck@"+vulnVersion); err != nil {
		return 0, err
	}

	for _, p := range chosen {
		r, err := m.current(p)
		if err != nil {
			return bad, err
		}
		if r == nil || *againFlag {
			if err := enoughSpace(m.work); err != nil {
				return bad, err
			}
			log.Printf("%s %s", p.Name, p.Version)
			if r, err = m.make(p); err != nil {
				return bad, fmt.Errorf("%s: %w", p.Name, err)
			}
		}
		if problems := r.problems(p); len(problems) > 0 {
			bad++
			log.Printf("%s: %d problems, %s first", p.Name, len(problems), problems[0])
		}
	}
	if *docFlag == "" {
		return bad, nil
	}
	return bad, m.writeDoc(*docFlag)
}

// choose returns the programs of that names, "" being all.
func choose(names string) ([]program, error) {
	if names == "" {
		return programs, nil
	}
	var out []program
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(programs, func(p program) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: there is no program %q", name)
		}
		out = append(out, programs[i])
	}
	return out, nil
}

func enoughSpace(dir string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return err
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < leastFree {
		return fmt.Errorf("%s: %d GB are free, a program may take %d", dir, free>>30, leastFree>>30)
	}
	return nil
}
