// Package archive writes and reads the archives of a release: tar.gz, tar.zst and zip. What it writes is a function of the
// files, the date and the version of the compressor, which is a library and not Go's own: that one gives other bytes in each
// series of Go. What it reads it bounds, and it refuses what it would not write: links, devices, times, owners.
package archive

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// Formats are the names of the formats, which are also the endings of file names.
var Formats = []string{"tar.gz", "tar.zst", "zip"}

// A format writes and reads one kind of archive.
type format struct {
	write func(set *fileset.Set, date time.Time) ([]byte, error)
	read  func(data []byte) (*Contents, error)
}

var formats = map[string]format{
	"tar.gz": {
		func(set *fileset.Set, date time.Time) ([]byte, error) { return compressTar(set, date, Gzip) },
		func(data []byte) (*Contents, error) { return readCompressedTar(data, gunzip) },
	},
	"tar.zst": {
		func(set *fileset.Set, date time.Time) ([]byte, error) { return compressTar(set, date, Zstd) },
		func(data []byte) (*Contents, error) { return readCompressedTar(data, unzstd) },
	},
	"zip": {writeZip, readZip},
}

// Contents is what an archive holds.
type Contents struct {
	Set  fileset.Set
	Date time.Time // of every entry
}

// Write returns an archive of the set. Every entry has that date, to the second, in UTC. A zip holds no date before 1980.
func Write(name string, set *fileset.Set, date time.Time) ([]byte, error) {
	f, ok := formats[name]
	if !ok {
		return nil, fmt.Errorf("archive format %q: want one of %s", name, strings.Join(Formats, ", "))
	}
	return f.write(set, date.UTC())
}

// FormatOf returns the format of a file by the end of its name, "" where that is none.
func FormatOf(file string) string {
	for _, name := range Formats {
		if strings.HasSuffix(file, "."+name) {
			return name
		}
	}
	return ""
}

// Read returns what an archive of that format holds. It refuses one that Write does not make.
func Read(name string, data []byte) (*Contents, error) {
	f, ok := formats[name]
	if !ok {
		return nil, fmt.Errorf("archive format %q: want one of %s", name, strings.Join(Formats, ", "))
	}
	return f.read(data)
}

// add puts an entry into c.
func (c *Contents) add(f fileset.File, date time.Time) error {
	if c.Date.IsZero() {
		c.Date = date
	}
	if !date.Equal(c.Date) {
		return fmt.Errorf("%s: its date is %s, want %s as the others have",
			f.Path, date.UTC().Format(time.RFC3339), c.Date.UTC().Format(time.RFC3339))
	}
	return c.Set.Add(f)
}

// compressTar returns a compressed tar archive of the set.
func compressTar(set *fileset.Set, date time.Time, compress func([]byte) ([]byte, error)) ([]byte, error) {
	var buf bytes.Buffer
	if err := WriteTar(&buf, set, date); err != nil {
		return nil, err
	}
	return compress(buf.Bytes())
}

func readCompressedTar(data []byte, expand func([]byte) ([]byte, error)) (*Contents, error) {
	tar, err := expand(data)
	if err != nil {
		return nil, err
	}
	return ReadTar(tar)
}
