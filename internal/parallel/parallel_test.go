package parallel

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
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
