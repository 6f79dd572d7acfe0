package unpacker

// A Header is what the unpacker knows of its program. In the packed file it is
// followed by NSegments segments, NFilters filters, NBlocks blocks, and the data that these refer
// to, which continue to the end of the payload. Tables and data are padded for their sums. They
// have one each, so that one thread begins to decode while another sums the data.
type Header struct {
	Sum     uint64 // of what follows, up to the data
	DataSum uint64 // of the data

	Base   uint64 // link-time address of the image's first byte
	Fixed  uint64 // 1 when the image must be there, 0 when it may be anywhere
	Image  uint64 // bytes of the image from its first byte to the last that the file has
	Span   uint64 // bytes of the image in memory: what is more than Image is zero
	Room   uint64 // bytes to map: Span rounded up to whole pages, huge ones if Huge is set
	Huge   uint64 // 1 when huge pages are worth while
	Page   uint64 // largest page size in bytes for which segments do not share a page
	Entry  uint64 // link-time address of the first instruction
	Progs  uint64 // link-time address of the program headers, 0 when they are not in memory
	NProgs uint64 // their number
	// Half is where the second half of the image begins, distance in bytes from its first byte, 0
	// when it has none. Another thread may unpack it: no block and no filter has parts of both.
	Half uint64

	NSegments uint64
	NFilters  uint64
	NBlocks   uint64
}

// A Segment is a part of the image. It ends where the next one begins, the last
// one at the end of the span.
type Segment struct {
	Start uint64 // distance in bytes from the image's first byte
	Prot  uint64 // as for mprotect
}

// A Filter is a range of the image that the packer changed before it was compressed,
// and a list that says
// where or how much.
type Filter struct {
	Kind     uint64
	Start    uint64 // of the range, distance in bytes from the image's first byte
	Size     uint64 // bytes
	List     uint64 // distance in bytes from the header
	ListSize uint64 // bytes
}

// A Block is a range of the image, compressed as an LZ4 block. What no block covers
// is zero, as fresh memory is. Blocks follow each other in the image.
type Block struct {
	Start  uint64 // of the range, distance in bytes from the image's first byte
	Size   uint64 // bytes
	Data   uint64 // distance in bytes from the header
	Packed uint64 // bytes of the LZ4 block
}

// MaxBlocks is the largest number of blocks.
const MaxBlocks = 64

// Kinds of filters, by what they are for.
const (
	FilterRel32    = 1 // amd64: CALL, and what addresses memory relative to the next instruction
	FilterBranch26 = 2 // arm64: BL
	FilterADRP     = 3 // arm64: ADRP
	FilterJAL      = 4 // riscv64: JAL
	FilterAUIPC    = 5 // riscv64: AUIPC and what follows it
	// FilterFuncTable is for the function table of Go. Its list is a FuncTable.
	FilterFuncTable = 6
)

// HugePage is the size in bytes of a huge page where pages have 4 KiB.
const HugePage = 2 << 20
