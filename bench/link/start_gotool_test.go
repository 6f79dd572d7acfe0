package link

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/measure"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// startCopies is the number of files of each program. Where the page cache has a file decides over as much as 10 % of
// the time that it takes to start, so no program stands for its kind.
const startCopies = 4

// BenchmarkStart compares the times from exec to exit of programs that return at once from main: at a fixed address and as
// static PIE, with and without huge pages. One operation is -starts starts of each of startCopies files of each kind, in random order.
func BenchmarkStart(b *testing.B) {
	kinds := []struct {
		name string
		edit func(*cmdlink.Config)
	}{
		{"fixed address", func(c *cmdlink.Config) { c.BuildMode = cmdlink.ModeExe }},
		{"static PIE", func(c *cmdlink.Config) { c.BuildMode = cmdlink.ModeStaticPIE }},
		{"static PIE, `--no-huge-pages`", func(c *cmdlink.Config) { c.BuildMode, c.NoHugePages = cmdlink.ModeStaticPIE, true }},
	}
	for _, p := range []struct{ name, dir string }{{"hello", "../../tools/golink/testdata/hello"}, {"client", "testdata/client"}} {
		compiled := linktest.Compile(b, runtime.GOARCH, p.dir, true)
		b.Run(p.name, func(b *testing.B) {
			dir := b.TempDir()
			var files []string
			for i := range startCopies {
				for n, k := range kinds {
					linked, file := filepath.Join(dir, fmt.Sprint("linked", n)), filepath.Join(dir, fmt.Sprint("start", n, i))
					if i == 0 {
						compiled.Link(b, "", linked, k.edit, func(c *cmdlink.Config) { c.StripSymbols = true })
					}
					data, err := os.ReadFile(linked)
					if err == nil {
						err = os.WriteFile(file, data, 0o755) // by one write(2), as golink does
					}
					if err != nil {
						b.Fatal(err)
					}
					files = append(files, file)
				}
			}
			for b.Loop() {
				starts, err := measure.StartAll(*startsFlag, true, "--version", files)
				if err != nil {
					b.Fatal(err)
				}
				fmt.Printf("\n%s: %d starts of each of %d files\n\n| program | median, ms | page faults | time, to that of the first | 95 %% interval |\n|---|---|---|---|---|\n", p.name, *startsFlag, startCopies)
				rounds := make([][][]time.Duration, len(kinds)) // by kind and round
				for n, k := range kinds {
					for r := range *startsFlag {
						var round []time.Duration
						for i := n; i < len(files); i += len(kinds) {
							round = append(round, starts[i].Times[r])
						}
						rounds[n] = append(rounds[n], round)
					}
					low, high := interval(rounds[0], rounds[n])
					all, first := slices.Concat(rounds[n]...), slices.Concat(rounds[0]...)
					fmt.Printf("| %s | %.3f | %d | %.3f | %.3f to %.3f |\n", k.name, median(all), starts[n].Faults, median(all)/median(first), low, high)
				}
			}
		})
	}
}

// interval returns the 95 % interval of the ratio of the medians of b and a, by a bootstrap over their rounds, which
// belong together.
func interval(a, b [][]time.Duration) (low, high float64) {
	const resamples = 1000
	random := rand.New(rand.NewPCG(1, 2))
	var ratios []float64
	for range resamples {
		var x, y []time.Duration
		for range a {
			r := random.IntN(len(a))
			x, y = append(x, a[r]...), append(y, b[r]...)
		}
		ratios = append(ratios, median(y)/median(x))
	}
	slices.Sort(ratios)
	return ratios[resamples/40], ratios[resamples-1-resamples/40]
}
