// Package link measures golink against the internal mode of the Go SDK's linker on
// the same programs: wall time, CPU time, peak memory of the largest process, size
// of the output. Each figure includes everything from compiled packages to the
// finished file.
//
//	go test ./bench/link -run '^$' -bench .
//	go test ./bench/link -run '^$' -bench . -main ~/src/some/server/cmd/server
package link
