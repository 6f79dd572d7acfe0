package goabi

// # Function table
//
// What follows has been the same in all series since Go 1.20: the header of the function table (runtime/symtab.go, pcHeader), its
// entries and records (functab and _func), and the tables and pieces of data of a function (internal/abi/symtab.go).

// Sizes in bytes, and marks.
const (
	PCLnTabMagic  = 0xfffffff1 // CurrentPCLnTabMagic
	PCHeaderSize  = 72
	FuncTabEntry  = 8
	FuncSize      = 44 // _func, before the offsets of its tables and data
	InlinedCall   = 16 // runtime.inlinedCall
	NoFuncData    = 1<<32 - 1
	NoUnit        = 1<<32 - 1
	FirstPCValue  = -1        // what a table's first difference is from
	MinPCQuantum  = 6         // offset in the header of the instruction size
	PointerSize   = 7         // offset in the header
	TextSectEntry = 24        // runtime.textsect
	NoFile        = 1<<32 - 1 // of a compilation unit's file that no function needs
)

// Offsets in the header of what says where its parts begin.
const (
	PCHeaderFuncNames = 32
	PCHeaderUnits     = 40
	PCHeaderFiles     = 48
	PCHeaderPCTab     = 56
	PCHeaderFuncTab   = 64
)

// FindFuncTabSize returns the size in bytes of findfunctab for so many bytes of text (runtime/symtab.go, findfuncbucket): for each
// 4096 bytes of text one index of four bytes, and for each 256 bytes a byte.
func FindFuncTabSize(text uint64) uint64 { return (text+4095)/4096*4 + (text+255)/256 }

// Indices of the pc tables of a function.
const (
	PCDataUnsafePoint = iota
	PCDataStackMap
	PCDataInlTree
	PCDataArgLive
	PCDataPanicBounds
	NumPCData
)

// Indices of the data of a function.
const (
	FuncDataArgsMap = iota
	FuncDataLocalsMap
	FuncDataStackObjects
	FuncDataInlTree
	FuncDataOpenDefer
	FuncDataArgInfo
	FuncDataArgLive
	FuncDataWrapInfo
	NumFuncData
)

// Values of _func.funcID and _func.flag.
const (
	FuncIDWrapper = 23
	FuncFlagAsm   = 4
)

// Values in FuncDataArgInfo (TraceArgs…).
const (
	TraceArgsEnd   = 0xff
	TraceArgsFirst = 0xfb // the least that is no offset
)
