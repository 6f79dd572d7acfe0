package link

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/bench/internal/measure"
	"github.com/go3s/rules_go3s/bench/internal/programs"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

var (
	programsFlag = flag.String("programs", "hello,seed,caddy", "`names` of bench/internal/programs, with commas between")
	startsFlag   = flag.Int("starts", 20, "starts of each output in each round")
	dwarfFlag    = flag.Bool("dwarf", false, "keep symbol table and DWARF, as the rules do before they strip")
	lldFlag      = flag.String("lld", "ld.lld", "LLD: `name` on PATH, or path")
	gnuFlag      = flag.String("gnu-ld", "ld.bfd", "GNU ld for this machine: `name` on PATH, or path")
)

func TestMain(m *testing.M) {
	measure.Main()
	linktest.Main(m)
}

// A contender is a way to link, and what came of it.
type contender struct {
	name   string
	args   []string // command that links
	out    string
	killed bool // it kills itself, without an output
	links  runs
	starts runs
}

// BenchmarkLink compares linkers. One operation is one round: one link by each.
func BenchmarkLink(b *testing.B) {
	all, err := programs.AllAndLarge()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range strings.Split(*programsFlag, ",") {
		i := slices.IndexFunc(all, func(p programs.Program) bool { return p.Name == name })
		if i < 0 {
			b.Fatalf("-programs: no program %q", name)
		}
		program := all[i]
		fixed := linktest.Compile(b, runtime.GOARCH, program.Dir, false).Config()
		shared := linktest.Compile(b, runtime.GOARCH, program.Dir, true).Config()
		b.Run(name, func(b *testing.B) {
			contenders := contend(b, fixed, shared)
			order := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				for _, i := range order.Perm(len(contenders)) {
					c := contenders[i]
					os.Remove(c.out) // an old file would have to be freed
					c.links.link(b, c.killed, c.args...)
				}
				for range *startsFlag {
					for _, i := range order.Perm(len(contenders)) { // what follows a slow program finds colder caches
						c := contenders[i]
						if c.killed {
							continue
						}
						c.starts.run(b, append([]string{c.out}, program.Args...)...)
					}
				}
			}
			table(b, program, contenders)
		})
	}
}

// contend returns the linkers: fixed is a program compiled for a fixed address, and
// shared the same for a PIE.
func contend(b *testing.B, fixed, shared cmdlink.Config) []*contender {
	dir := b.TempDir()
	var all []*contender
	add := func(name string, args func(c *contender) []string) {
		c := &contender{name: name}
		c.out = filepath.Join(dir, fmt.Sprint("out", len(all)))
		c.args = args(c)
		all = append(all, c)
	}
	add("cmd/link, internal, fixed address", func(c *contender) []string { return internal(b, fixed, "exe", c.out) })
	add("cmd/link, external, up to `go.o`", func(c *contender) []string {
		c.killed = true
		return external(b, shared, c.out)
	})
	if runtime.GOARCH != "riscv64" {
		add("cmd/link, internal, PIE", func(c *contender) []string { return internal(b, shared, "pie", c.out) })
	}
	for _, linker := range []struct{ name, path string }{{"golink", ""}, {"LLD", *lldFlag}, {"GNU ld", *gnuFlag}} {
		var flags []string
		if linker.path != "" {
			path, err := exec.LookPath(linker.path)
			if err != nil {
				b.Logf("%s NOT MEASURED: %v: Debian has it in the package lld or binutils", linker.name, err)
				continue
			}
			flags = []string{"--external-linker", path}
		}
		for _, mode := range []struct{ name, flag string }{{"fixed address", cmdlink.ModeExe}, {"static PIE", cmdlink.ModeStaticPIE}} {
			add(linker.name+", "+mode.name, func(c *contender) []string { return golink(b, shared, mode.flag, c.out, flags...) })
		}
	}
	workers := func(n string, args []string) []string {
		return append([]string{"/usr/bin/env", "GOMAXPROCS=" + n}, args...)
	}
	add("golink, static PIE, 1 worker", func(c *contender) []string {
		return workers("1", golink(b, shared, cmdlink.ModeStaticPIE, c.out))
	})
	if !*dwarfFlag {
		add("golink, static PIE, `--traceback=full`", func(c *contender) []string {
			return golink(b, shared, cmdlink.ModeStaticPIE, c.out, "--traceback=full")
		})
		for _, n := range []string{"2", "1"} {
			add("golink direct, fixed address, workers: "+n, func(c *contender) []string { return workers(n, direct(b, fixed, c.out)) })
		}
	}
	add("golink by cmd/link, static PIE", func(c *contender) []string {
		return golink(b, shared, cmdlink.ModeStaticPIE, c.out, "--go-linker=cmdlink")
	})
	return all
}

// direct returns the command that links c by golink as cmd/link alone does.
func direct(b *testing.B, c cmdlink.Config, out string) []string {
	return []string{c.ExtLD, "direct", "-importcfg", importcfg(b, c, out), "-o", out, c.Main}
}

// internal returns the command that links c by cmd/link alone.
func internal(b *testing.B, c cmdlink.Config, mode, out string) []string {
	return cmdLink(b, c, out, "-linkmode=internal", "-buildmode="+mode)
}

// external returns the command that runs cmd/link in external mode, without garbage collection as golink has it,
// until go.o is finished: the external linker kills it. go.o is in memory.
func external(b *testing.B, c cmdlink.Config, out string) []string {
	tmp, err := os.MkdirTemp("/dev/shm", "bench-link")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(tmp) })
	kill := out + ".kill"
	if err := os.WriteFile(kill, []byte("#!/bin/sh\nkill -KILL $PPID\n"), 0o777); err != nil {
		b.Fatal(err)
	}
	args := cmdLink(b, c, out, "-linkmode=external", "-buildmode=exe", "-tmpdir", tmp, "-extld="+kill)
	return append([]string{"/usr/bin/env", "GOGC=off"}, args...)
}

// cmdLink returns a command of cmd/link.
func cmdLink(b *testing.B, c cmdlink.Config, out string, flags ...string) []string {
	args := []string{c.Linker}
	if !*dwarfFlag {
		args = append(args, "-s", "-w")
	}
	args = append(args, "-importcfg", importcfg(b, c, out))
	return append(append(args, flags...), "-o", out, c.Main)
}

// importcfg writes the import configuration of c, for the output out.
func importcfg(b *testing.B, c cmdlink.Config, out string) string {
	var cfg strings.Builder
	for _, a := range c.Archives {
		fmt.Fprintf(&cfg, "packagefile %s=%s\n", a.PkgPath, a.File)
	}
	file := out + ".importcfg"
	if err := os.WriteFile(file, []byte(cfg.String()), 0o666); err != nil {
		b.Fatal(err)
	}
	return file
}

// golink returns the command that links c by golink.
func golink(b *testing.B, c cmdlink.Config, mode, out string, flags ...string) []string {
	args := append([]string{"link", "--linker", c.Linker, "--main", c.Main, "--goarch", c.GOARCH, "--buildmode", mode, "-o", out}, flags...)
	if !*dwarfFlag {
		args = append(args, "-s")
	}
	for _, a := range c.Archives {
		args = append(args, "--archive", strings.Join([]string{a.ImportPath, a.PkgPath, a.File, a.Label}, "\t"))
	}
	file := out + ".params"
	text := "'" + strings.Join(args, "'\n'") + "'" // no argument has a quote
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		b.Fatal(err)
	}
	return []string{c.ExtLD, "@" + file}
}

// table prints what the contenders did.
func table(b *testing.B, p programs.Program, contenders []*contender) {
	fmt.Printf("\n%s: %s; least / median of %d links, median of %d starts\n\n", p.Name, p.What, b.N, b.N**startsFlag)
	fmt.Printf("| linker | wall time, ms | CPU time, ms | CPU time, to the first | peak memory, MiB | private, MiB | page faults | size, bytes | start, ms |\n" +
		"|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range contenders {
		size, start := "", ""
		if !c.killed {
			info, err := os.Stat(c.out)
			if err != nil {
				b.Fatal(err)
			}
			size, start = fmt.Sprint(info.Size()), fmt.Sprintf("%.2f", median(c.starts.wall))
		}
		private := ""
		if !c.killed {
			private = fmt.Sprintf("%.1f", float64(privateMemory(b, c.args...))/1024)
		}
		fmt.Printf("| %s | %.0f / %.0f | %.0f / %.0f | %.2f | %d | %s | %d | %s | %s |\n", c.name,
			least(c.links.wall), median(c.links.wall), least(c.links.cpu), median(c.links.cpu), ratio(c.links.cpu, contenders[0].links.cpu),
			c.links.peak>>10, private, c.links.faults, size, start)
	}
}
