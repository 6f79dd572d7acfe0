package sizes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// BaseSuffix follows the names of files that a report took from one of an earlier build.
const BaseSuffix = " (base)"

// A Report has the breakdowns of several files: of the architectures of one program, and perhaps of an earlier build.
type Report struct {
	Schema int         `json:"schema"`
	Files  []Breakdown `json:"files"`
}

// ParseReport reads what JSON wrote. Unknown keys are refused.
func ParseReport(data []byte) (*Report, error) {
	var r Report
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("%w: want what linkcheck sizes --report wrote", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("offset %d: data follows the object", dec.InputOffset())
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("schema is %d, want %d", r.Schema, Schema)
	}
	return &r, nil
}

// JSON returns the report in one line, the same for the same files.
func (r *Report) JSON() ([]byte, error) {
	out, err := json.Marshal(r)
	return append(out, '\n'), err
}
