package link

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// BenchmarkPIC compares code for a fixed address with position-independent code. One
// operation is one round: one run of each program.
func BenchmarkPIC(b *testing.B) {
	dir := b.TempDir()
	fixed := linktest.Compile(b, runtime.GOARCH, "testdata/cpu", false)
	shared := linktest.Compile(b, runtime.GOARCH, "testdata/cpu", true)
	programs := []*contender{
		{name: "not `-shared`, fixed address, golink"},
		{name: "`-shared`, fixed address, golink"},
		{name: "`-shared`, static PIE, golink"},
		{name: "not `-shared`, fixed address, cmd/link"},
	}
	for i, p := range programs {
		p.out = filepath.Join(dir, fmt.Sprint("cpu", i))
	}
	fixed.Link(b, cmdlink.ModeExe, programs[0].out)
	shared.Link(b, cmdlink.ModeExe, programs[1].out)
	shared.Link(b, cmdlink.ModeStaticPIE, programs[2].out)
	programs[3].links.run(b, internal(b, fixed.Config(), "exe", programs[3].out)...)
	compareCode(b, programs)
}

// BenchmarkAlignment compares alignments of functions, in bytes; 32 is the default. One operation
// is one round: one run of each program.
func BenchmarkAlignment(b *testing.B) {
	dir := b.TempDir()
	p := linktest.Compile(b, runtime.GOARCH, "testdata/cpu", true)
	var programs []*contender
	for _, align := range []string{"8", "16", "32", "64"} {
		c := &contender{name: align, out: filepath.Join(dir, "cpu"+align)}
		p.Link(b, cmdlink.ModeExe, c.out, func(c *cmdlink.Config) { c.Ldflags = []string{"-funcalign=" + align} })
		programs = append(programs, c)
	}
	compareCode(b, programs)
}

// compareCode runs the programs in turn and prints their user time.
func compareCode(b *testing.B, programs []*contender) {
	for b.Loop() {
		for _, p := range programs {
			p.starts.run(b, p.out)
		}
	}
	fmt.Printf("\nuser time of %d runs\n\n| code | least, ms | median, ms |\n|---|---|---|\n", b.N)
	for _, p := range programs {
		fmt.Printf("| %s | %.0f | %.0f |\n", p.name, least(p.starts.user), median(p.starts.user))
	}
}
