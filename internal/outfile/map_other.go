//go:build !linux

package outfile

import (
	"errors"
	"os"
)

// Map does nothing.
func Map(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmap([]byte) {}
