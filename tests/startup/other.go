//go:build windows

//go:debug asynctimerchan=1

package main
