// Package store keeps texts by their names.
package store

import "sync"

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
