// Package efivar writes the variables that a machine's firmware keeps into the file that qemu gives it as flash memory, in the format of
// EDK II (MdeModulePkg/Include/Guid/VariableFormat.h): owner's keys, so that Secure Boot is on when the machine starts first. It changes
// empty stores alone, as Debian's packages have them.
package efivar

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// A GUID is in the order of its bytes in memory.
type GUID [16]byte

var (
	global        = GUID{0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}
	imageSecurity = GUID{0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f}
	certX509      = GUID{0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}
	certSHA256    = GUID{0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28}
	authenticated = GUID{0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92}
	// Who put a key into a list: any GUID. This one is of this module.
	owner = GUID{0x67, 0x6f, 0x33, 0x73, 0x72, 0x75, 0x6c, 0x45, 0x80, 0x67, 0x6f, 0x33, 0x73, 0x00, 0x00, 0x01}
)

// Keys are what Secure Boot decides by (UEFI 2.10, 32.3). Certificates are in DER.
type Keys struct {
	PlatformKey  []byte              // PK
	KeyExchange  [][]byte            // KEK
	Allowed      [][]byte            // db
	Revoked      [][]byte            // dbx: certificates
	RevokedImage [][sha256.Size]byte // dbx: digests of images
}

// A variable of the store.
type variable struct {
	name   string
	vendor GUID
	data   []byte
}

// Offsets and sizes in bytes.
const (
	volumeSignature = 40
	volumeHeader    = 48 // the header's own size
	storeHeader     = 28
	storeFormatted  = 0x5a
	storeHealthy    = 0xfe
	variableStart   = 0x55aa
	variableAdded   = 0x3f
	// Non-volatile, with access for boot services and at run time, written by time-based authentication.
	attributes = 0x1 | 0x2 | 0x4 | 0x20
)

// Enrol returns the store with the keys in it.
func Enrol(store []byte, keys Keys) ([]byte, error) {
	if len(keys.PlatformKey) == 0 || len(keys.Allowed) == 0 {
		return nil, errors.New("no platform key or no allowed certificate: Secure Boot would be off, or nothing would start")
	}
	if len(store) < volumeHeader+2 || string(store[volumeSignature:][:4]) != "_FVH" {
		return nil, fmt.Errorf("offset %#x: no \"_FVH\": want a file of UEFI variables, such as OVMF_VARS_4M.fd", volumeSignature)
	}
	start := int(binary.LittleEndian.Uint16(store[volumeHeader:]))
	if start+storeHeader > len(store) || !bytes.Equal(store[start:][:16], authenticated[:]) {
		return nil, fmt.Errorf("offset %#x: no store of authenticated variables: want a firmware with Secure Boot", start)
	}
	size := int(binary.LittleEndian.Uint32(store[start+16:]))
	if size < storeHeader || size > len(store)-start || store[start+20] != storeFormatted || store[start+21] != storeHealthy {
		return nil, fmt.Errorf("offset %#x: a store of %d bytes, state %#x %#x; want one that is formatted and healthy", start, size,
			store[start+20], store[start+21])
	}
	area := store[start+storeHeader : start+size]
	for i, b := range area {
		if b != 0xff {
			return nil, fmt.Errorf("offset %#x: the store has variables already, want an empty one", start+storeHeader+i)
		}
	}
	var kek, db, dbx []byte
	for _, der := range keys.KeyExchange {
		kek = appendList(kek, certX509, der)
	}
	for _, der := range keys.Allowed {
		db = appendList(db, certX509, der)
	}
	for _, der := range keys.Revoked {
		dbx = appendList(dbx, certX509, der)
	}
	for _, sum := range keys.RevokedImage {
		dbx = appendList(dbx, certSHA256, sum[:])
	}
	var written []byte
	for _, v := range []variable{
		{"db", imageSecurity, db}, {"dbx", imageSecurity, dbx}, {"KEK", global, kek}, {"PK", global, appendList(nil, certX509, keys.PlatformKey)},
	} {
		if len(v.data) > 0 {
			written = appendVariable(written, v)
		}
	}
	if len(written) > len(area) {
		return nil, fmt.Errorf("the keys need %d bytes, and the store has %d: enrol fewer", len(written), len(area))
	}
	out := bytes.Clone(store)
	copy(out[start+storeHeader:], written)
	return out, nil
}

// appendList adds an EFI_SIGNATURE_LIST with one entry (UEFI 2.10, 32.4.1).
func appendList(out []byte, kind GUID, data []byte) []byte {
	out = append(out, kind[:]...)
	entry := len(owner) + len(data)
	for _, n := range []int{16 + 3*4 + entry, 0, entry} {
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
	}
	return append(append(out, owner[:]...), data...)
}

// appendVariable adds an AUTHENTICATED_VARIABLE_HEADER with its name and data, which end at a multiple of 4 bytes.
func appendVariable(out []byte, v variable) []byte {
	name := utf16.Encode([]rune(v.name + "\x00"))
	out = binary.LittleEndian.AppendUint16(out, variableStart)
	out = append(out, variableAdded, 0)
	out = binary.LittleEndian.AppendUint32(out, attributes)
	out = append(out, make([]byte, 8)...) // monotonic count
	// The time of writing, EFI_TIME: what is written later must be newer. 2020-01-01, so that the owner can.
	out = binary.LittleEndian.AppendUint16(out, 2020)
	out = append(out, 1, 1)
	out = append(out, make([]byte, 12)...)
	out = append(out, make([]byte, 4)...) // index of a public key, unused
	out = binary.LittleEndian.AppendUint32(out, uint32(2*len(name)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(v.data)))
	out = append(out, v.vendor[:]...)
	for _, c := range name {
		out = binary.LittleEndian.AppendUint16(out, c)
	}
	out = append(out, v.data...)
	for len(out)%4 != 0 {
		out = append(out, 0xff)
	}
	return out
}
