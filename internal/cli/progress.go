package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Work shorter than this shows no progress; longer work shows it anew after each interval.
const (
	progressAfter = 2 * time.Second
	progressEvery = 200 * time.Millisecond
)

// clearLine moves the cursor to the start of the line, and erases the line (ECMA-48, EL).
const clearLine = "\r\x1b[K"

// A Progress is a line on a terminal that says how far work is. It disappears when the work is done.
type Progress struct {
	w     io.Writer
	shown bool // read when the goroutine has ended
	stop  chan struct{}
	once  sync.Once
	done  sync.WaitGroup
}

// StartProgress shows on w what doing returns, and the time since now, unless w is no terminal or quiet is true: then it does nothing.
// doing may be called at any time until Stop returns.
func StartProgress(w io.Writer, quiet bool, doing func() string) *Progress {
	p := &Progress{w: w, stop: make(chan struct{})}
	if quiet || !Terminal(w) {
		return p
	}
	start := time.Now()
	p.done.Go(func() {
		next := time.NewTimer(progressAfter)
		defer next.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-next.C:
				fmt.Fprintf(w, "%s%s, %d s", clearLine, doing(), int(time.Since(start).Seconds()))
				p.shown = true
				next.Reset(progressEvery)
			}
		}
	})
	return p
}

// Stop ends the line. It must be called before anything else is written to the terminal; what is called after the first time does nothing.
func (p *Progress) Stop() {
	p.once.Do(func() { close(p.stop) })
	p.done.Wait()
	if p.shown {
		fmt.Fprint(p.w, clearLine)
		p.shown = false
	}
}
