package parallel

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
)

func TestRanges(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			for _, n := range []int{0, 1, 9, 10, 11, 1000} {
				got := make([]int, n)
				if err := Ranges(n, 10, func(from, to int) error {
					for i := from; i < to; i++ {
						got[i]++
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
				if slices.ContainsFunc(got, func(times int) bool { return times != 1 }) {
					t.Errorf("%d workers, %d numbers: visited %v times", workers, n, got)
				}
			}
			err := Ranges(100, 10, func(from, _ int) error {
				if from >= 30 {
					return fmt.Errorf("from %d", from)
				}
				return nil
			})
			if err == nil || err.Error() != "from 30" {
				t.Errorf("%d workers: error %v, want that of the first range", workers, err)
			}
		}()
	}
}

// A panic of a job reaches the caller, in whichever goroutine it is done.
func TestPanic(t *testing.T) {
	want := errors.New("fault")
	for range 20 {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %v", got, want)
				}
			}()
			Do([]func(){func() {}, func() { panic(want) }, func() {}})
		}()
	}
}

// Each number is visited once, whoever finds it, and a panic reaches the caller while others wait for more.
func TestWalk(t *testing.T) {
	const n = 1000
	for _, workers := range []int{1, 2, 5} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			var visits [n]atomic.Int32
			got := Walk([]int{1, 1}, func(i int) (int, []int) {
				visits[i].Add(1)
				return i * i, []int{2 * i % n, (2*i + 1) % n, 1}
			})
			if len(got) != n {
				t.Errorf("%d workers: visited %d numbers, want %d", workers, len(got), n)
			}
			for i, square := range got {
				if v := visits[i].Load(); v != 1 || square != i*i {
					t.Errorf("%d workers: %d: %d visits and result %d, want 1 and %d", workers, i, v, square, i*i)
				}
			}
			want := errors.New("fault")
			defer func() {
				if got := recover(); got != want {
					t.Errorf("%d workers: panic %v, want %v", workers, got, want)
				}
			}()
			Walk([]int{0}, func(i int) (int, []int) {
				if i == 3 {
					panic(want)
				}
				return 0, []int{i + 1}
			})
		}()
	}
	if got := Walk(nil, func(int) (int, []int) { return 0, nil }); len(got) != 0 {
		t.Errorf("%v, want nothing", got)
	}
}

// Results are used once and in order, and a panic reaches the caller while others wait.
func TestInOrder(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			for _, n := range []int{0, 1, 2, 100} {
				var got []int
				InOrder(n, func(i int) int { return i * i }, func(i, v int) {
					if v != i*i {
						t.Errorf("%d: got %d", i, v)
					}
					got = append(got, i)
				})
				if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(got)) != n {
					t.Errorf("%d workers: used %v, want 0 to %d", workers, got, n-1)
				}
			}
			want := errors.New("fault")
			for _, where := range []string{"produce", "use"} {
				func() {
					defer func() {
						if got := recover(); got != want {
							t.Errorf("%d workers, %s: panic %v, want %v", workers, where, got, want)
						}
					}()
					fault := func(i int, in string) {
						if i == 7 && in == where {
							panic(want)
						}
					}
					InOrder(50, func(i int) int { fault(i, "produce"); return 0 }, func(i, _ int) { fault(i, "use") })
				}()
			}
		}()
	}
}
