package cpio

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

var entries = []Entry{
	{Name: "dev", Mode: Directory | 0o755, Inode: 1, Data: []byte{}},
	{Name: "dev/console", Mode: Device | 0o600, Inode: 2, Major: 5, Minor: 1, Data: []byte{}},
	{Name: "init", Mode: Regular | 0o755, Inode: 3, Date: 1700000000, Data: []byte("hello")},
}

func archive() []byte {
	var out []byte
	for _, e := range entries {
		out = Append(out, e)
	}
	return End(out)
}

func read(data []byte) (got []Entry, err error) {
	err = Read(data, func(e Entry) error {
		got = append(got, e)
		return nil
	})
	return got, err
}

func TestRoundTrip(t *testing.T) {
	if got, err := read(archive()); err != nil || !reflect.DeepEqual(got, entries) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRefused(t *testing.T) {
	good := archive()
	for _, tt := range []struct {
		name   string
		change func(b []byte) []byte
		want   string
	}{
		{"cut off", func(b []byte) []byte { return b[:len(b)-4] }, "bytes are left for both"},
		{"cut off before the trailer", func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte(Magic))] }, "no entry"},
		{"appended", func(b []byte) []byte { return append(b, 0) }, "bytes follow the end"},
		{"number", func(b []byte) []byte { b[len(Magic)] = 'x'; return b }, "field 0"},
		{"owner", func(b []byte) []byte { b[len(Magic)+8*2+7] = '1'; return b }, "owner 1:0"},
		{"name", func(b []byte) []byte { b[HeaderSize+3] = 'x'; return b }, "not as cpio(5) has them"},
		{"length", func(b []byte) []byte { b[len(Magic)+8*6] = 'f'; return b }, "bytes are left for both"},
	} {
		_, err := read(tt.change(bytes.Clone(good)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// FuzzRead checks that what Read takes, Append writes.
func FuzzRead(f *testing.F) {
	f.Add(archive())
	f.Add(End(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got []Entry
		var err error
		fuzztest.Bounded(t, len(data), 16, func() { got, err = read(data) })
		if err != nil {
			return
		}
		var again []byte
		for _, e := range got {
			again = Append(again, e)
		}
		if again = End(again); !bytes.Equal(again, data) {
			t.Errorf("%q becomes %q", data, again)
		}
	})
}
