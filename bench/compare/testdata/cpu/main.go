// Cpu prints what golang.org/x/sys/cpu and unix know of the machine.
package main

import (
	"fmt"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

func main() {
	var name unix.Utsname
	err := unix.Uname(&name)
	fmt.Println(cpu.X86.HasAVX2, cpu.ARM64.HasSVE, cpu.CacheLinePad{}, name, err)
}
