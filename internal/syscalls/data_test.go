package syscalls

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// Reflection can call what is a method, and nothing else counts as one.
func TestIsMethod(t *testing.T) {
	const (
		name, long, function, structure, method = 2, 16, 256, 320, 384
		kindStruct                              = 25
	)
	b := make([]byte, 512)
	copy(b[name:], "\x00\x01a")
	copy(b[long:], "\x01\xc8\x01"+strings.Repeat("L", 200)) // its length has two bytes
	b[511] = 9
	b[function+goabi.TypeKind] = goabi.KindFunc
	b[structure+goabi.TypeKind] = kindStruct
	for _, tt := range []struct {
		what string
		at   int      // offset of what is looked at, in bytes
		data []uint32 // from offset method on
		want bool
	}{
		{"method", method, []uint32{name, function}, true},
		{"method with a long name", method, []uint32{long, function}, true},
		{"no name", method, []uint32{1, function}, false},
		{"name outside", method, []uint32{512, function}, false},
		{"name that does not end", method, []uint32{510, function}, false},
		{"type of no function", method, []uint32{name, structure}, false},
		{"type outside", method, []uint32{name, 510}, false},
		// internal/abi.UncommonType: package path, 2 methods, 0 of them exported, offset of the methods, 0; then a method
		// that was not linked, with the offset of its name.
		{"counts of methods", method + 4, []uint32{long, 2, 16, 0, 0x57e8, function, 0xffffffff, 0xffffffff}, false},
	} {
		b := slices.Clone(b)
		for i, word := range tt.data {
			binary.LittleEndian.PutUint32(b[method+4*i:], word)
		}
		if got := isMethod(b, tt.at); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.what, got, tt.want)
		}
	}
}
