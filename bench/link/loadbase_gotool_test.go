package link

import (
	"bytes"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// mapsC prints its memory map, as tools/golink/testdata/maps does.
const mapsC = `#include <stdio.h>
int main(void) {
	char line[4096];
	FILE *f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, f)) fputs(line, stdout);
	return 0;
}
`

// BenchmarkLoadBase counts the bits of the load address that vary from start to
// start, for a static PIE of golink and for one of the C compiler and glibc. One
// operation is one start: give -benchtime 500x.
func BenchmarkLoadBase(b *testing.B) {
	b.Run("golink-static-pie", func(b *testing.B) {
		exe := filepath.Join(b.TempDir(), "maps")
		linktest.Compile(b, runtime.GOARCH, "../../tools/golink/testdata/maps", true).Link(b, cmdlink.ModeStaticPIE, exe)
		loadBase(b, exe)
	})
	b.Run("glibc-static-pie", func(b *testing.B) {
		exe := filepath.Join(b.TempDir(), "maps")
		if err := os.WriteFile(exe+".c", []byte(mapsC), 0o666); err != nil {
			b.Fatal(err)
		}
		if out, err := exec.Command("cc", "-static-pie", "-o", exe, exe+".c").CombinedOutput(); err != nil {
			b.Skipf("no C compiler that makes a static PIE: %v\n%s", err, out)
		}
		loadBase(b, exe)
	})
}

// loadBase starts exe b.N times.
func loadBase(b *testing.B, exe string) {
	var first, varying uint64
	distinct := map[uint64]bool{}
	for range b.N {
		out, err := exec.Command(exe).Output()
		if err != nil {
			b.Fatal(err)
		}
		for line := range bytes.Lines(out) {
			if !bytes.HasSuffix(bytes.TrimSpace(line), []byte(exe)) {
				continue
			}
			text, _, _ := bytes.Cut(line, []byte("-"))
			base, err := strconv.ParseUint(string(text), 16, 64)
			if err != nil {
				b.Fatal(err)
			}
			if len(distinct) == 0 {
				first = base
			}
			distinct[base] = true
			varying |= base ^ first
			break
		}
	}
	b.ReportMetric(float64(bits.OnesCount64(varying)), "varying-bits")
	b.ReportMetric(float64(len(distinct)), "addresses")
}
