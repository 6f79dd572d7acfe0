package main

import (
	"fmt"
	"html"
	"strings"
)

// Lengths of the picture, in pixels, and the values that the longest bars stand for.
const (
	width      = 930
	top        = 58
	rowHeight  = 26
	barHeight  = 16
	labelRight = 350 // labels end here
	sizeLeft   = 360
	startLeft  = 660
	barLength  = 200
	maxSize    = 9e6 // bytes
	maxStart   = 6.0 // ms; longer bars are cut and say their value
)

// The colours serve a light and a dark page; a viewer that knows no prefers-color-scheme shows the light ones on white.
const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.other { fill: #8c959f } .ours { fill: #0969da } .cut { stroke: #ffffff; stroke-width: 3 } .page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .other { fill: #6e7681 } .ours { fill: #4493f8 } .cut { stroke: #0d1117 } .page { fill: #0d1117 }
}
</style>
`

// draw returns an SVG with a row for each bar: its size on the left, its start on the right.
func draw(bars []bar) string {
	height := top + rowHeight*len(bars) + 10
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="title">`+"\n",
		width, height, width, height)
	b.WriteString(`<title id="title">Size and start of an HTTPS client made by go build, UPX and rules_go3s</title>` + "\n" + style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d" rx="6"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text class="head" x="20" y="24">An HTTPS client for linux/%s</text>`+"\n", arch)
	fmt.Fprintf(&b, `<text class="head" x="%d" y="44">file size, MB</text>`+"\n", sizeLeft)
	fmt.Fprintf(&b, `<text class="head" x="%d" y="44">start, ms</text>`+"\n", startLeft)
	for i, bar := range bars {
		y := top + rowHeight*i
		class := "other"
		if bar.ours {
			class = "ours"
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelRight, y+13, html.EscapeString(bar.label))
		rect(&b, class, sizeLeft, y, float64(bar.size)/maxSize, fmt.Sprintf("%.2f", float64(bar.size)/1e6))
		rect(&b, class, startLeft, y, bar.start/maxStart, fmt.Sprintf("%.1f", bar.start))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// rect draws one bar. A part beyond 1 is cut off, which a stroke across the bar shows.
func rect(b *strings.Builder, class string, x, y int, part float64, value string) {
	cut := part > 1
	length := barLength * min(part, 1)
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, x, y, length, barHeight)
	if cut {
		fmt.Fprintf(b, `<path class="cut" d="M%d %dl8 %d"/>`, x+barLength-24, y+barHeight+2, -barHeight-4)
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%d">%s</text>`+"\n", float64(x)+length+6, y+13, value)
}
