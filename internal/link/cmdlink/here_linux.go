package cmdlink

import (
	"errors"
	"fmt"
	"os/exec"
	"sync"

	"github.com/go3s/rules_go3s/internal/link/extld"
)

// A here runs the external link in this process, under another output name: cmd/link would read the output again, for the
// FIPS 140 integrity checksum, which is right already.
type here struct {
	relay    *relay
	dir      string         // for files
	out      string         // the output
	expected *extld.Command // what cmd/link will most likely ask for
	certain  bool           // it will ask for nothing else, and has nothing to say then
	end      func() error   // kills cmd/link

	asked   bool           // cmd/link has called
	early   chan outcome   // of expected; nil if that was not begun
	ended   bool           // cmd/link was killed
	final   *extld.Command // what cmd/link asked for
	refused error          // why not
}

// An outcome is what a link gave besides its output.
type outcome struct {
	warnings string
	err      error
}

// newHere returns nil where cmd/link must start golink as its external linker.
func newHere(dir, out string) (*here, error) {
	r, err := newRelay(dir)
	if r == nil || err != nil {
		return nil, err
	}
	return &here{relay: r, dir: dir, out: out}, nil
}

// program returns what cmd/link must have for its external linker.
func (h *here) program() string { return h.relay.program }

// run runs cmd, which is cmd/link, and writes what it asks for to h.out.
func (h *here) run(cmd *exec.Cmd, expected *extld.Command, certain bool) (warnings string, err error) {
	h.expected, h.certain = expected, certain
	h.end = func() error { return cmd.Process.Kill() }
	err = h.relay.run(cmd, h.call)
	if h.ended {
		err = nil // it says that cmd/link was killed
	}
	ready := h.early != nil && h.final != nil && h.final.Same(expected)
	if ready {
		h.relay.object.Close() // to free a lot of memory takes time: do so meanwhile
	}
	var o outcome
	if h.early != nil {
		o = <-h.early
	}
	switch {
	case err != nil || h.refused != nil:
		return "", errors.Join(err, h.refused)
	case h.final == nil:
		return "", errors.New("it ended without calling its external linker")
	case !ready:
		if err := h.relay.seal(); err != nil && h.early == nil {
			return "", fmt.Errorf("%s: %w: cmd/link must have finished it", objectName, err)
		}
		data, free, err := h.relay.read()
		if err != nil {
			return "", fmt.Errorf("%s: %w", objectName, err)
		}
		o = h.link(h.final, data, free)
	}
	return o.warnings, o.err
}

// call handles one call of the external linker. An error makes it fail.
//
// cmd/link calls only when it has met no error, and when go.o is finished (hostlink in
// cmd/link/internal/ld/lib.go). What is left for it to do is to ask, which takes
// a tenth of the time of a small link, so it is ended where we know the question.
func (h *here) call(args []string) error {
	if h.ended {
		return nil
	}
	if !h.asked {
		h.asked = true
		if h.relay.seal() == nil {
			if data, free, err := h.relay.read(); err == nil {
				h.early = make(chan outcome, 1)
				go func() { h.early <- h.link(h.expected, data, free) }()
				if h.certain && h.end() == nil {
					h.ended, h.final = true, h.expected
				}
			}
		}
	}
	x, err := extld.Parse(args)
	if !extld.IsTrial(args) {
		h.final, h.refused = x, err
	}
	return err
}

// link links data, which is go.o, as x says, and writes the output. It frees data.
func (h *here) link(x *extld.Command, data []byte, free func()) outcome {
	r, err := x.Link(data, h.dir)
	var freed sync.WaitGroup
	freed.Go(free)
	defer freed.Wait()
	if err != nil {
		return outcome{err: err}
	}
	return outcome{r.Warnings, x.Write(r, h.out)}
}

func (h *here) close() { h.relay.close() }
