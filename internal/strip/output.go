package strip

import (
	"io"

	"github.com/go3s/rules_go3s/internal/hugepages"
)

// An Output is a rewritten file: pieces to be put one after the other.
type Output struct {
	Pieces []Piece
	Size   uint64 // in bytes, of all pieces
}

// A Piece is a run of bytes of the output: Data or, when that is nil, the Size
// bytes of the input from file offset Off on.
type Piece struct {
	Data      []byte
	Off, Size uint64
}

// copyBuffer is how many bytes are copied at once from input to output.
const copyBuffer = 1 << 20

// Write writes the file to w. What is unchanged it reads from input, and not
// from the mapped memory of the elf.File: the page faults that this spares take
// longer than the copy in between, and the pages do not count as memory of this
// process.
func (o *Output) Write(w io.Writer, input io.ReaderAt) error {
	var buffer []byte
	for _, p := range o.Pieces {
		if p.Data != nil {
			if _, err := w.Write(p.Data); err != nil {
				return err
			}
			continue
		}
		if buffer == nil {
			buffer = make([]byte, copyBuffer)
		}
		for off, end := p.Off, p.Off+p.Size; off < end; {
			b := buffer[:min(end-off, copyBuffer)]
			n, err := input.ReadAt(b, int64(off))
			if n < len(b) {
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			off += uint64(n)
		}
	}
	return nil
}

// Parts returns what Write writes, of an input in memory, in parts that follow each other. They are not copies.
func (o *Output) Parts(input []byte) [][]byte {
	parts := make([][]byte, len(o.Pieces))
	for i, p := range o.Pieces {
		if parts[i] = p.Data; p.Data == nil {
			parts[i] = input[p.Off:][:p.Size]
		}
	}
	return parts
}

// Bytes returns what Write writes, of an input in memory.
func (o *Output) Bytes(input []byte) []byte {
	b := hugepages.Bytes(0, int(o.Size))
	for _, part := range o.Parts(input) {
		b = append(b, part...)
	}
	return b
}
