package link

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

var (
	mainFlag = flag.String("main", "", "also measure the main package in this `directory`")
	lldFlag  = flag.String("lld", "ld.lld", "LLD: `name` on PATH, or path")
	gnuFlag  = flag.String("gnu-ld", "ld.bfd", "GNU ld for this machine: `name` on PATH, or path")
)

func TestMain(m *testing.M) { linktest.Main(m) }

func Benchmark(b *testing.B) {
	programs := []struct {
		dir  string
		args []string // to start it with; nil not to start it
	}{
		{"../../tools/golink/testdata/hello", []string{}},
		{"../../tools/golink/testdata/seed", []string{"https://127.0.0.1:1/"}},
	}
	if *mainFlag != "" {
		programs = append(programs, struct {
			dir  string
			args []string
		}{*mainFlag, nil})
	}
	for _, program := range programs {
		dir := program.dir
		fixed := linktest.Compile(b, runtime.GOARCH, dir, false).Config()
		shared := linktest.Compile(b, runtime.GOARCH, dir, true).Config()
		for _, linker := range []struct {
			name string
			args func(b *testing.B, dir, out string) []string
		}{
			{"cmd-link-internal-exe", func(b *testing.B, dir, out string) []string { return internal(b, fixed, dir, out) }},
			{"golink-exe", by(shared, cmdlink.ModeExe, "")},
			{"golink-static-pie", by(shared, cmdlink.ModeStaticPIE, "")},
			{"lld-exe", by(shared, cmdlink.ModeExe, *lldFlag)},
			{"lld-static-pie", by(shared, cmdlink.ModeStaticPIE, *lldFlag)},
			{"gnu-ld-exe", by(shared, cmdlink.ModeExe, *gnuFlag)},
			{"gnu-ld-static-pie", by(shared, cmdlink.ModeStaticPIE, *gnuFlag)},
		} {
			b.Run(filepath.Base(dir)+"/"+linker.name, func(b *testing.B) {
				tmp := b.TempDir()
				out := filepath.Join(tmp, "out")
				measure(b, linker.args(b, tmp, out), out)
				if program.args != nil {
					b.ReportMetric(startTime(b, out, program.args), "start-ms")
				}
			})
		}
	}
}

// measure runs the command args, which writes out.
func measure(b *testing.B, args []string, out string) {
	var cpu time.Duration
	var peak int64
	for b.Loop() {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
		if text, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", cmd, err, text)
		}
		cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	}
	info, err := os.Stat(out)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(peak)/1024, "peak-MiB")
	b.ReportMetric(float64(info.Size()), "bytes")
}

// internal returns the command that links c by cmd/link alone.
func internal(b *testing.B, c cmdlink.Config, dir, out string) []string {
	var cfg strings.Builder
	for _, a := range c.Archives {
		fmt.Fprintf(&cfg, "packagefile %s=%s\n", a.PkgPath, a.File)
	}
	file := filepath.Join(dir, "importcfg")
	if err := os.WriteFile(file, []byte(cfg.String()), 0o666); err != nil {
		b.Fatal(err)
	}
	return []string{c.Linker, "-s", "-w", "-importcfg", file, "-linkmode=internal", "-buildmode=exe", "-o", out, c.Main}
}

// by returns a function that returns the command that links c by golink, and by
// the external linker of that name unless it is "".
func by(c cmdlink.Config, mode, external string) func(b *testing.B, dir, out string) []string {
	return func(b *testing.B, dir, out string) []string {
		if external == "" {
			return golink(b, c, mode, dir, out)
		}
		path, err := exec.LookPath(external)
		if err != nil {
			b.Skipf("NOT MEASURED: %v: Debian has it in the package lld or binutils", err)
		}
		return golink(b, c, mode, dir, out, "--external-linker", path)
	}
}

// starts is how often startTime starts a program.
const starts = 200

// startTime returns the median time, in milliseconds, from the start of the program
// to its end.
func startTime(b *testing.B, program string, args []string) float64 {
	var times []time.Duration
	for range starts {
		cmd := exec.Command(program, args...)
		begin := time.Now()
		if err := cmd.Run(); err != nil {
			b.Fatalf("%v: %v", cmd, err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[starts/2].Seconds() * 1000
}

// golink returns the command that links c by golink.
func golink(b *testing.B, c cmdlink.Config, mode, dir, out string, flags ...string) []string {
	args := append([]string{"link", "-s", "--linker", c.Linker, "--main", c.Main, "--goarch", c.GOARCH, "--buildmode", mode, "-o", out}, flags...)
	for _, a := range c.Archives {
		args = append(args, "--archive", strings.Join([]string{a.ImportPath, a.PkgPath, a.File, a.Label}, "="))
	}
	file := filepath.Join(dir, "params")
	if err := os.WriteFile(file, []byte(strings.Join(args, "\n")), 0o666); err != nil {
		b.Fatal(err)
	}
	return []string{c.ExtLD, "@" + file}
}
