package pcln

import (
	"cmp"
	"github.com/go3s/rules_go3s/internal/goabi"
	"slices"

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
	index map[unitFile]uint32 // place in cutab
	base  map[uint32]uint32   // start of a unit's part in cutab, by its cuOffset
	first map[string]uint32   // a place in cutab by name
	cutab []int               // ids in files
	files *suffixtab.Table
	t     *Table
}

// A unitFile is a file number of a compilation unit.
type unitFile struct {
	cu uint32
	n  int32
}

// gather collects the files of all functions.
func (x *fileTables) gather(t *Table) error {
	x.t = t
	x.index, x.base, x.first = map[unitFile]uint32{}, map[uint32]uint32{}, map[string]uint32{}
	x.files = suffixtab.New(nil, true)
	several, single := map[unitFile]bool{}, map[unitFile]bool{}
	var runs []run
	for i := range t.count {
		r, err := t.record(i)
		if err != nil {
			return err
		}
		if runs, err = t.runs(r.file, toEnd, runs[:0]); err != nil {
			return err
		}
		set := several
		if len(runs) == 1 {
			set = single
		}
		for _, f := range runs {
			if f.val >= 0 {
				set[unitFile{r.cu, f.val}] = true
			}
		}
	}
	add := func(set map[unitFile]bool, again bool) error {
		var order []unitFile
		for f := range set {
			order = append(order, f)
		}
		slices.SortFunc(order, func(a, b unitFile) int { return cmp.Or(cmp.Compare(a.cu, b.cu), cmp.Compare(a.n, b.n)) })
		for _, f := range order {
			name, ok := t.file(f.cu, f.n)
			if !ok || name == "" {
				return t.errorf(0, "file number %d of the compilation unit at %d has no name", f.n, f.cu)
			}
			at, known := x.first[name]
			if !known || again {
				at = uint32(len(x.cutab))
				x.cutab = append(x.cutab, x.files.Add(name))
			}
			if !known {
				x.first[name] = at
			}
			if !again {
				continue
			}
			x.index[f] = at
			if _, ok := x.base[f.cu]; !ok {
				x.base[f.cu] = at
			}
		}
		return nil
	}
	if err := add(several, true); err != nil {
		return err
	}
	return add(single, false)
}

// renumber returns the cuOffset and the file numbers that say in the output what
// cu and runs say in the input.
func (x *fileTables) renumber(cu uint32, runs []run) (uint32, []run) {
	switch {
	case len(runs) == 0:
		return goabi.NoUnit, runs
	case len(runs) == 1 && runs[0].val >= 0:
		name, _ := x.t.file(cu, runs[0].val)
		runs[0].val = 0
		return x.first[name], runs
	}
	base := x.base[cu]
	return base, mergeRuns(runs, func(v int32) int32 {
		if v < 0 {
			return v
		}
		return int32(x.index[unitFile{cu, v}] - base)
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
