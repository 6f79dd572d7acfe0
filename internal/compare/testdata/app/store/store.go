// Package store keeps texts by their names.
package store

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Store is a set of texts.
type Store struct {
	mu    sync.Mutex
	url   string
	texts map[string]string
}

// Open returns the store for url.
func Open(url string) *Store { return &Store{url: url, texts: map[string]string{}} }

// Put sets a text.
//
//go:noinline
func (s *Store) Put(name, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[name] = text
}

// Get returns a text.
//
//go:noinline
func (s *Store) Get(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts[name] + s.url
}

// byLength sorts names. It is short enough to be inlined where slices.SortFunc is not, on riscv64, and its closure has other names there.
func (s *Store) byLength(names []string) {
	slices.SortFunc(names, func(a, b string) int { return len(s.Get(a)) - len(s.Get(b)) })
}

// Shortest returns the name of the shortest text.
//
//go:noinline
func (s *Store) Shortest() string {
	names := slices.Collect(maps.Keys(s.texts))
	s.byLength(names)
	return names[0]
}

// Longest returns the name of the longest text.
//
//go:noinline
func (s *Store) Longest() string {
	names := slices.Collect(maps.Keys(s.texts))
	s.byLength(names)
	return names[len(names)-1]
}

// Plain returns a name without what says how the text is made. The compiler takes strings.TrimSuffix for a repetition on arm64, and moves
// the choice of the function into it on amd64.
//
//go:noinline
func Plain(name string) string {
	change := first
	switch {
	case strings.HasSuffix(name, ".markdown.txt"):
		name = strings.TrimSuffix(name, ".markdown.txt")
	case strings.HasSuffix(name, ".html.gz"):
		name = strings.TrimSuffix(name, ".html.gz")
		change = last
	default:
		if isShort(name) {
			return name
		}
	}
	return change(strings.Split(name, "/"))
}

//go:noinline
func isShort(name string) bool { return len(name) < 8 }

//go:noinline
func first(names []string) string { return names[0] }

//go:noinline
func last(names []string) string { return names[len(names)-1] }
