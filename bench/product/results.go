package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/measure"
)

// results are all figures of one run, as the JSON file has them.
type results struct {
	Date    string `json:"date"`
	Go      string `json:"go"`
	CPU     string `json:"cpu"`
	Kernel  string `json:"kernel"`
	Rounds  int    `json:"rounds"`
	Rows    []*row `json:"rows"`
	Gates   []gate `json:"gates"`
	native  string // architecture
	what    []string
	missing []string
}

// A row is one variant of one program on one architecture.
type row struct {
	Program    string  `json:"program"`
	Arch       string  `json:"arch"`
	Variant    string  `json:"variant"`
	Ours       bool    `json:"ours"`
	Size       int64   `json:"size_bytes"`
	Start      *timing `json:"start,omitempty"`
	StartNoTHP *timing `json:"start_without_thp,omitempty"`
	RSS        int64   `json:"rss_bytes,omitempty"`
	Private    int64   `json:"private_bytes,omitempty"`
	ToolMS     float64 `json:"tool_ms,omitempty"` // of the last step
	ToolRSS    int64   `json:"tool_rss_bytes,omitempty"`
	path       string
}

type timing struct {
	Min    float64 `json:"min_ms"`
	Median float64 `json:"median_ms"`
	P90    float64 `json:"p90_ms"`
	Faults int64   `json:"page_faults"`
}

func newResults(c *config) *results {
	r := &results{Date: time.Now().UTC().Format(time.DateOnly), Go: runtime.Version(), CPU: cpuModel(), Rounds: c.rounds, native: c.archs[0]}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		r.Kernel = strings.TrimSpace(string(kernel))
	}
	for _, p := range c.programs {
		r.what = append(r.what, p.name+": "+p.what)
	}
	return r
}

// cpuModel returns what Linux says of the first CPU.
func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r *results) add(p *program, arch string, v *variant, path string, runs []measure.Sample, native bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	x := &row{Program: p.name, Arch: arch, Variant: v.name, Ours: v.ours, Size: info.Size()}
	if native {
		x.path = path
		if len(runs) > 0 {
			s := measure.Median(runs)
			x.ToolMS, x.ToolRSS = ms(s.Wall), s.Peak
		}
	}
	r.Rows = append(r.Rows, x)
	return nil
}

// find returns a row, nil if there is none.
func (r *results) find(program, arch, variant string) *row {
	i := slices.IndexFunc(r.Rows, func(x *row) bool { return x.Program == program && x.Arch == arch && x.Variant == variant })
	if i < 0 {
		return nil
	}
	return r.Rows[i]
}

func (r *results) header() string {
	return fmt.Sprintf("%s, %s, %s, Linux %s; %d starts of each file, a tenth of that for a large server, of which UPX makes NRV without --best only", r.Date, r.Go, r.CPU, r.Kernel, r.Rounds)
}

func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.header())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tvariant\tsize, MB\tstart: min\tmedian\tp90, ms\twithout THP: min\tmedian\tp90, ms\tpage faults\tRSS, MB\tprivate, MB\ttool, ms\ttool RSS, MB\t")
	for _, x := range r.Rows {
		if x.Start == nil {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t%s\t%s\t%s\t%s\t\n", x.Program, x.Variant, mb(x.Size),
			x.Start.Min, x.Start.Median, x.Start.P90, x.StartNoTHP.Min, x.StartNoTHP.Median, x.StartNoTHP.P90, x.Start.Faults,
			mb(x.RSS), mb(x.Private), optional(x.ToolMS), mb(x.ToolRSS))
	}
	table.Flush()

	fmt.Fprintln(w, "\nRatios: size of ours to that of peers, start of ours to that of peers (medians, with THP)")
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tours\tpeer\tsize\tstart\t")
	for _, ratio := range r.ratios() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.3f\t%.2f\t\n", ratio.Program, ratio.Ours, ratio.Peer, ratio.Size, ratio.Start)
	}
	table.Flush()

	fmt.Fprintln(w, "\nSize in MB, and as a part of go build -s -w on the same architecture")
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tvariant\t"+strings.Join(r.archs(), "\t\t")+"\t\t")
	for _, s := range r.sizes() {
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", s.Program, s.Variant, strings.Join(s.Cells, "\t"))
	}
	table.Flush()

	fmt.Fprintln(w, "\nGates")
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tfound\tfirst gate\t\tgoal\t")
	for _, g := range r.Gates {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", g.Figure, number(g.Found), number(g.Gate), met(g.Found, g.Gate), number(g.Goal), met(g.Found, g.Goal))
	}
	table.Flush()
	fmt.Fprintf(w, "\n%s\n", strings.Join(r.what, "\n"))
	if len(r.missing) > 0 {
		slices.Sort(r.missing)
		fmt.Fprintf(w, "not installed: %s\n", strings.Join(slices.Compact(r.missing), ", "))
	}
}

func mb(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", float64(n)/1e6)
}

func optional(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", v)
}

func number(v float64) string { return fmt.Sprintf("%.4g", v) }

func met(found, limit float64) string {
	if found <= limit {
		return "met"
	}
	return "MISSED"
}

func (r *results) archs() []string {
	var list []string
	for _, x := range r.Rows {
		if !slices.Contains(list, x.Arch) {
			list = append(list, x.Arch)
		}
	}
	return list
}

func (r *results) writeJSON(file string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o666)
}
