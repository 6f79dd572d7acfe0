package goobj_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/link"
)

// What is linked from an object has its size, apart from what link.Asm allows for zeros, and linking takes a few times that.
func FuzzAsm(f *testing.F) {
	for _, a := range []string{"amd64", "arm64", "riscv64"} {
		object, err := os.ReadFile(filepath.Join("testdata", "hello_"+a+".o"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(object, uint16(0), uint32(0))
		f.Add(object, uint16(260), ^uint32(0))
	}
	f.Fuzz(func(t *testing.T, object []byte, at uint16, value uint32) {
		if at > 0 && int(at)+4 <= len(object) {
			object = bytes.Clone(object)
			binary.LittleEndian.PutUint32(object[at:], value)
		}
		fuzztest.Bounded(t, len(object), fuzztest.MaxAlloc, func() {
			file, err := goobj.Parse("fuzz", object)
			if err != nil {
				return
			}
			out, err := link.Asm([]link.Object{{Name: "fuzz", File: file}}, "_start")
			if (out == nil) == (err == nil) {
				t.Fatalf("%d bytes and error %v", len(out), err)
			}
			if len(out) > len(object)+5<<20 {
				t.Fatalf("%d bytes for %d", len(out), len(object))
			}
		})
	})
}
