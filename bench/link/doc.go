// Package link measures golink against the internal mode of the Go SDK's linker, and
// against LLD and GNU ld in golink's place, on the same programs: wall time, CPU time,
// peak memory of the largest process, size of the output, median time that the output
// takes to start and end. Each figure but the last includes everything from compiled
// packages to the finished file.
//
//	go test ./bench/link -run '^$' -bench .
//	go test ./bench/link -run '^$' -bench . -main ~/src/some/server/cmd/server
package link
