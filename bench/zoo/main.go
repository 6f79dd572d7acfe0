// Command zoo collects executables of every kind that linkcheck may meet, lets linkcheck
// and its peers judge each, and prints what they say as tables.
//
// In the zoo are the examples of this module in all modes, what elfstrip and other programs
// make of them, Go programs without rules_go3s, C and Rust programs, and the corpus of
// malformed files. What linkcheck must say of each is in golden.json; the command fails
// when it says something else.
//
//	go run ./bench/zoo -doc docs/evidence/zoo.md
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("zoo: ")
	dir := flag.String("dir", "", "keep the files in this `directory`")
	bazel := flag.String("bazel", "./bazelw", "`program` that builds the examples; \"\" leaves them out")
	emulators := flag.String("emulators", os.Getenv("RULES_GO3S_QEMU_DIR"), "`directory` of qemu-<machine>-static; \"\" looks on PATH")
	golden := flag.String("golden", "bench/zoo/golden.json", "`file` of expected verdicts")
	update := flag.Bool("update", false, "write the golden file instead of comparing with it")
	doc := flag.String("doc", "", "also write the tables to this Markdown `file`")
	withPeers := flag.Bool("peers", true, "ask the peers as well")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *dir == "" {
		var err error
		if *dir, err = os.MkdirTemp("", "zoo"); err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(*dir)
	}
	ok, err := run(*dir, *bazel, *emulators, *golden, *doc, *update, *withPeers)
	if err != nil {
		log.Print(err)
	}
	if err != nil || !ok {
		os.RemoveAll(filepath.Join(*dir, "tools"))
		os.Exit(1)
	}
}

// run reports whether all verdicts are the expected ones.
func run(dir, bazel, emulators, golden, doc string, update, withPeers bool) (ok bool, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	k := &keeper{dir: dir}
	tools := map[string]string{}
	for _, tool := range []string{"linkcheck", "elfstrip"} {
		tools[tool] = filepath.Join(dir, "tools", tool)
		build := exec.Command("go", "build", "-o", tools[tool], "./tools/"+tool)
		if out, err := build.CombinedOutput(); err != nil {
			return false, fmt.Errorf("%s: %w\n%s", build, err, out)
		}
	}
	lc, err := newLinkcheck(tools["linkcheck"], dir)
	if err != nil {
		return false, err
	}
	if err := k.collect(bazel, tools["elfstrip"], lc); err != nil {
		return false, err
	}
	t := table{rules: lc.rules, peers: withPeers}
	for i := range k.specimens {
		s := &k.specimens[i]
		r := row{specimen: s}
		if s.Missing == "" {
			if r.judgment, err = lc.judge(s); err != nil {
				return false, err
			}
			r.start = s.start(emulators)
			for _, p := range peers {
				word := ""
				if withPeers {
					word = p.ask(s.Path)
				}
				r.peers = append(r.peers, word)
			}
		}
		t.rows = append(t.rows, r)
	}
	text := t.markdown()
	os.Stdout.Write(text)
	if doc != "" {
		if err := atomicfile.Write(doc, 0o666, text); err != nil {
			return false, err
		}
	}
	if update {
		return true, t.writeGolden(golden)
	}
	differences, err := t.compareGolden(golden)
	for _, d := range differences {
		fmt.Fprintln(os.Stderr, d)
	}
	return len(differences) == 0, err
}

// collect makes all specimens.
func (k *keeper) collect(bazel, elfstrip string, lc *linkcheck) error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("the zoo is made on linux/amd64, this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	if err := k.writeSources(); err != nil {
		return err
	}
	if bazel != "" {
		if err := k.examples(bazel); err != nil {
			return err
		}
		c, err := k.rewritten(elfstrip, lc)
		if err != nil {
			return err
		}
		if err := k.make(c); err != nil {
			return err
		}
	}
	for _, c := range []func() collection{plainGo, k.stripped, k.packed, foreign} {
		if err := k.make(c()); err != nil {
			return err
		}
	}
	return k.malformed()
}

// malformed adds the corpus of elftest.
func (k *keeper) malformed() error {
	for _, c := range elftest.Malformed() {
		s := specimen{Name: "malformed/" + c.Name, Profile: "static-asm", Group: malformedGroup}
		s.Path = k.path(s.Name)
		if err := os.MkdirAll(filepath.Dir(s.Path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(s.Path, c.Data, 0o777); err != nil {
			return err
		}
		k.add(s)
	}
	return nil
}
