//go:build linux

// Command fileserver measures examples/uring: how many requests a second its engines answer, by io_uring, epoll and threads, and how much
// processor time a request takes them. It starts each engine again in each round, with the same files and clients, in turn, and prints
// the median of the rounds. It fails when an answer is not the file.
//
//	go run ./bench/fileserver -doc docs/evidence/fileserver.md
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/internal/atomicfile"
)

// engines are those of examples/uring. The others are compared with the first one.
var engines = []string{"epoll", "uring", "threads"}

// A load is what clients ask for.
type load struct {
	size        int // of the file, in bytes
	connections int
}

var loads = []load{{1 << 10, 1}, {1 << 10, 64}, {64 << 10, 1}, {64 << 10, 64}, {4 << 20, 1}, {4 << 20, 16}}

func main() {
	log.SetFlags(0)
	log.SetPrefix("fileserver: ")
	doc := flag.String("doc", "", "also write the table to this Markdown `file`")
	rounds := flag.Int("rounds", 5, "rounds of each engine and load")
	duration := flag.Duration("time", time.Second, "how long a round is")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *duration <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	text, err := run(*rounds, *duration)
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(text)
	if *doc != "" {
		if err := atomicfile.Write(*doc, 0o666, text); err != nil {
			log.Fatal(err)
		}
	}
}

// run measures and returns the page.
func run(rounds int, duration time.Duration) ([]byte, error) {
	dir, err := os.MkdirTemp("", "fileserver")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "uring")
	if _, err := build.Go("", "", "build", "-trimpath", "-o", program, "github.com/go3s/rules_go3s/examples/uring"); err != nil {
		return nil, err
	}
	files := filepath.Join(dir, "files")
	if err := writeFiles(files); err != nil {
		return nil, err
	}
	results := map[load]map[string][]sample{}
	for range rounds {
		for _, l := range loads {
			for _, engine := range engines {
				s, err := serve(program, engine, files, l, duration)
				if err != nil {
					return nil, err
				}
				if results[l] == nil {
					results[l] = map[string][]sample{}
				}
				results[l][engine] = append(results[l][engine], s)
			}
		}
	}
	return page(results, rounds, duration), nil
}
