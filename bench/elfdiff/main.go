// Command elfdiff reads thousands of real and damaged ELF files by package elf and by debug/elf, GNU
// readelf and llvm-readelf, and prints where they differ. A file that package elf refuses
// must be refused for a listed cause; of any other file all must say the same.
//
//	go run ./bench/elfdiff -doc docs/evidence/elfdiff.md
package main

import (
	"flag"
	"log"
	"os"
	"os/exec"

	"github.com/go3s/rules_go3s/internal/atomicfile"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("elfdiff: ")
	doc := flag.String("doc", "", "also write the tables to this Markdown `file`")
	system := flag.Int("system", 2000, "most files of this system to read")
	mutants := flag.Int("mutants", 20, "damaged copies to make of each small file")
	keep := flag.String("keep", "", "copy files that differ to this `directory`")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	for _, tool := range []string{"readelf", "llvm-readelf", "yaml2obj"} {
		if _, err := exec.LookPath(tool); err != nil {
			log.Fatalf("%v: Debian has it in the package binutils or llvm", err)
		}
	}
	dir, err := os.MkdirTemp("", "elfdiff")
	if err != nil {
		log.Fatal(err)
	}
	r := newResults(*keep)
	err = r.readAll(dir, *system, *mutants)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
	text := r.markdown(*system, *mutants)
	os.Stdout.Write(text)
	if *doc != "" {
		if err := atomicfile.Write(*doc, 0o666, text); err != nil {
			log.Fatal(err)
		}
	}
	if r.different > 0 {
		log.Fatalf("%d differences", r.different)
	}
}
