package link

import (
	"bytes"
	"debug/elf"
	"fmt"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// asmObject returns an amd64 object with the symbols; a relocation's target index is
// looked up by name where it can be.
func asmObject(name string, syms ...goobj.Symbol) Object {
	index := map[string]int{}
	for i, s := range syms {
		index[s.Name] = i
	}
	for _, s := range syms {
		for j := range s.Relocs {
			t := &s.Relocs[j].Target
			if i, ok := index[t.Name]; ok {
				t.Index = i
			} else {
				t.Index = -1
			}
		}
	}
	return Object{name, &goobj.File{Header: goobj.Header{GOOS: "linux", GOARCH: "amd64", Version: "go1.26.8"}, Symbols: syms}}
}

func asmSymbol(name string, kind goobj.Kind, data string, relocs ...goobj.Reloc) goobj.Symbol {
	return goobj.Symbol{Name: name, Kind: kind, Data: []byte(data), Size: uint32(len(data)), Relocs: relocs}
}

func asmReloc(off int32, typ goobj.RelocType, target string) goobj.Reloc {
	return goobj.Reloc{Off: off, Size: 4, Type: typ, Target: goobj.Target{Name: target}}
}

func TestAsmLayout(t *testing.T) {
	a := asmObject("a.o",
		asmSymbol("unused", goobj.KindData, "writable but not reached"),
		asmSymbol("_start", goobj.KindText, "\xe8\x00\x00\x00\x00\x48\x8d\x05\x00\x00\x00\x00", asmReloc(1, goobj.RelocCall, "f"), asmReloc(8, goobj.RelocPCRel, "k")))
	b := asmObject("b.o", asmSymbol("k", goobj.KindROData, "constant"), asmSymbol("f", goobj.KindText, "\xc3"))
	out, err := Asm([]Object{a, b}, "_start")
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if f.Type != elf.ET_EXEC || f.Machine != elf.EM_X86_64 || f.Entry != asmBase+asmHeaders || len(f.Progs) != 2 {
		t.Errorf("header %+v with %d segments", f.FileHeader, len(f.Progs))
	}
	if p := f.Progs[0]; p.Flags != elf.PF_R|elf.PF_X || p.Filesz != p.Memsz || p.Off != 0 {
		t.Errorf("segment %+v", p.ProgHeader)
	}
	if p := f.Progs[1]; p.Type != elf.PT_GNU_STACK || p.Flags != elf.PF_R|elf.PF_W {
		t.Errorf("segment %+v, want a stack that is not executable", p.ProgHeader)
	}
	text, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	// _start at 0 calls f at 16, which is 11 after the call; k is at 24, 12 after the LEAQ.
	want := "\xe8\x0b\x00\x00\x00\x48\x8d\x05\x0c\x00\x00\x00\x00\x00\x00\x00\xc3\x00\x00\x00\x00\x00\x00\x00constant"
	if string(text) != want {
		t.Errorf(".text % x\nwant  % x", text, want)
	}
	if again, err := Asm([]Object{a, b}, "_start"); err != nil || !bytes.Equal(again, out) {
		t.Error("a second link gave other bytes")
	}
}

func TestAsmRefuses(t *testing.T) {
	call := func(target string) goobj.Symbol {
		return asmSymbol("_start", goobj.KindText, "\xe8\x00\x00\x00\x00", asmReloc(1, goobj.RelocCall, target))
	}
	foreign := asmObject("b.o", asmSymbol("f", goobj.KindText, "\xc3"))
	foreign.GOARCH = "arm64"
	other := asmObject("a.o", call("_start"))
	other.GOARCH = "ppc64le"
	huge := goobj.Symbol{Name: "k", Kind: goobj.KindROData, Data: []byte("x"), Size: 1<<32 - 1}
	undefined := goobj.Symbol{Name: "_start", Kind: goobj.KindText, Data: make([]byte, 200), Size: 200}
	many := []goobj.Symbol{undefined}
	for i := range 20 {
		name := fmt.Sprint("n", i)
		many = append(many, goobj.Symbol{Name: name, Kind: goobj.KindROData, Size: 1 << 20})
		many[0].Relocs = append(many[0].Relocs, asmReloc(int32(4*i), goobj.RelocPCRel, name))
		undefined.Relocs = append(undefined.Relocs, asmReloc(int32(4*i), goobj.RelocPCRel, name))
	}
	undefined.Relocs = append(undefined.Relocs, asmReloc(100, goobj.RelocPCRel, "n20"))
	for _, tt := range []struct {
		name string
		objs []Object
		errs []string
	}{
		{"nothing", nil, []string{"no object files"}},
		{"no entry", []Object{asmObject("a.o", asmSymbol("main", goobj.KindText, "\xc3"))}, []string{"_start", "a.o"}},
		{"entry is data", []Object{asmObject("a.o", asmSymbol("_start", goobj.KindROData, "x"))}, []string{"a.o", "want TEXT"}},
		{"undefined", []Object{asmObject("a.o", call("nowhere"))}, []string{"a.o", "_start+0x1", `"nowhere"`}},
		{"defined twice", []Object{asmObject("a.o", call("_start")), asmObject("b.o", call("_start"))}, []string{"a.o", "b.o", "_start"}},
		{"data reached", []Object{asmObject("a.o", call("d"), asmSymbol("d", goobj.KindData, "x"))}, []string{"a.o", "symbol d is DATA"}},
		{"bss reached", []Object{asmObject("a.o", call("d"), asmSymbol("d", goobj.KindNoPtrBSS, ""))}, []string{"symbol d is NOPTRBSS"}},
		{"unknown kind", []Object{asmObject("a.o", call("d"), asmSymbol("d", 99, ""))}, []string{"kind 99"}},
		{"unknown relocation", []Object{asmObject("a.o", asmSymbol("_start", goobj.KindText, "....", asmReloc(0, 999, "_start")))}, []string{"a.o", "type 999", "amd64"}},
		{"huge constant", []Object{asmObject("a.o", call("k"), huge)}, []string{"a.o", "symbol k has 4294967295 bytes, 4294967294 of them zero"}},
		{"many large constants", []Object{asmObject("a.o", many...)}, []string{"a.o", "has 1048576 bytes", "want at most 4194304 bytes of zeros"}},
		{"alignment", []Object{asmObject("a.o", call("k"), goobj.Symbol{Name: "k", Kind: goobj.KindROData, Size: 8, Align: 1 << 30})}, []string{"a.o", "symbol k has alignment 1073741824"}},
		{"odd alignment", []Object{asmObject("a.o", call("k"), goobj.Symbol{Name: "k", Kind: goobj.KindROData, Size: 8, Align: 24})}, []string{"a.o", "symbol k has alignment 24"}},
		{"many undefined", []Object{asmObject("a.o", undefined)}, []string{`"n19"`, "and more symbols"}},
		{"two machines", []Object{asmObject("a.o", call("f")), foreign}, []string{"b.o", "linux/arm64", "a.o"}},
		{"unknown machine", []Object{other}, []string{"a.o", "ppc64le"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Asm(tt.objs, "_start")
			if err == nil || out != nil {
				t.Fatalf("got %d bytes, %v", len(out), err)
			}
			for _, e := range tt.errs {
				if !strings.Contains(err.Error(), e) {
					t.Errorf("error %q, want %q in it", err, e)
				}
			}
		})
	}
}
