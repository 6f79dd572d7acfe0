// Package link measures golink.
//
//	go test ./bench/link -run '^$' -bench Link -benchtime 10x -timeout 0
//
// links each of bench/internal/programs by the internal mode of the Go SDK's linker, by
// golink with one worker and with two, by golink with the SDK's linker, and by LLD and
// GNU ld in golink's place, in random order, ten times, and prints a table. -programs
// chooses programs; rclone, which takes minutes to compile, comes when it is named. Each
// figure includes everything from compiled packages to the finished file, without symbol
// table and DWARF unless -dwarf is given.
//
//	go test ./bench/link -run '^$' -bench PIC -benchtime 20x
//
// measures what position-independent code costs: a program that computes for a while,
// compiled and linked in three ways.
//
//	go test ./bench/link -run '^$' -bench Alignment -benchtime 20x
//
// measures what other alignments of functions cost or save, in the same way.
//
//	go test ./bench/link -run '^$' -bench LoadBase -benchtime 500x
//
// counts the bits of load addresses that vary.
package link
