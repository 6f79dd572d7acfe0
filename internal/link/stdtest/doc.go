// Package stdtest judges the linker by Go's own tests: it links the test programs
// of standard-library packages with golink and compares what every single test
// says with what it says under plain go test.
//
// go test runs a fast choice on the machine's own architecture. The whole, and
// other architectures under qemu's user mode, are run by
//
//	go test ./internal/link/stdtest -timeout 0 -v -std.packages=std -std.goarch=amd64
//	go test ./internal/link/stdtest -timeout 0 -v -std.packages=foreign -std.goarch=riscv64
//
// -std.modes also takes what elfstrip does with the linked test programs:
//
//	go test ./internal/link/stdtest -timeout 0 -v -std.modes=exe+functions,static-pie+external+lz4
//
// Programs with debugging information, as these are, go through cmd/link. That golink's own linker makes the same programs of them
// without, byte for byte, is what TestIdentity compares:
//
//	go test ./internal/link/stdtest -timeout 0 -v -run TestIdentity -std.packages=std -std.goarch=arm64
package stdtest
