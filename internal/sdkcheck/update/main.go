// Update adds releases of Go to the tables of package sdkcheck, after their differences have been dealt with
// (docs/go-releases.md):
//
//	go run ./internal/sdkcheck/update -canary GOROOT GOROOT…
//
// Each GOROOT is that of an SDK with sources. One that is there is read again.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"os"

	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("update: ")
	dir := flag.String("dir", "internal/sdkcheck", "`directory` of the tables")
	canary := flag.Bool("canary", false, "build programs by the SDKs, and record the layouts in them, too")
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("want the GOROOT of one SDK or more")
	}
	for _, goroot := range flag.Args() {
		file, err := update(*dir, goroot, *canary)
		if err != nil {
			log.Fatal(err)
		}
		log.Printf("%s: %s", goroot, file)
	}
}

func update(dir, goroot string, canary bool) (string, error) {
	sdk, err := sdkcheck.Open(goroot, "")
	if err != nil {
		return "", err
	}
	var layout sdkcheck.Layout
	if canary {
		if layout, err = readLayout(goroot); err != nil {
			return "", err
		}
	}
	return sdkcheck.Update(dir, sdk, layout)
}

// readLayout returns the facts of the canary, which must be the same on all machines.
func readLayout(goroot string) (sdkcheck.Layout, error) {
	dir, err := os.MkdirTemp("", "canary-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var first sdkcheck.Layout
	for _, goarch := range sdkcheck.GOARCHes() {
		file, err := sdkcheck.BuildCanary(goroot, goarch, dir)
		if err != nil {
			return nil, err
		}
		layout, err := sdkcheck.ReadLayout(file)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = layout
		}
		if !maps.Equal(first, layout) {
			return nil, fmt.Errorf("%s: the layouts in programs for %s and %s differ:\n%v\n%v", goroot, sdkcheck.GOARCHes()[0], goarch, first, layout)
		}
	}
	return first, nil
}
