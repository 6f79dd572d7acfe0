package uki

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/petest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

func good() Image {
	return Image{Stub: petest.Stub(pe.ARM64), Kernel: petest.Program(pe.ARM64, petest.Section{Name: ".text", Content: []byte("Linux")}),
		Initramfs: []byte("070701 files"), CommandLine: "console=ttyAMA0 -- /bin/app", OSRelease: "ID=test\n"}
}

func TestBuild(t *testing.T) {
	data, goarch, err := Build(good())
	if err != nil || goarch != "arm64" {
		t.Fatalf("%q, %v", goarch, err)
	}
	if again, _, err := Build(good()); err != nil || !bytes.Equal(again, data) {
		t.Errorf("made twice, it has other bytes, %v", err)
	}
	im, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parts(im)
	want := good()
	if err != nil || !bytes.Equal(got.Kernel, want.Kernel) || !bytes.Equal(got.Initramfs, want.Initramfs) ||
		got.CommandLine != want.CommandLine || got.OSRelease != want.OSRelease {
		t.Errorf("got %q, %v", got, err)
	}
	want.Stub = data
}

func TestPCR11(t *testing.T) {
	linux := petest.Program(pe.AMD64, petest.Section{Name: ".text", Content: []byte("k")})
	data, _, err := Build(Image{petest.Stub(pe.AMD64), linux, []byte("070701"), "c", "ID=o"})
	if err != nil {
		t.Fatal(err)
	}
	im, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	kernel, _ := im.Section(Kernel)
	pcr := make([]byte, sha256.Size)
	for _, event := range []string{".linux\x00", string(im.Content(kernel)), ".osrel\x00", "ID=o", ".cmdline\x00", "c", ".initrd\x00", "070701"} {
		sum := sha256.Sum256([]byte(event))
		next := sha256.Sum256(append(pcr, sum[:]...))
		pcr = next[:]
	}
	if got := PCR11(im); hex.EncodeToString(got[:]) != hex.EncodeToString(pcr) {
		t.Errorf("got %x, want %x", got, pcr)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		part   string
		change func(*Image)
		want   string
	}{
		{"stub", func(i *Image) { i.Stub = nil }, `does not begin with "MZ"`},
		{"stub", func(i *Image) { i.Stub = i.Kernel }, "no section .sdmagic, so it is not systemd's"},
		{"stub", func(i *Image) { i.Stub, _, _ = Build(*i) }, "take a stub alone"},
		{"kernel", func(i *Image) { i.Kernel = nil }, "it is no UEFI program"},
		{"kernel", func(i *Image) { i.Kernel = []byte("\x7fELF") }, "it is no UEFI program"},
		{"kernel", func(i *Image) { i.Kernel = []byte("\x1f\x8b\x08") }, "it is compressed by gzip"},
		{"kernel", func(i *Image) { i.Kernel = petest.Stub(pe.AMD64) }, "it is for amd64, and the stub for arm64"},
		{"kernel", func(i *Image) { i.Kernel = append([]byte("MZ"), bytes.Repeat([]byte{0xff}, 100)...) }, "it is no UEFI program"},
		{"initramfs", func(i *Image) { i.Initramfs = nil }, "it is empty"},
		{"initramfs", func(i *Image) { i.Initramfs = i.Stub }, "it begins with 4d 5a"},
		{"initramfs", func(i *Image) { i.Initramfs = []byte("07") }, "it begins with 30 37, so it is no cpio archive"},
		{"command line", func(i *Image) { i.CommandLine = " " }, "want one line of 1 to 1024 bytes"},
		{"command line", func(i *Image) { i.CommandLine = "a\nb" }, "want one line of 1 to 1024 bytes"},
		{"command line", func(i *Image) { i.CommandLine = strings.Repeat("x", 1025) }, "want one line of 1 to 1024 bytes"},
		{"os-release", func(i *Image) { i.OSRelease = "NAME=x" }, "no line ID="},
	} {
		i := good()
		tt.change(&i)
		data, _, err := Build(i)
		if e := (*PartError)(nil); data != nil || !errors.As(err, &e) || e.Part != tt.part || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.part, err, tt.want)
		}
	}
	im, err := pe.Parse(petest.Stub(pe.AMD64))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parts(im); err == nil || !strings.Contains(err.Error(), "no section .osrel") {
		t.Errorf("parts of a stub: %v", err)
	}
}

// FuzzBuild: the parts of an image are those that it was built of, whatever they are.
func FuzzBuild(f *testing.F) {
	g := good()
	f.Add(g.Stub, g.Kernel, g.Initramfs, g.CommandLine, g.OSRelease)
	f.Add(petest.Stub(pe.AMD64), petest.Program(pe.AMD64, petest.Section{Name: ".text", Content: []byte("Linux")}), []byte("\x1f\x8bx"), "quiet", "ID=x")
	f.Fuzz(func(t *testing.T, stub, kernel, initramfs []byte, commandLine, osRelease string) {
		var image []byte
		var err error
		size := len(stub) + len(kernel) + len(initramfs) + len(commandLine) + len(osRelease)
		fuzztest.Bounded(t, size, 64, func() { image, _, err = Build(Image{stub, kernel, initramfs, commandLine, osRelease}) })
		if err != nil {
			if image != nil {
				t.Errorf("both an image and the error %v", err)
			}
			return
		}
		im, err := pe.Parse(image)
		if err != nil {
			t.Fatalf("its own image cannot be read: %v", err)
		}
		got, err := Parts(im)
		if err != nil || !bytes.Equal(got.Kernel, kernel) || !bytes.Equal(got.Initramfs, initramfs) || got.CommandLine != commandLine ||
			got.OSRelease != osRelease {
			t.Errorf("found %q, %v", got, err)
		}
		PCR11(im)
	})
}
