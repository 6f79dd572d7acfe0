package pcln

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/parallel"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// A fileTables makes the tables that turn file numbers into names. A function
// adds its cuOffset to the number and finds the offset of the name in cutab
// (runtime/symtab.go, funcfile). cmd/link gives each compilation unit the part of
// cutab with all its files. Here a function all of whose code is from one file,
// which most are, points to that file as its number 0: the tables of these
// functions are equal then. Functions of more files have that part of their
// unit's files that is needed.
type fileTables struct {
	t     *Table
	units []unitFile        // those of functions of more than one file, ascending
	first map[string]uint32 // a place in cutab by name
	cutab []int             // ids in files
	files *suffixtab.Table
}

// fileNumbers are the file numbers of the output, for functions that follow each other.
type fileNumbers struct {
	*fileTables
	base     int        // in cutab, of the first of units
	current  []unitFile // those of the unit that was asked for last
	lastFile unitFile   // the single file of the function before, and
	lastAt   uint32     // its place
}

// A unitFile is a file number of a compilation unit: the unit's cuOffset, in the upper 32 bits, and the number.
type unitFile uint64

func newUnitFile(cu uint32, n int32) unitFile { return unitFile(cu)<<32 | unitFile(uint32(n)) }

func (f unitFile) split() (cu uint32, n int32) { return uint32(f >> 32), int32(f) }

// A unitFiles collects file numbers.
type unitFiles struct {
	list   []unitFile
	recent [1 << 10]unitFile // some that are in list, each with 1 added
}

func (x *unitFiles) add(f unitFile) {
	if at := &x.recent[f*0x9e3779b97f4a7c15>>(64-10)]; *at != f+1 {
		*at = f + 1
		x.list = append(x.list, f)
	}
}

// sorted returns the file numbers of list, each once.
func sorted(list []unitFile) []unitFile {
	slices.Sort(list)
	return slices.Compact(list)
}

// gather collects the files of all functions.
func (x *fileTables) gather(t *Table) error {
	x.t = t
	x.first = map[string]uint32{}
	x.files = suffixtab.New(nil, true)
	parts := make([]struct{ several, single unitFiles }, (t.count+partSize-1)/partSize)
	err := parallel.Ranges(t.count, partSize, func(from, to int) error {
		var runs []run
		var r funcRecord
		part := &parts[from/partSize]
		for i := from; i < to; i++ {
			if err := t.readFunc(i, &r); err != nil {
				return err
			}
			var err error
			if runs, err = t.runs(r.file, toEnd, runs[:0]); err != nil {
				return err
			}
			set := &part.several
			if len(runs) == 1 {
				set = &part.single
			}
			for _, f := range runs {
				if f.val >= 0 {
					set.add(newUnitFile(r.cu, f.val))
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var several, single []unitFile
	for i := range parts {
		several = append(several, parts[i].several.list...)
		single = append(single, parts[i].single.list...)
	}
	add := func(f unitFile, again bool) error {
		cu, n := f.split()
		name, ok := t.file(cu, n)
		if !ok || name == "" {
			return t.errorf(0, "file number %d of the compilation unit at %d has no name", n, cu)
		}
		_, known := x.first[name]
		if !known {
			x.first[name] = uint32(len(x.cutab))
		}
		if !known || again {
			x.cutab = append(x.cutab, x.files.Add(name))
		}
		return nil
	}
	x.units = sorted(several)
	for _, f := range x.units {
		if err := add(f, true); err != nil {
			return err
		}
	}
	for _, f := range sorted(single) {
		if err := add(f, false); err != nil {
			return err
		}
	}
	return nil
}

// renumber returns the cuOffset and the file numbers that say in the output what
// cu and runs say in the input.
func (x *fileNumbers) renumber(cu uint32, runs []run) (uint32, []run) {
	switch {
	case len(runs) == 0:
		return goabi.NoUnit, runs
	case len(runs) == 1 && runs[0].val >= 0:
		if f := newUnitFile(cu, runs[0].val); f != x.lastFile || x.lastAt == 0 {
			name, _ := x.t.file(cu, runs[0].val)
			x.lastFile, x.lastAt = f, x.first[name]
		}
		runs[0].val = 0
		return x.lastAt, runs
	}
	if len(x.current) == 0 || cu != uint32(x.current[0]>>32) {
		from, _ := slices.BinarySearch(x.units, newUnitFile(cu, 0))
		to, _ := slices.BinarySearch(x.units, newUnitFile(cu, -1))
		x.base, x.current = from, x.units[from:to]
		if from == to {
			x.base = 0
		}
	}
	return uint32(x.base), mergeRuns(runs, func(v int32) int32 {
		if v < 0 {
			return v
		}
		n, _ := slices.BinarySearch(x.current, newUnitFile(cu, v))
		return int32(n)
	})
}

// encode returns cutab and the file names.
func (x *fileTables) encode() (cutab, files []byte) {
	if x.files == nil {
		return nil, nil
	}
	x.files.Finish()
	for _, id := range x.cutab {
		cutab = le.AppendUint32(cutab, x.files.Offset(id))
	}
	return cutab, x.files.Data()
}
