package sdkcheck

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Bytes returns the JSON form of a verdict, which ReadVerdict reads.
func (v *Verdict) Bytes() ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

// ReadVerdict reads the verdict in a file that "linkcheck sdkcheck --format=json" wrote. It is strict: a field that is not known, another
// schema or more than one value is an error.
func ReadVerdict(file string) (*Verdict, error) {
	text, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	v := new(Verdict)
	if err := d.Decode(v); err != nil {
		return nil, fmt.Errorf("%s: no verdict on a Go SDK: %w", file, err)
	}
	if v.Schema != SchemaVersion {
		return nil, fmt.Errorf("%s: schema %d, want %d: let the linkcheck of this release write it", file, v.Schema, SchemaVersion)
	}
	if d.More() {
		return nil, fmt.Errorf("%s: offset %d: found more after the verdict, want its end", file, d.InputOffset())
	}
	return v, nil
}
