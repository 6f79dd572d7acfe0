package keyguard

import (
	"os"
	"os/signal"
	"slices"
	"sync"
)

// guards are those that are not closed.
var guards registry

type registry struct {
	mu   sync.Mutex
	list []*Guard
}

func (r *registry) add(g *Guard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, g)
	if len(g.config.Signals) > 0 {
		c := make(chan os.Signal, 1)
		signal.Notify(c, g.config.Signals...)
		go func() {
			select {
			case s := <-c:
				r.zeroize()
				raise(s)
			case <-g.stop:
				signal.Stop(c)
			}
		}()
	}
}

func (r *registry) remove(g *Guard) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(o *Guard) bool { return o == g })
}

func (r *registry) zeroize() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.list {
		g.mu.Lock()
		g.zeroize()
		g.mu.Unlock()
	}
}

// raise ends the process by a signal, as it would have ended without a handler.
func raise(s os.Signal) {
	signal.Reset(s)
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		p.Signal(s)
	}
	select {} // until the signal arrives
}

// Exit overwrites the secrets of all Guards and ends the process with a status. A program that calls os.Exit, or returns from main, without
// closing its Guards leaves that to the kernel, which clears pages only before somebody else gets them.
func Exit(code int) {
	guards.zeroize()
	os.Exit(code)
}
