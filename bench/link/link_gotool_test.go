package link

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

var mainFlag = flag.String("main", "", "also measure the main package in this `directory`")

func TestMain(m *testing.M) { linktest.Main(m) }

func Benchmark(b *testing.B) {
	dirs := []string{"../../tools/golink/testdata/hello", "../../tools/golink/testdata/seed"}
	if *mainFlag != "" {
		dirs = append(dirs, *mainFlag)
	}
	for _, dir := range dirs {
		fixed := linktest.Compile(b, runtime.GOARCH, dir, false).Config()
		shared := linktest.Compile(b, runtime.GOARCH, dir, true).Config()
		for _, linker := range []struct {
			name string
			args func(b *testing.B, dir, out string) []string
		}{
			{"cmd-link-internal-exe", func(b *testing.B, dir, out string) []string { return internal(b, fixed, dir, out) }},
			{"golink-exe", func(b *testing.B, dir, out string) []string { return golink(b, shared, cmdlink.ModeExe, dir, out) }},
			{"golink-static-pie", func(b *testing.B, dir, out string) []string {
				return golink(b, shared, cmdlink.ModeStaticPIE, dir, out)
			}},
		} {
			b.Run(filepath.Base(dir)+"/"+linker.name, func(b *testing.B) {
				tmp := b.TempDir()
				out := filepath.Join(tmp, "out")
				measure(b, linker.args(b, tmp, out), out)
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

// golink returns the command that links c by golink.
func golink(b *testing.B, c cmdlink.Config, mode, dir, out string) []string {
	args := []string{"link", "-s", "--linker", c.Linker, "--main", c.Main, "--goarch", c.GOARCH, "--buildmode", mode, "-o", out}
	for _, a := range c.Archives {
		args = append(args, "--archive", strings.Join([]string{a.ImportPath, a.PkgPath, a.File, a.Label}, "="))
	}
	file := filepath.Join(dir, "params")
	if err := os.WriteFile(file, []byte(strings.Join(args, "\n")), 0o666); err != nil {
		b.Fatal(err)
	}
	return []string{c.ExtLD, "@" + file}
}
