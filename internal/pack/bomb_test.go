package pack_test

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/pack/packtest"
)

// The heap does not grow by what a file unpacks to, up to what its size allows, and more is refused before it is unpacked.
func TestUnpackBomb(t *testing.T) {
	packed := packData(t, "test", executable(elf.EM_X86_64, 1000))
	const size = 20 << 20
	for _, tt := range []struct {
		image uint64
		want  string
	}{
		{8<<20 + 8*size - 1<<20, "it gives"},
		{8<<20 + 8*size + 1<<20, "are said to unpack to 177209344, want at most"},
	} {
		bomb := packtest.Bomb(t, packed, size, tt.image)
		var err error
		fuzztest.Bounded(t, size, 1, func() { _, err = unpackData("test", bomb) })
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d bytes that unpack to %d: error %v, want %q", len(bomb), tt.image, err, tt.want)
		}
	}
}
