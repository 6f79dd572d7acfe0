package main

import "fmt"

// A gate is a figure of the product with its limits.
type gate struct {
	Figure string  `json:"figure"`
	Found  float64 `json:"found"`
	Gate   float64 `json:"gate"` // first limit
	Goal   float64 `json:"goal"`
}

// judge fills in the gates whose rows were measured.
func (r *results) judge() {
	size := func(x *row) float64 { return float64(x.Size) / 1e6 }
	start := func(x *row) float64 { return x.Start.Median }
	startNoTHP := func(x *row) float64 { return x.StartNoTHP.Median }
	const pie, packed, full = "static PIE", "static PIE, external, packed", "static"
	for _, g := range []struct {
		figure, program, variant string
		found                    func(*row) float64
		gate, goal               float64
	}{
		{"seed, nothing lost, MB", "seed", full, size, 5.80, 5.2},
		{"seed, traces need side file, MB", "seed", "static, external", size, 4.43, 4.0},
		{"seed, packed, MB", "seed", packed, size, 2.01, 1.8},
		{"seed, packed, start, ms", "seed", packed, start, 3.0, 2.3},
		{"seed, packed, start without THP, ms", "seed", packed, startNoTHP, 4.0, 3.0},
		{"hello, packed, MB", "hello", packed, size, 0.54, 0.50},
		{"hello, packed, start, ms", "hello", packed, start, 1.6, 1.4},
	} {
		if x := r.find(g.program, r.native, g.variant); x != nil {
			r.Gates = append(r.Gates, gate{g.figure, g.found(x), g.gate, g.goal})
		}
	}
	for _, program := range []string{"hello", "seed"} {
		// The gates and goals in ms, and UPX's start, are of one machine, which is faster or slower than this one.
		of := map[string][3]float64{"hello": {1.6, 1.4, 9.3}, "seed": {3.0, 2.3, 25}}[program]
		a, b := r.find(program, r.native, packed), r.find(program, r.native, "UPX, NRV")
		if a != nil && b != nil {
			r.Gates = append(r.Gates, gate{program + ", start of packed / UPX, NRV", start(a) / start(b), of[0] / of[2], of[1] / of[2]})
		}
	}
	for _, program := range r.programs() {
		a, b := r.find(program, r.native, pie), r.find(program, r.native, full)
		if a == nil || b == nil {
			continue
		}
		r.Gates = append(r.Gates,
			gate{program + ", size of static PIE / fixed address", ratio(a.Size, b.Size), 1.003, 1},
			gate{program + ", start of static PIE / fixed address", a.Start.Median / b.Start.Median, 1.10, 1.03},
		)
	}
	// The size that is left of go build -s -w: within 5 % of what it is on the native architecture.
	for _, arch := range r.archs()[1:] {
		for _, variant := range []string{full, "static, external", packed} {
			here, there := r.share("seed", arch, variant), r.share("seed", r.native, variant)
			if here > 0 && there > 0 {
				figure := fmt.Sprintf("seed, %s: part left of -s -w, %s / %s", variant, arch, r.native)
				r.Gates = append(r.Gates, gate{figure, here / there, 1.05, 1.05})
			}
		}
	}
}

func ratio(a, b int64) float64 { return float64(a) / float64(b) }

// plain is the variant that sizes are compared with.
const plain = "go build -s -w"

// share returns the size of a variant as a part of go build -s -w, 0 if one is missing.
func (r *results) share(program, arch, variant string) float64 {
	a, b := r.find(program, arch, variant), r.find(program, arch, plain)
	if a == nil || b == nil {
		return 0
	}
	return ratio(a.Size, b.Size)
}

func (r *results) programs() []string {
	var list []string
	for _, x := range r.Rows {
		if n := len(list); n == 0 || list[n-1] != x.Program {
			list = append(list, x.Program)
		}
	}
	return list
}

type comparison struct {
	Program, Ours, Peer string
	Size, Start         float64
}

// ratios compares each of ours with the peers of its kind: packed with packed, static PIE with Go's PIE.
func (r *results) ratios() []comparison {
	unpacked := []string{plain, "GNU strip", "llvm-strip", "eu-strip"}
	packers := []string{"UPX, NRV", "UPX, LZMA"}
	var list []comparison
	for _, program := range r.programs() {
		for _, pair := range []struct {
			ours  string
			peers []string
		}{
			{"static", unpacked},
			{"static PIE", []string{"go build PIE -s -w"}},
			{"static, external", unpacked},
			{"static PIE, external, packed", packers},
		} {
			a := r.find(program, r.native, pair.ours)
			for _, peer := range pair.peers {
				if b := r.find(program, r.native, peer); a != nil && b != nil {
					list = append(list, comparison{program, pair.ours, peer, ratio(a.Size, b.Size), a.Start.Median / b.Start.Median})
				}
			}
		}
	}
	return list
}

type sizeLine struct {
	Program, Variant string
	Cells            []string // size and share for each architecture
}

// sizes returns the sizes of each variant that was made on every architecture.
func (r *results) sizes() []sizeLine {
	var list []sizeLine
	for _, x := range r.Rows {
		if x.Arch != r.native {
			continue
		}
		line := sizeLine{Program: x.Program, Variant: x.Variant}
		for _, arch := range r.archs() {
			if y := r.find(x.Program, arch, x.Variant); y != nil && r.find(x.Program, arch, plain) != nil {
				line.Cells = append(line.Cells, mb(y.Size), fmt.Sprintf("%.3f", r.share(x.Program, arch, x.Variant)))
			}
		}
		if len(line.Cells) == 2*len(r.archs()) {
			list = append(list, line)
		}
	}
	return list
}
