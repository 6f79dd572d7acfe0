package main

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// tree is sorted by its keys.
type tree[K cmp.Ordered, V any] struct {
	left, right *tree[K, V]
	key         K
	value       V
}

func (t *tree[K, V]) insert(key K, value V) *tree[K, V] {
	switch {
	case t == nil:
		return &tree[K, V]{key: key, value: value}
	case key < t.key:
		t.left = t.left.insert(key, value)
	case key > t.key:
		t.right = t.right.insert(key, value)
	default:
		t.value = value
	}
	return t
}

func (t *tree[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { t.walk(yield) }
}

func (t *tree[K, V]) walk(yield func(K, V) bool) bool {
	return t == nil || t.left.walk(yield) && yield(t.key, t.value) && t.right.walk(yield)
}

func (t tree[K, V]) String() string { return fmt.Sprintf("%v=%v", t.key, t.value) }

// pair has an equality function and, as a key of a map, a hash function, made by the compiler.
type pair[A, B comparable] struct {
	a A
	b B
}

func mapped[T, U any](list []T, f func(T) U) []U {
	var out []U
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

func generics() {
	var words *tree[string, int]
	var squares *tree[float64, pair[int, string]]
	for i, word := range []string{"static", "go", "linux", "elf"} {
		words = words.insert(word, i)
		squares = squares.insert(float64(i*i%7), pair[int, string]{i, word})
	}
	for key, value := range words.all() {
		fmt.Print(key, " ", value, "; ")
	}
	for key, value := range squares.all() {
		if key > 3 {
			break
		}
		fmt.Print(key, " ", value, "; ")
	}
	var stringer fmt.Stringer = words // the wrapper of a method with a value receiver
	fmt.Println(stringer)
	counts := map[pair[string, any]]int{}
	for _, x := range []any{1, "1", 1.0, 1} {
		counts[pair[string, any]{"x", x}]++
	}
	fmt.Println(slices.Sorted(slices.Values(mapped(slices.Collect(func(yield func(int) bool) {
		for _, n := range counts {
			if !yield(n) {
				return
			}
		}
	}), func(n int) string { return fmt.Sprint("count ", n) }))))
}
