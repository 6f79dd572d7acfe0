package fips_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// What the mode costs a program that makes two keys and seals a line, from exec to exit.
func BenchmarkStart(b *testing.B) {
	linktest.Golink(b) // without a module of its own
	for _, module := range []string{"v1.0.0", "v1.26.0", "latest"} {
		b.Setenv("GOFIPS140", module)
		path := filepath.Join(b.TempDir(), "program")
		linktest.Compile(b, runtime.GOARCH, filepath.Join("..", "..", "examples", "fips"), true).Link(b, cmdlink.ModeStaticPIE, path)
		for _, mode := range []string{"off", "on"} {
			b.Run(module+"/fips140="+mode, func(b *testing.B) {
				for b.Loop() {
					cmd := exec.Command(path)
					cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode)
					if out, err := cmd.CombinedOutput(); err != nil {
						b.Fatalf("%v: %s", err, out)
					}
				}
			})
		}
	}
}
