package pcln

import (
	"bytes"
	"fmt"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// Verify compares bytes where it can, and what several functions use only once. Of programs with one byte of the tables changed it
// accepts none that differs when all tables are read for each instruction.
func TestVerifyChanges(t *testing.T) {
	for _, machine := range smallMachines {
		f, err := goelf.Parse("small", smallProgram(machine, smallReleases[0]))
		if err != nil {
			t.Fatal(err)
		}
		old, err := Read(f, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		out, _, err := Compact(f, Full, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		g, err := goelf.Parse("compacted", out)
		if err != nil {
			t.Fatal(err)
		}
		section := g.Section(".gopclntab")
		found, accepted := 0, 0
		for off := section.Off; off < section.Off+section.Size; off++ {
			for _, change := range []byte{1, 0x80, 0xff} {
				data := bytes.Clone(out)
				data[off] ^= change
				h, err := goelf.Parse("changed", data)
				if err != nil {
					t.Fatal(err)
				}
				changed, err := Read(h, goabi.Refuse)
				if err != nil || Verify(old, changed, Full) != nil {
					found++
					continue
				}
				accepted++
				for i := range old.Len() {
					if err := sameAnswers(old, changed, i); err != nil {
						t.Fatalf("%s: byte %#x of the tables changed by %#x is accepted: function %d, %v", f.GOARCH(), off-section.Off, change, i, err)
					}
				}
			}
		}
		t.Logf("%s: %d changes are found, %d make no difference", f.GOARCH(), found, accepted)
		if found < accepted {
			t.Errorf("%s: most changes make no difference", f.GOARCH())
		}
	}
}

// sameAnswers compares what tracebacks and the garbage collector look up for each instruction of function i.
func sameAnswers(old, new *Table, i int) error {
	var a, b funcRecord
	if err := old.readFunc(i, &a); err != nil {
		return err
	}
	if err := new.readFunc(i, &b); err != nil {
		return err
	}
	depths, err := old.runs(a.sp, toEnd, nil)
	if err != nil {
		return err
	}
	end := a.size
	if len(depths) > 0 {
		end = min(end, depths[len(depths)-1].end)
	}
	for pc := uint64(0); pc < end; pc += old.quantum {
		values := func(t *Table, off uint32, size uint64) int32 {
			v, e := t.valueIn(off, size, pc)
			if e != nil {
				err = e
			}
			return v
		}
		pcdata := func(k int) (x, y int32) { return values(old, a.pcdata[k], a.size), values(new, b.pcdata[k], b.size) }
		if x, y := values(old, a.sp, toEnd), values(new, b.sp, toEnd); x != y {
			return fmt.Errorf("stack depth %d at +%#x, want %d", y, pc, x)
		}
		if x, y := pcdata(goabi.PCDataUnsafePoint); x != y {
			return fmt.Errorf("unsafe point %d at +%#x, want %d", y, pc, x)
		}
		if x, y := pcdata(goabi.PCDataStackMap); max(x, 0) != max(y, 0) && x != -1 { // see skipPrologue
			return fmt.Errorf("stack map %d at +%#x, want %d", y, pc, x)
		}
		if x, y := pcdata(goabi.PCDataArgLive); max(x, 0) != max(y, 0) {
			return fmt.Errorf("argument record %d at +%#x, want %d", y, pc, x)
		}
		if x, y := pcdata(goabi.PCDataPanicBounds); x != y && x != -1 {
			return fmt.Errorf("bounds check %d at +%#x, want %d", y, pc, x)
		}
		x, errx := (&Symbols{table: old}).Frames(i, pc)
		y, erry := (&Symbols{table: new}).Frames(i, pc)
		if errx != nil || erry != nil || err != nil || fmt.Sprint(x) != fmt.Sprint(y) {
			return fmt.Errorf("calls %v at +%#x, want %v (%v, %v, %v)", y, pc, x, err, errx, erry)
		}
	}
	return nil
}
