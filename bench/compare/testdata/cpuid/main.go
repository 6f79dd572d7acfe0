// Cpuid prints what github.com/klauspost/cpuid/v2 knows of the machine.
package main

import (
	"fmt"

	"github.com/klauspost/cpuid/v2"
)

func main() { fmt.Println(cpuid.CPU.BrandName, cpuid.CPU.FeatureSet(), cpuid.CPU.VM()) }
