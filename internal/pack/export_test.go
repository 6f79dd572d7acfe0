package pack

import (
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// MendSum gives the packed file data the right checksum, so that fuzzing gets past it.
func MendSum(name string, data []byte) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return
	}
	n, err := findNote(f)
	if err != nil || n == nil || n.Header > n.End || n.End > uint64(len(data)) || n.End-n.Header < 8 || (n.End-n.Header-8)%unpacker.SumUnit != 0 {
		return
	}
	le.PutUint64(data[n.Header:], unpacker.Sum(data[n.Header+8:n.End]))
}
