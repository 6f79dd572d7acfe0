package pcln

import (
	"math"
	"sync"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/parallel"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// noID stands for no pcvalue table, name or piece of function data.
const noID = -1

// An outFunc is a function of the output. What it refers to is named by the ids
// of the tables being built.
type outFunc struct {
	funcRecord
	nameID   int32 // noID for the name at offset 0
	sp       int32
	file     int32
	line     int32
	pcdata   [goabi.NumPCData]int32
	funcdata [goabi.NumFuncData]int32
}

// A compactor builds the output from the table t.
type compactor struct {
	t    *Table
	tier Tier

	names    *suffixtab.Table
	nameIDs  map[string]int32
	pcValues pcTab
	blobs    blobTable
	files    fileTables
	funcs    []outFunc
	out      *Table // its parts, once finished

	morestack map[uint64]bool // text offsets of runtime.morestack and its variants
	free      sync.Pool       // of *part: memory for the next ones

	sym *symbolizer // of the tier External
}

// compact builds the contents of the functions of t in the given tier. tag marks
// names of the tier External.
func compact(t *Table, tier Tier, tag string) (*compactor, error) {
	c := &compactor{t: t, tier: tier, nameIDs: make(map[string]int32, t.count), pcValues: newPCTab(len(t.pctab), t.count),
		blobs: blobTable{pieces: newInterner(len(t.gofunc), t.count)}}
	if tier == External {
		s, err := newSymbolizer(t, tag)
		if err != nil {
			return nil, err
		}
		c.sym = s
	}
	first, err := t.name(0)
	if err != nil {
		return nil, err
	}
	if tier == External {
		first = ""
	}
	c.names = suffixtab.New(append([]byte(first), 0), true)
	if c.lined() {
		if err := c.files.gather(t); err != nil {
			return nil, err
		}
	}
	if c.morestack, err = t.entriesOf(isMorestack); err != nil {
		return nil, err
	}
	c.funcs = hugepages.Slice[outFunc](t.count)
	parallel.InOrder((t.count+partSize-1)/partSize, func(i int) *part {
		return c.part(i*partSize, min((i+1)*partSize, t.count))
	}, func(_ int, p *part) {
		if err == nil {
			err = p.err
		}
		if err == nil {
			c.add(p)
		}
	})
	if err != nil {
		return nil, err
	}
	if n := c.pcValues.maxSize(); n > math.MaxUint32 {
		return nil, t.errorf(0, "the pcvalue tables have up to %d bytes, more than their offsets can tell: they overlap", n)
	}
	return c, nil
}

// lined reports whether the output has files and lines.
func (c *compactor) lined() bool { return c.tier == Full || c.tier == sideFile }

// named reports whether functions keep their names.
func (c *compactor) named() bool { return c.tier == Full || c.tier == Functions }

func (c *compactor) nameID(name string) int32 {
	id, ok := c.nameIDs[name]
	if !ok {
		id = int32(c.names.Add(name))
		c.nameIDs[name] = id
	}
	return id
}

// add numbers what p has, and its functions refer to that. It ends the use of p.
func (c *compactor) add(p *part) {
	names := make([]int32, len(p.names))
	for i, name := range p.names {
		names[i] = c.nameID(name)
	}
	pcValues := make([]int32, len(p.pcValues.need))
	for i := range pcValues {
		pcValues[i] = c.pcValues.addOf(&p.pcValues, i)
	}
	pieces := make([]int32, len(p.blobs.pieces.list))
	for i := range pieces {
		pieces[i] = c.blobs.addOf(&p.blobs, i, names)
	}
	number := func(id *int32, numbers []int32) {
		if *id != noID {
			*id = numbers[*id]
		}
	}
	for i := p.from; i < p.to; i++ {
		o := &c.funcs[i]
		number(&o.nameID, names)
		number(&o.sp, pcValues)
		number(&o.file, pcValues)
		number(&o.line, pcValues)
		for k := range o.pcdata {
			number(&o.pcdata[k], pcValues)
		}
		for k := range o.funcdata {
			number(&o.funcdata[k], pieces)
		}
	}
	c.free.Put(p)
}

// drops reports whether the output lacks function data of that kind.
func (c *compactor) drops(kind int) bool {
	switch c.tier {
	case Full:
		return false
	case sideFile:
		return kind != goabi.FuncDataInlTree && kind != goabi.FuncDataArgInfo
	}
	return kind == goabi.FuncDataArgInfo || kind == goabi.FuncDataArgLive
}
