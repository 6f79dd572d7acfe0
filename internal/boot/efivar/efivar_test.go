package efivar

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// empty returns a store for variables of size bytes, as firmware's packages have them.
func empty(size int) []byte {
	const header = 72
	out := bytes.Repeat([]byte{0xff}, header+size+100)
	clear(out[:header+storeHeader])
	copy(out[volumeSignature:], "_FVH")
	binary.LittleEndian.PutUint16(out[volumeHeader:], header)
	copy(out[header:], authenticated[:])
	binary.LittleEndian.PutUint32(out[header+16:], uint32(size))
	out[header+20], out[header+21] = storeFormatted, storeHealthy
	return out
}

func keys() Keys {
	return Keys{PlatformKey: []byte("owner"), KeyExchange: [][]byte{[]byte("exchange")}, Allowed: [][]byte{[]byte("first"), []byte("second")},
		RevokedImage: [][sha256.Size]byte{{1, 2, 3}}}
}

func TestEnrol(t *testing.T) {
	store := empty(4096)
	got, err := Enrol(store, keys())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(store) || !bytes.Equal(store, empty(4096)) {
		t.Error("the size has changed, or what it was made of")
	}
	// Read it as the firmware does: header by header.
	at := 72 + storeHeader
	found := map[string][]byte{}
	for binary.LittleEndian.Uint16(got[at:]) == 0x55aa {
		if got[at+2] != 0x3f {
			t.Fatalf("offset %#x: state %#x", at, got[at+2])
		}
		nameSize, dataSize := int(binary.LittleEndian.Uint32(got[at+36:])), int(binary.LittleEndian.Uint32(got[at+40:]))
		name := strings.ReplaceAll(string(got[at+60:][:nameSize]), "\x00", "")
		found[name] = got[at+60+nameSize:][:dataSize]
		at += (60 + nameSize + dataSize + 3) &^ 3
	}
	if !bytes.Equal(got[at:], store[at:]) {
		t.Errorf("what follows offset %#x has changed", at)
	}
	for name, contents := range map[string][]string{
		"PK": {"owner"}, "KEK": {"exchange"}, "db": {"first", "second"}, "dbx": {"\x01\x02\x03"},
	} {
		list := found[name]
		for _, want := range contents {
			if len(list) < 44 {
				t.Fatalf("%s: %d bytes are left, want %q", name, len(list), want)
			}
			size := binary.LittleEndian.Uint32(list[16:])
			if entry := binary.LittleEndian.Uint32(list[24:]); size != 28+entry || !bytes.HasPrefix(list[44:size], []byte(want)) {
				t.Errorf("%s: a list of %d bytes with entries of %d: %q, want %q", name, size, entry, list[44:size], want)
			}
			list = list[size:]
		}
		if len(list) != 0 {
			t.Errorf("%s: %d bytes follow", name, len(list))
		}
	}
	if _, err := Enrol(got, keys()); err == nil || !strings.Contains(err.Error(), "has variables already") {
		t.Errorf("a store with variables: %v", err)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name  string
		store []byte
		keys  Keys
		want  string
	}{
		{"no keys", empty(4096), Keys{}, "no platform key or no allowed certificate"},
		{"no store", nil, keys(), `no "_FVH"`},
		{"other file", make([]byte, 4096), keys(), `no "_FVH"`},
		{"not authenticated", bytes.Replace(empty(4096), authenticated[:4], []byte{1, 2, 3, 4}, 1), keys(), "no store of authenticated variables"},
		{"small", empty(100), keys(), "enrol fewer"},
		{"cut off", empty(4096)[:2000], keys(), "want one that is formatted and healthy"},
	} {
		got, err := Enrol(tt.store, tt.keys)
		if got != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func FuzzEnrol(f *testing.F) {
	f.Add(empty(1000))
	f.Fuzz(func(t *testing.T, store []byte) {
		fuzztest.Bounded(t, len(store), 4, func() {
			got, err := Enrol(store, keys())
			if (got == nil) == (err == nil) || got != nil && len(got) != len(store) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	})
}
