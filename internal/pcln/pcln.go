// Package pcln makes the tables by which the Go runtime unwinds stacks smaller,
// in linked programs. They are the section .gopclntab, a third of a stripped
// program. It refuses programs of Go releases that goabi.Linked refuses, and
// any program whose tables do not fit together.
//
// # The tables
//
// The section holds, in this order (runtime/symtab.go; written by
// cmd/link/internal/ld/pcln.go):
//
//	header       72 bytes: magic, instruction size, counts, offsets of the next five
//	funcnametab  names, each ended by NUL
//	cutab        for each compilation unit the offsets of its files in filetab
//	filetab      file names
//	pctab        pcvalue tables: from instructions to values (pcvalue.go)
//	functab      pairs of entry and offset of the _func of each function, then the _func records (table.go)
//	go:func.*    function data: stack maps, inline trees and so on (funcdata.go)
//	findfunctab  from instruction to function
//
// The runtime reaches all of it through runtime.moduledata, and nothing else
// refers to it. It does not care for the order of the parts.
//
// # What is done in every tier
//
//   - A table from instructions to values only has to reach the end of its
//     function. So its last run is lengthened, and most have no end (pctab.go).
//   - Values that the runtime does not tell apart become one: stack map -1 and 0,
//     argument records 0 and -1, and what is between bounds checks (compact.go).
//   - Calls in an inline tree that no instruction is left of go (inltree.go).
//   - A function all of whose code is from one file points to it directly
//     (files.go).
//   - Equal function data, and data that another piece begins or ends with or
//     holds, is there once (blobs.go).
//   - Records lose what is empty at their ends and are aligned to 4 bytes, and
//     short tables move into words of the records that nobody reads (write.go).
//
// # What the tiers drop
//
// [Functions] drops files, lines and the arguments that tracebacks print.
// [External] drops names and inlined calls too, as far as the runtime does
// without (naming.go), and gives what is needed to put all of it back into a
// traceback as [Symbols].
//
// # How a program is rewritten
//
// See rewrite.go. A program may be a file or what golink has just linked, in memory: there is one way for both, so elfstrip makes of a
// linked file what golink makes of the program at once.
//
// # Verification
//
// Each result is compared with its input before it is returned (verify.go). That could be left to tests, as far as golink's own programs
// go: the bytes are those of cmd/link. But a wrong table is found when a program panics, or never, when the garbage collector reads a wrong
// stack map; and each program has other tables. It was a third of the time, 20 of 64 ms of one processor for a program of 6 MB, when it
// decoded each table of each function. Most tables are copied, or only become longer: now it compares bytes where that is as good, and what
// several functions use once, which takes 9 of 27 ms, in parallel. So it stays, for every program.
//
// # Cost
//
// There are some ten tables for each function, and tens of thousands of functions. What is kept of them is in few large arrays
// (intern.go), and what is needed for one of them only in buffers that the next one uses: the time went into allocations and the pages for
// them, not into what is computed. What golink has given back is used for the arrays (package hugepages). What many functions refer to is
// looked up by its offset in small tables that forget (ids, pairs). Sorting is by keys of 8 bytes (package radix). Functions are encoded
// (part.go) and verified on all processors; names and function data are laid out beside the tables.
//
// Of 29 ms of one processor for the program of 6 MB, reading and encoding take 14, the verification 9, the layout and the copy of the
// program 6. By two it takes 19 ms.
//
// # Debugging
//
// The verification names the function that it does not accept by its index and its offset from the start of the text: "go tool nm -n" of
// the program with its symbols says which one that is. [Table.Breakdown] gives every byte to a part: "go run ./bench/tables BEFORE AFTER"
// prints both, and a part that grew is where to look. What fails in a program that was accepted is found by the tier: with [Full] it is
// the layout (pctab.go, blobs.go, write.go) or what counts as equal (compact.go), with [Functions] alone what the runtime asks for besides
// tracebacks, and with [External] alone a name (naming.go) or an inlined call (inltree.go). Go's own tests find it by name:
// internal/link/stdtest with -std.modes.
package pcln

import (
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A Tier says what a compacted program can tell of itself in a traceback.
type Tier int

const (
	// Full keeps everything.
	Full Tier = iota
	// Functions drops files, lines and arguments.
	Functions
	// External drops inlined calls too, and replaces names by numbers that the
	// side file explains.
	External
)

// tierNames are the names of the tiers on command lines, by Tier.
var tierNames = []string{"full", "functions", "external"}

func (t Tier) String() string { return tierNames[t] }

// ParseTier returns the tier of that name.
func ParseTier(name string) (Tier, error) {
	if i := slices.Index(tierNames, name); i >= 0 {
		return Tier(i), nil
	}
	if name == "symbolized" {
		return 0, fmt.Errorf("traceback %q: the name of this tier has changed; write %q", name, External)
	}
	return 0, fmt.Errorf("traceback %q, want one of %q", name, tierNames)
}

// Compact returns the program f with the smallest tables that serve it in the
// given tier. The new program has been compared with f. Symbols is nil but in the
// tier External, which wants a program with a GNU build ID.
//
// u says what to do about a program of a Go release that was not verified (goabi.Linked). The error says what of f was not as
// expected; f is not changed.
func Compact(f *goelf.File, tier Tier, u goabi.Unverified) (program []byte, symbols *Symbols, err error) {
	t, err := Read(f, u)
	if err != nil {
		return nil, nil, err
	}
	tag := ""
	if tier == External {
		if symbols, err = newSymbols(t); err != nil {
			return nil, nil, err
		}
		tag = symbols.Tag()
	}
	c, err := compact(t, tier, tag)
	if err != nil {
		return nil, nil, err
	}
	if program, err = t.Rewrite(c.write()); err != nil {
		return nil, nil, err
	}
	g, err := goelf.Parse(f.Name, program)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: the compacted program is damaged, please report this: %w", f.Name, err)
	}
	n, err := Read(g, u)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: the compacted program is damaged, please report this: %w", f.Name, err)
	}
	if err := Verify(t, n, tier); err != nil {
		return nil, nil, fmt.Errorf("please report this: %w", err)
	}
	return program, symbols, nil
}
