// Startup shows what the attributes of the rules that set what a program starts with are good for, and what they
// cost: time from exec to exit and largest resident set of a program with and without each. Run it in the module:
//
//	go run ./bench/startup [-n ROUNDS]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/measure"
)

// limits is the package that the rules link in for the attributes.
const limits = "github.com/go3s/rules_go3s/rules/private/startup"

// variants are values of the attributes, with golink's flags as the rules give them.
var variants = []struct {
	name  string
	flags []string
}{
	{"none", nil},
	{"`gc_percent = 400`", []string{"--x-def=" + limits + ".gcPercent=400"}},
	{"`gc_percent = \"off\"`, `memory_limit = \"512MiB\"`", []string{"--x-def=" + limits + ".gcPercent=-1", "--x-def=" + limits + ".memoryLimit=536870912"}},
	{"`memory_limit = \"16MiB\"`", []string{"--x-def=" + limits + ".memoryLimit=16777216"}},
	{"`gomaxprocs = 1`", []string{"--x-def=" + limits + ".maxProcs=1"}},
	{"`godebug = {\"asyncpreemptoff\": \"1\"}`", []string{"--godebug=asyncpreemptoff=1"}},
}

// tasks are what the program does, by its argument.
var tasks = []struct{ arg, name string }{{"--version", "returns at once"}, {"", "works"}}

func main() {
	measure.Main()
	rounds := flag.Int("n", 101, "starts of each `program`")
	flag.Parse()
	if err := run(*rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench/startup:", err)
		os.Exit(1)
	}
}

func run(rounds int) error {
	dir, err := os.MkdirTemp("", "bench-startup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	golink, err := build.Tool(dir, "golink")
	if err != nil {
		return err
	}
	root, err := build.Go("", "amd64", "list", "-f", "{{.Dir}}", "github.com/go3s/rules_go3s/bench/startup")
	if err != nil {
		return err
	}
	flags, err := build.Compile(filepath.Join(string(root[:len(root)-1]), "testdata", "busy"), "amd64")
	if err != nil {
		return err
	}
	var files []string
	for i, v := range variants {
		file := filepath.Join(dir, fmt.Sprint("work", i))
		args := slices.Concat(flags, v.flags, []string{"--buildmode=static-pie", "-s", "-o", file})
		if text, err := exec.Command(golink, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", v.name, err, text)
		}
		files = append(files, file)
	}
	fmt.Printf("| attributes | program | least, ms | median, ms | 90%%, ms | peak memory, MB |\n|---|---|---|---|---|---|\n")
	for _, task := range tasks {
		starts, err := measure.StartAll(rounds, true, task.arg, files)
		if err != nil {
			return err
		}
		for i, s := range starts {
			memory, err := measure.MemoryOf(files[i], task.arg)
			if err != nil {
				return err
			}
			ms := func(q float64) float64 { return float64(measure.Quantile(s.Times, q)) / float64(time.Millisecond) }
			fmt.Printf("| %s | %s | %.2f | %.2f | %.2f | %.1f |\n", variants[i].name, task.name, ms(0), ms(0.5), ms(0.9), float64(memory.Peak)/1e6)
		}
	}
	return nil
}
