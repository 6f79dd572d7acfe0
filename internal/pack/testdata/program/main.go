// Program shows what packing might break. Its first argument says which part.
package main

import (
	"crypto/fips140"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"unsafe"
)

func main() {
	switch os.Args[1] {
	case "args":
		fmt.Printf("%q %q %x\n", os.Args[2:], os.Getenv("PACKED"), sha256.Sum256([]byte(os.Args[2])))
		fmt.Println("FIPS 140:", fips140.Enabled())
		info, ok := debug.ReadBuildInfo()
		fmt.Println(info.Path, info.GoVersion, ok)
	case "maps":
		maps()
	case "auxv":
		auxv()
	case "panic":
		var m map[string]int
		m["x"] = 1
	case "gc":
		gc()
	case "memfd":
		data, err := os.ReadFile("/proc/self/maps")
		fmt.Println(strings.Contains(string(data), "memfd:"), err)
	case "exit":
	default:
		fmt.Fprintf(os.Stderr, "unknown part %q\n", os.Args[1])
		os.Exit(2)
	}
}

var variable = 1

// maps prints the protection of parts of the program's memory.
func maps() {
	data, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	code := maps
	var typed any = struct{ a, b *int }{}
	parts := []struct {
		name string
		addr uintptr
	}{
		{"code", **(**uintptr)(unsafe.Pointer(&code))},
		{"variable", uintptr(unsafe.Pointer(&variable))},
		{"type", *(*uintptr)(unsafe.Pointer(&typed))},
		{"constant", uintptr(unsafe.Pointer(unsafe.StringData("a constant")))},
	}
	for line := range strings.Lines(string(data)) {
		var from, to uintptr
		var prot string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &prot); err != nil {
			fmt.Println(err)
		}
		if strings.Contains(prot, "wx") {
			fmt.Println("writable and executable:", line)
		}
		for _, p := range parts {
			if from <= p.addr && p.addr < to {
				fmt.Println(p.name, prot)
			}
		}
	}
}

//go:linkname runtimeAuxv runtime.getAuxv
func runtimeAuxv() []uintptr

// auxv looks at what the auxiliary vector says of the program: the program headers
// follow the ELF header.
func auxv() {
	const atPhdr, atPhnum, atEntry = 3, 5, 9
	values := map[uintptr]uintptr{}
	pairs := runtimeAuxv()
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	header := values[atPhdr] - 64
	b := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&header))), 64)
	entry := *(*uintptr)(unsafe.Pointer(&b[24]))
	if b[16] == 3 { // ET_DYN
		entry += header
	}
	fmt.Printf("%q, %d program headers of %d, entry right: %v\n", b[:4], values[atPhnum], b[56], entry == values[atEntry])
}

// gc moves much memory about, with stacks that grow.
func gc() {
	debug.SetGCPercent(1)
	done := make(chan int)
	for i := range 8 {
		go func() { done <- depth(300 + i) }()
	}
	total := 0
	for range 8 {
		total += <-done
	}
	runtime.GC()
	fmt.Println(total)
}

func depth(n int) int {
	if n == 0 {
		return 0
	}
	s := strings.Repeat("x", n)
	return depth(n-1) + len(s)
}
