//go:build !linux

package keyguard

import "errors"

const (
	none = iota
	read
)

type pages struct {
	inner []byte
	kind  string
}

func newPages(int) (*pages, error) {
	return nil, errors.New("this system has no memory that can be guarded, want Linux")
}

func (*pages) protect(int) error { return nil }
func (*pages) wipe()             {}
func (*pages) unmap()            {}
