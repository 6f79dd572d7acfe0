package atomicfile

import (
	"errors"
	"fmt"
	"syscall"
)

// capabilities is the extended attribute with file capabilities (capabilities(7), "File capability extended attribute versioning").
const capabilities = "security.capability"

// keepCapabilities gives the file to the file capabilities that the file from has. Who may not gets an error.
func keepCapabilities(from, to string) error {
	var value [64]byte // 24 in version 3
	n, err := syscall.Getxattr(from, capabilities, value[:])
	if errors.Is(err, syscall.ENODATA) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	if err == nil {
		err = syscall.Setxattr(to, capabilities, value[:n], 0)
	}
	if err != nil {
		return fmt.Errorf("%s: its file capabilities are lost: %w: set them again with setcap", from, err)
	}
	return nil
}
