package hugepages

import "testing"

// Drop takes the huge pages that are all in the memory, and nothing else. What is written then stays.
func TestDrop(t *testing.T) {
	words := Words(4 * Size / 8)
	for i := range words {
		words[i] = 1
	}
	part := words[1 : len(words)-1]
	Drop(part)
	kept := 0
	for _, w := range words {
		kept += int(w)
	}
	if words[0] != 1 || words[len(words)-1] != 1 || kept > 2*Size/8 {
		t.Errorf("%d of %d words are left, the first is %d and the last %d; want up to two huge pages and both", kept, len(words), words[0],
			words[len(words)-1])
	}
	for i := range words {
		words[i] = 2
	}
	Drop(words[:Size/8-1]) // less than a huge page
	Drop(nil)
	for i, w := range words {
		if w != 2 {
			t.Fatalf("word %d is %d, want 2", i, w)
		}
	}
}
