// Cpu spends its time where Go programs do: JSON, maps, sorting, regular expressions,
// compression, strings, calls through interfaces and closures, package variables. It
// uses one processor and little memory.
package main

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
)

type record struct {
	ID     int               `json:"id"`
	Name   string            `json:"name"`
	Tags   []string          `json:"tags"`
	Values map[string]int    `json:"values"`
	Next   *record           `json:"next,omitempty"`
	Labels map[string]string `json:"labels"`
}

type shape interface{ area() int }

type square struct{ side int }
type circle struct{ radius int }
type oblong struct{ a, b int }

func (s square) area() int  { return s.side * s.side }
func (c *circle) area() int { return 3 * c.radius * c.radius }
func (o oblong) area() int  { return o.a * o.b }

// Package variables: position-independent code finds them in another way.
var (
	counter   int
	table     [256]uint32
	mutex     sync.Mutex
	operators = map[string]func(a, b int) int{
		"+": func(a, b int) int { return a + b },
		"*": func(a, b int) int { return a*b + 1 },
		"^": func(a, b int) int { return a ^ b },
	}
	pattern = regexp.MustCompile(`(\w+)@(\w+)\.(com|org) (\d{2,5})`)
)

func encoding(rounds int) {
	r := &record{ID: 1, Name: "name", Tags: []string{"a", "b", "c"}, Values: map[string]int{"x": 1, "y": 2}, Labels: map[string]string{"k": "v"}}
	r.Next = &record{ID: 2, Name: strings.Repeat("é", 20)}
	for range rounds {
		data, err := json.Marshal(r)
		if err != nil {
			panic(err)
		}
		var back record
		if err := json.Unmarshal(data, &back); err != nil {
			panic(err)
		}
		counter += back.Next.ID
	}
}

func maps(rounds int) {
	m := map[string]int{}
	for i := range rounds {
		key := strconv.Itoa(i * 7919 % 5000)
		m[key] += i
		if i%3 == 0 {
			delete(m, key)
		}
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	counter += len(keys)
}

func calls(rounds int) {
	shapes := []shape{square{2}, &circle{3}, oblong{4, 5}}
	names := []string{"+", "*", "^"}
	for i := range rounds {
		counter += shapes[i%3].area()
		counter = operators[names[i%3]](counter, i) & 0xffff
		mutex.Lock()
		table[counter&255] = table[(counter+1)&255]*1664525 + uint32(i)
		mutex.Unlock()
	}
}

func texts(rounds int) {
	text := strings.Repeat("someone@example.org 1234, nobody nowhere, other@host.com 77; ", 20)
	for range rounds {
		counter += len(pattern.FindAllStringSubmatchIndex(text, -1))
		counter += len(strings.Fields(text))
		counter += len(fmt.Sprintf("%d %s %x %v", counter, text[:20], counter, table[:4]))
	}
}

func compression(rounds int) {
	data := bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog 0123456789 "), 400)
	for i := range data {
		data[i] ^= byte(i % 7 & 1)
	}
	for range rounds {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, 6)
		if err != nil {
			panic(err)
		}
		w.Write(data)
		w.Close()
		n, err := io.Copy(io.Discard, flate.NewReader(&b))
		if err != nil {
			panic(err)
		}
		counter += int(n)
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
	encoding(25_000)
	maps(1_500_000)
	calls(6_000_000)
	texts(2_500)
	compression(150)
	fmt.Fprintln(os.Stderr, counter)
}
