//go:build !amd64

package kernel

func sum(text string) uint64 { return generic(text) }
