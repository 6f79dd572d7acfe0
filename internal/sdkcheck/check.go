package sdkcheck

import "slices"

// SchemaVersion is the version of the JSON form of a Verdict.
const SchemaVersion = 1

// Statuses of a group. Whatever is not Agree is a refusal.
const (
	Agree   = "agree"   // every declaration is as in a release of the table
	Differ  = "differ"  // some are not
	Unknown = "unknown" // there is no table of this series
)

// A Verdict says whether an SDK is as the verified releases are.
type Verdict struct {
	Schema  int    `json:"schema"` // SchemaVersion
	Go      string `json:"go"`     // release, for example "go1.26.8"
	Series  string `json:"series"` // for example "go1.26"
	Formats Group  `json:"formats"`
	Readers Group  `json:"readers"`
	Canary  *Group `json:"canary,omitempty"` // nil if none was built
}

// A Group is the part of a verdict on one group of declarations.
type Group struct {
	Status      string       `json:"status"`   // Agree, Differ or Unknown
	Compared    int          `json:"compared"` // declarations or facts of the SDK
	Differences []Difference `json:"differences,omitempty"`
}

// A Difference is a declaration, or a fact of a layout, that is as in no release of the table.
type Difference struct {
	File        string `json:"file"`        // below GOROOT/src; "layout" for a fact
	Declaration string `json:"declaration"` // for example "func (*unwinder).next"; "file" for an assembly file
	Change      string `json:"change"`      // "changed", "new" or "gone"; of a fact also its values
}

func (d Difference) String() string { return d.File + ": " + d.Declaration + " (" + d.Change + ")" }

// OK reports whether all groups agree.
func (v *Verdict) OK() bool {
	return v.Formats.Status == Agree && v.Readers.Status == Agree && (v.Canary == nil || v.Canary.Status == Agree)
}

// Check compares an SDK with the table of its series. The error is one of the table, a fault of this program.
func Check(s *SDK) (*Verdict, error) {
	v := &Verdict{Schema: SchemaVersion, Go: s.Version, Series: s.Series}
	t, err := tableOf(s.Series)
	if err != nil {
		return nil, err
	}
	v.Formats, v.Readers = check(t, s, formatGroup), check(t, s, readerGroup)
	return v, nil
}

func (s *SDK) group(name string) map[key]string {
	if name == formatGroup {
		return s.formats
	}
	return s.readers
}

func check(t *table, s *SDK, group string) Group {
	found := s.group(group)
	if t == nil {
		return Group{Status: Unknown, Compared: len(found)}
	}
	known := t.groups[group]
	out := Group{Status: Agree, Compared: len(found)}
	add := func(k key, change string) {
		out.Status = Differ
		out.Differences = append(out.Differences, Difference{k.file, k.name, change})
	}
	for _, k := range sortedKeys(found) {
		switch list := known[k]; {
		case len(list) == 0:
			add(k, "new")
		case !slices.ContainsFunc(list, func(s seen) bool { return s.digest == found[k] }):
			add(k, "changed")
		}
	}
	for _, k := range sortedKeys(known) {
		if found[k] != "" {
			continue
		}
		has := 0 // releases with it: there may be some without
		for _, s := range known[k] {
			has += len(s.releases)
		}
		if has == len(t.releases) {
			add(k, "gone")
		}
	}
	return out
}

// Diff returns what is different in one SDK from another, of both groups.
func Diff(from, to *SDK) (formats, readers []Difference) {
	return diff(from.formats, to.formats), diff(from.readers, to.readers)
}

func diff(from, to map[key]string) []Difference {
	all := map[key]string{}
	for k := range from {
		all[k] = "gone"
	}
	for k, digest := range to {
		switch from[k] {
		case "":
			all[k] = "new"
		case digest:
			delete(all, k)
		default:
			all[k] = "changed"
		}
	}
	var out []Difference
	for _, k := range sortedKeys(all) {
		out = append(out, Difference{k.file, k.name, all[k]})
	}
	return out
}
