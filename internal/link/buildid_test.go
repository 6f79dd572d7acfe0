package link

import (
	"bytes"
	"debug/elf"
	"regexp"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// placeholderObject is an object with a Go build ID to derive.
func placeholderObject() *testObject {
	o := newTestObject(true)
	id := []byte("\x04\x00\x00\x00\x53\x00\x00\x00\x04\x00\x00\x00Go\x00\x00" + GoBuildIDPlaceholder + "\x00")
	o.section(".note.go.buildid").data = id
	return o
}

func goBuildIDOf(t *testing.T, f *elf.File) string {
	t.Helper()
	note, err := f.Section(".note.go.buildid").Data()
	if err != nil {
		t.Fatal(err)
	}
	return string(note[noteHeader:][:len(GoBuildIDPlaceholder)])
}

func TestGoBuildID(t *testing.T) {
	_, f := mustLink(t, placeholderObject(), Options{PIE: true})
	id := goBuildIDOf(t, f)
	if !regexp.MustCompile(`^([-_0-9A-Za-z]{20}/){3}[-_0-9A-Za-z]{20}$`).MatchString(id) || id == GoBuildIDPlaceholder {
		t.Errorf("Go build ID %q, want four parts of 20 characters", id)
	}
	for name, test := range map[string]struct {
		opt  Options
		edit func(*testObject)
		same bool
	}{
		"again":                     {Options{PIE: true}, func(*testObject) {}, true},
		"without debug information": {Options{PIE: true, StripSymbols: true}, func(*testObject) {}, true},
		"another constant":          {Options{PIE: true}, func(o *testObject) { o.section(".rodata").data[0]++ }, false},
		"another code":              {Options{PIE: true}, func(o *testObject) { o.section(".text").data[20]++ }, false},
	} {
		o := placeholderObject()
		test.edit(o)
		_, f := mustLink(t, o, test.opt)
		if got := goBuildIDOf(t, f); (got == id) != test.same {
			t.Errorf("%s: Go build ID %s, before %s", name, got, id)
		}
	}
	_, f = mustLink(t, placeholderObject(), Options{PIE: true, NoBuildID: true})
	if got := goBuildIDOf(t, f); got == GoBuildIDPlaceholder {
		t.Error("without a build-id note no Go build ID is derived")
	}
}

// TestDeferredBuildIDs: what is filled in later is what Link fills in at once.
func TestDeferredBuildIDs(t *testing.T) {
	want, _ := mustLink(t, placeholderObject(), Options{PIE: true})
	out, _ := mustLink(t, placeholderObject(), Options{PIE: true, DeferBuildIDs: true})
	if bytes.Equal(out.File, want.File) || len(out.DeferredBuildIDs()) != 2 {
		t.Fatalf("%d build IDs are left out, want 2", len(out.DeferredBuildIDs()))
	}
	ids := out.DeferredBuildIDs() // of the file before any of them is written
	for _, id := range ids {
		copy(out.File[id.Off:], id.Data)
	}
	if !bytes.Equal(out.File, want.File) {
		t.Error("other bytes than of a link that fills them in")
	}
}

// TestFinishGoBuildID: an output of Link takes the place of what another linker wrote.
func TestFinishGoBuildID(t *testing.T) {
	e, image := prepare(t, placeholderObject(), Options{PIE: true, DeferBuildIDs: true})
	out, err := e.Finish("out", image)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if id := goBuildIDOf(t, f); id == GoBuildIDPlaceholder {
		t.Error("the Go build ID was not derived")
	}

	// Where no PT_NOTE is about the note, it is not found.
	e, image = prepare(t, placeholderObject(), Options{PIE: true, DeferBuildIDs: true, NoBuildID: true})
	out, err = e.Finish("out", withoutNotes(t, image))
	if err == nil || !strings.Contains(err.Error(), "no PT_NOTE segment holds the Go build ID") {
		t.Errorf("without PT_NOTE: %d bytes, error %v", len(out), err)
	}
}

// withoutNotes returns an ELF file with PT_NULL in place of its PT_NOTE entries.
func withoutNotes(t *testing.T, image []byte) []byte {
	t.Helper()
	image = bytes.Clone(image)
	for i := range int(le.Uint16(image[56:])) {
		if p := image[goelf.HeaderSize+i*goelf.ProgHeaderSize:]; elf.ProgType(le.Uint32(p)) == elf.PT_NOTE {
			le.PutUint32(p, uint32(elf.PT_NULL))
		}
	}
	return image
}
