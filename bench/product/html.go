package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"

	"github.com/go3s/rules_go3s/internal/atomicfile"
)

//go:embed page.html.tmpl
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"mb":     mb,
	"number": number,
	"met":    met,
	"opt":    optional,
	"f2":     func(v float64) string { return fmt.Sprintf("%.2f", v) },
	"f3":     func(v float64) string { return fmt.Sprintf("%.3f", v) },
}).Parse(pageText))

// A plot is start time over size of the variants of one program, in an SVG of 720 by 360 units.
type plot struct {
	Program        string
	Points         []point
	XTicks, YTicks []tick
}

type point struct {
	X, Y, LabelY float64
	Label        string
	Ours         bool
	Left         bool // the label is left of the point
}

type tick struct {
	At    float64
	Label string
}

const (
	plotLeft, plotRight = 50, 700
	plotTop, plotBottom = 20, 320
)

// plots places the points on axes that start at 0 for size and are logarithmic for time: UPX is far away.
func (r *results) plots() []plot {
	var list []plot
	for _, program := range r.programs() {
		var rows []*row
		largest, slowest, fastest := 0.0, 0.0, math.Inf(1)
		for _, x := range r.Rows {
			if x.Program == program && x.Start != nil {
				rows = append(rows, x)
				largest = max(largest, float64(x.Size)/1e6)
				slowest = max(slowest, x.Start.Median)
				fastest = min(fastest, x.Start.Median)
			}
		}
		low, high := math.Log(fastest/1.2), math.Log(slowest*1.2)
		xAt := func(size float64) float64 { return plotLeft + (plotRight-plotLeft)*size/(largest*1.05) }
		yAt := func(time float64) float64 {
			return plotBottom - (plotBottom-plotTop)*(math.Log(time)-low)/(high-low)
		}
		p := plot{Program: program}
		for _, x := range rows {
			at := point{X: xAt(float64(x.Size) / 1e6), Y: yAt(x.Start.Median), Label: x.Variant, Ours: x.Ours}
			at.Left = at.X > (plotLeft+plotRight)/2
			at.LabelY = at.Y + 4
			for _, other := range p.Points { // labels below each other where points meet
				if other.Left == at.Left && math.Abs(other.LabelY-at.LabelY) < 11 && math.Abs(other.X-at.X) < 200 {
					at.LabelY = other.LabelY + 11
				}
			}
			p.Points = append(p.Points, at)
		}
		step := math.Pow(10, math.Floor(math.Log10(largest)))
		if largest/step < 3 {
			step /= 2
		}
		for v := 0.0; v <= largest*1.05; v += step {
			p.XTicks = append(p.XTicks, tick{xAt(v), number(v)})
		}
		for _, v := range []float64{0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500} {
			if l := math.Log(v); l > low && l < high {
				p.YTicks = append(p.YTicks, tick{yAt(v), number(v)})
			}
		}
		list = append(list, p)
	}
	return list
}

func (r *results) writeHTML(file string) error {
	return atomicfile.WriteFunc(file, 0o644, func(w io.Writer) error {
		return page.Execute(w, map[string]any{
			"Header": r.header(),
			"Rows":   r.Rows,
			"Ratios": r.ratios(),
			"Sizes":  r.sizes(),
			"Archs":  r.archs(),
			"Gates":  r.Gates,
			"Plots":  r.plots(),
			"What":   r.what,
		})
	})
}
