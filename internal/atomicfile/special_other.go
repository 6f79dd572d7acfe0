//go:build !linux

package atomicfile

import "os"

func descriptorLink(string) (string, int, bool) { return "", 0, false }

func openDescriptor(string) (*os.File, error) { return nil, nil }

func openPipe(path string) (*os.File, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

func keepCapabilities(string, string) error { return nil }
