//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// loadModules loads what is in /lib/modules into the kernel, in the order of the names. The kernel decompresses them
// (CONFIG_MODULE_DECOMPRESS), and with Secure Boot takes modules alone that its maker has signed.
func loadModules() error {
	files, err := filepath.Glob("/lib/modules/*.ko.xz") // sorted
	if err != nil {
		return err
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", unix.MODULE_INIT_COMPRESSED_FILE)
		f.Close()
		if err != nil {
			return fmt.Errorf("load %s: %w", file, err)
		}
	}
	return nil
}
