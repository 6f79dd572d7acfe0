package pack

import (
	"bytes"
	"math/rand/v2"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// tables returns Go's tables of count functions in one piece of bytes, as cmd/link makes
// them, and where they are: what finds functions, what is between, functab and records.
func tables(count int, align uint32) ([]byte, unpacker.FuncTable) {
	r := rand.New(rand.NewPCG(7, uint64(count)))
	entries := make([]uint32, count+1)
	for i := range count {
		entries[i+1] = entries[i] + 16*uint32(1+r.IntN(r.IntN(200)+1))
	}
	size, parts := unpacker.FindSize(uint64(entries[count]))
	t := unpacker.FuncTable{Count: uint32(count), Align: align, Find: 4, Parts: uint32(parts)}
	b := make([]byte, 4+size+20)
	// For each 256 bytes of code the function that the first one is of.
	whole, at, index := 0, 4, 0
	for part := range int(parts) {
		for uint32(part*256) >= entries[index+1] {
			index++
		}
		if part%16 == 0 {
			whole = index
			put32(b[at:], uint32(index))
			at += 4
		}
		b[at] = byte(index - whole)
		at++
	}
	t.Table = uint32(len(b))
	b = append(b, make([]byte, 8*count+4)...)
	put32(b[int(t.Table)+8*count:], entries[count])
	for i := range count {
		for uint32(len(b)-int(t.Table))%align != 0 {
			b = append(b, 0)
		}
		pair := b[int(t.Table)+8*i:]
		put32(pair, entries[i])
		put32(pair[4:], uint32(len(b)-int(t.Table)))
		npcdata, nfuncdata := r.IntN(5), r.IntN(8)
		for w := range 11 + npcdata + nfuncdata {
			v := r.Uint32()
			switch {
			case w == 0:
				v = entries[i]
			case w == 7:
				v = uint32(npcdata)
			case w == 10:
				v = v>>8 | uint32(nfuncdata)<<24
			case w >= 11 && r.IntN(3) == 0:
				v = 0
			}
			b = le.AppendUint32(b, v)
		}
	}
	return append(b, "behind"...), t
}

func TestFuncTable(t *testing.T) {
	for _, count := range []int{1, 2, 100, 3000} {
		for _, align := range []uint32{4, 8} {
			in, list := tables(count, align)
			out := bytes.Clone(in)
			f, ok := filterTables(out, 0, list)
			if !ok {
				t.Fatalf("%d functions, records aligned to %d: the filter does not restore its tables", count, align)
			}
			if want := uint64(len(in) - len("behind")); f.Size != want || !bytes.Equal(out[want:], in[want:]) {
				t.Errorf("%d functions: the filter is for %d bytes, want %d", count, f.Size, want)
			}
			zeros := make([]byte, 8*count)
			if pairs := out[list.Table:][:len(zeros)]; !bytes.Equal(pairs, zeros) {
				t.Errorf("%d functions: the pairs are still there", count)
			}
			if !unpacker.Filtered(f.Kind, out[:f.Size], f.list) || !bytes.Equal(out, in) {
				t.Errorf("%d functions, records aligned to %d: not restored", count, align)
			}
			if unpacker.Filtered(f.Kind, out[:f.Size-1], f.list) {
				t.Errorf("%d functions: a record beyond the end was accepted", count)
			}
			other := list
			if other.Align ^= 4 ^ 8; count > 2 && align == 8 {
				if _, ok := filterTables(bytes.Clone(in), 0, other); ok {
					t.Errorf("%d functions: applied to records that are elsewhere", count)
				}
			}
		}
	}
}

// A filter stays in its bounds whatever its list and its range say, and the unpacker's
// answer does not depend on what is around.
func FuzzFilter(f *testing.F) {
	b, list := tables(20, 4)
	f.Add(uint8(unpacker.FilterFuncTable), goelf.Encode(list), b)
	b, list = tables(3, 8)
	f.Add(uint8(unpacker.FilterFuncTable), goelf.Encode(list), b)
	for kind := uint8(1); kind <= unpacker.FilterFuncTable; kind++ {
		f.Add(kind, []byte{3, 255, 9, 0, 200}, make([]byte, 1500))
	}
	f.Fuzz(func(t *testing.T, kind uint8, list, b []byte) {
		const guard = 64
		buffer := bytes.Repeat([]byte{0xa5}, guard)
		buffer = append(append(buffer, b...), buffer...)
		ok := unpacker.Filtered(uint64(kind), buffer[guard:guard+len(b)], list)
		for i, c := range buffer {
			if c != 0xa5 && (i < guard || i >= guard+len(b)) {
				t.Fatalf("wrote at %d, outside of %d bytes", i-guard, len(b))
			}
		}
		if again := bytes.Clone(b); unpacker.Filtered(uint64(kind), again, list) != ok || ok && !bytes.Equal(again, buffer[guard:guard+len(b)]) {
			t.Fatal("applied again to the same, it does something else")
		}
	})
}
