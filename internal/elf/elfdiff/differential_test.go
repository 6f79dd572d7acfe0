package elfdiff

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// againstDebugELF fails the test when package elf and debug/elf differ in a way that is not listed.
func againstDebugELF(t *testing.T, data []byte) {
	t.Helper()
	own, ownErr := Own("file", data)
	other, otherErr := DebugELF(data)
	switch {
	case ownErr != nil && otherErr != nil:
	case ownErr != nil:
		if Kind(ownErr) == "" {
			t.Errorf("refused for a cause that is not listed: %v", ownErr)
		}
	case otherErr != nil:
		if !own.ListedDebugELF(otherErr) {
			t.Errorf("accepted, but debug/elf says: %v", otherErr)
		}
	default:
		for _, d := range own.Compare(other, SameAsDebugELF) {
			t.Error(d)
		}
	}
}

// seeds are well-formed and malformed files.
func seeds() [][]byte {
	var out [][]byte
	for _, m := range elftest.Machines {
		spec := elftest.Executable(m)
		out = append(out, spec.Build().Data)
		spec.HeadersFirst = true
		out = append(out, spec.Build().Data)
	}
	for _, c := range elftest.Malformed() {
		out = append(out, c.Data)
	}
	return out
}

func TestSeedsAgainstDebugELF(t *testing.T) {
	for _, data := range seeds() {
		againstDebugELF(t, data)
	}
}

func TestMutantsAgainstDebugELF(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, seed := range seeds() {
		for range 100 {
			againstDebugELF(t, Mutate(random, seed))
		}
	}
}

func FuzzAgainstDebugELF(f *testing.F) {
	for _, data := range seeds() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { againstDebugELF(t, data) })
}

func TestMutate(t *testing.T) {
	data := elftest.Executable(elftest.Machines[0]).Build().Data
	before := bytes.Clone(data)
	a, b := Mutate(rand.New(rand.NewPCG(1, 2)), data), Mutate(rand.New(rand.NewPCG(1, 2)), data)
	if !bytes.Equal(a, b) || bytes.Equal(a, data) || !bytes.Equal(before, data) {
		t.Error("a mutant is not rebuilt from the random numbers alone")
	}
}
