//go:build unix

// Command fuzzall runs every fuzz target of the module in turn and keeps a record of
// how often each was executed. It stops at the first failure of a target, whose
// input the go command has then written below the package's testdata/fuzz.
//
//	nice -n 19 go run ./internal/fuzzall -executions 500000 -record docs/evidence/fuzzing.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"regexp"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fuzzall: ")
	executions := flag.Int64("executions", 100_000, "how often to execute each target")
	limit := flag.Duration("limit", time.Hour, "longest `time` for one target; what was executed until then counts")
	only := flag.String("run", "", "run only targets whose \"package.Name\" matches the `regexp`")
	record := flag.String("record", "", "Markdown `file` whose table the executions are added to")
	topUp := flag.Bool("top-up", false, "execute only what each target lacks in the record")
	workers := flag.Int("parallel", 1, "number of `processes` for one target")
	flag.Parse()
	if flag.NArg() > 0 || (*topUp && *record == "") {
		fmt.Fprintln(os.Stderr, "usage: fuzzall [flags], in the module; -top-up needs -record")
		flag.PrintDefaults()
		os.Exit(2)
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	targets, err := findTargets()
	if err != nil {
		log.Fatal(err)
	}
	failed := 0
	for _, t := range targets {
		if !match.MatchString(t.String()) {
			continue
		}
		count := *executions
		if *topUp {
			done, err := readRecord(*record)
			if err != nil {
				log.Fatal(err)
			}
			if count -= done.executions(t); count <= 0 {
				continue
			}
		}
		r, err := t.run(ctx, count, *limit, *workers)
		fmt.Printf("%-60s %12d executions, %5d inputs in the corpus, %8.0f/s\n", t, r.executions, r.corpus, r.rate())
		if *record != "" {
			if err := addToRecord(*record, t, r); err != nil {
				log.Fatal(err)
			}
		}
		if errors.Is(ctx.Err(), context.Canceled) {
			log.Fatal("interrupted")
		}
		if err != nil {
			failed++
			log.Print(err)
		}
	}
	if failed > 0 {
		log.Fatalf("%d targets failed", failed)
	}
}
