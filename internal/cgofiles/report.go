package cgofiles

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// A LeftOut is a package of a program of which a build without cgo left files out.
type LeftOut struct {
	Package string   `json:"package"` // package path; "main" for the program's own
	Label   string   `json:"label"`   // the build target
	Files   []string `json:"files"`   // names in the package's folder, sorted
}

// EncodeReport returns list as JSON, which ParseReport reads.
func EncodeReport(list []LeftOut) []byte {
	if list == nil {
		list = []LeftOut{} // an array, not null
	}
	data, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		panic(err) // strings can be encoded
	}
	return append(data, '\n')
}

// ParseReport reads what EncodeReport returned. The caller adds the file's name to the error.
func ParseReport(data []byte) ([]LeftOut, error) {
	list := []LeftOut{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("offset %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("offset %d: data follows the array", dec.InputOffset())
	}
	for i, p := range list {
		if p.Package == "" || len(p.Files) == 0 {
			return nil, fmt.Errorf("entry %d: want a package and at least one file", i)
		}
	}
	return list, nil
}
