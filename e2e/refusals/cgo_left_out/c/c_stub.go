//go:build !cgo

package c

func Name() string { return "stub" }
