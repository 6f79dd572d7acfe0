package link

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch/all"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// The programs of examples/asm_hello, assembled, linked and started.
func TestAsmHello(t *testing.T) {
	for _, a := range all.Arches {
		t.Run(a.GOARCH, func(t *testing.T) {
			dir := t.TempDir()
			o, exe := filepath.Join(dir, "hello.o"), filepath.Join(dir, "hello")
			include := filepath.Join(gotool.Output(t, "", a.GOARCH, "env", "GOROOT"), "pkg", "include")
			gotool.Output(t, "../../examples/asm_hello", a.GOARCH, "tool", "asm", "-p", "main", "-I", include, "-o", o, "hello_"+a.GOARCH+".s")
			data, err := os.ReadFile(o)
			if err != nil {
				t.Fatal(err)
			}
			obj, err := goobj.Parse(o, data)
			if err != nil {
				t.Fatal(err)
			}
			image, err := Asm([]Object{{o, obj}}, "_start")
			if err != nil {
				t.Fatal(err)
			}
			if len(image) >= 1024 {
				t.Errorf("%d bytes, want less than 1024", len(image))
			}
			if err := os.WriteFile(exe, image, 0o777); err != nil {
				t.Fatal(err)
			}
			t.Run("start", func(t *testing.T) {
				out, err := gotool.Run(t, a.GOARCH, exe).CombinedOutput()
				if err != nil || !bytes.Equal(out, []byte("Hello, World!\n")) {
					t.Errorf("printed %q, %v", out, err)
				}
			})
			t.Run("start without room for output", func(t *testing.T) {
				full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer full.Close()
				cmd := gotool.Run(t, a.GOARCH, exe)
				cmd.Stdout = full
				if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
					t.Errorf("ended with %v, want exit status 1", err)
				}
			})
		})
	}
}
