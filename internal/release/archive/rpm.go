package archive

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/cpio"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/release/fileset"
)

// # RPM
//
// Version 3 of the format, which every rpm since 4.0 reads (rpm.org, "RPM V4 Package format"): a lead of 96 bytes, a signature header, a
// header, and a compressed cpio archive. Both headers are an index of entries of 16 bytes (tag, type, offset, count) and a store; the
// first entry is a region: its 16 bytes at the end of the store point back to the index. Numbers are big-endian.

// Types of values.
const (
	rpmInt16       = 3
	rpmInt32       = 4
	rpmString      = 6
	rpmBytes       = 7
	rpmStrings     = 8
	rpmI18NStrings = 9
)

// Tags of the signature header.
const (
	rpmRegionSignature = 62
	rpmSHA1            = 269
	rpmSHA256          = 273
	rpmSigSize         = 1000
	rpmSigMD5          = 1004
	rpmSigPayloadSize  = 1007
)

// Tags of the header.
const (
	rpmRegionHeader      = 63
	rpmI18NTable         = 100
	rpmName              = 1000
	rpmVersion           = 1001
	rpmRelease           = 1002
	rpmSummary           = 1004
	rpmDescription       = 1005
	rpmBuildTime         = 1006
	rpmBuildHost         = 1007
	rpmSize              = 1009
	rpmLicence           = 1014
	rpmPackager          = 1015
	rpmGroup             = 1016
	rpmURL               = 1020
	rpmOS                = 1021
	rpmArchitecture      = 1022
	rpmFileSizes         = 1028
	rpmFileModes         = 1030
	rpmFileRdevs         = 1033
	rpmFileTimes         = 1034
	rpmFileDigests       = 1035
	rpmFileLinks         = 1036
	rpmFileFlags         = 1037
	rpmFileUsers         = 1039
	rpmFileGroups        = 1040
	rpmSourceRPM         = 1044
	rpmFileVerify        = 1045
	rpmProvideName       = 1047
	rpmRequireFlags      = 1048
	rpmRequireName       = 1049
	rpmRequireVersion    = 1050
	rpmFileDevices       = 1095
	rpmFileInodes        = 1096
	rpmFileLangs         = 1097
	rpmProvideFlags      = 1112
	rpmProvideVersion    = 1113
	rpmDirIndexes        = 1116
	rpmBaseNames         = 1117
	rpmDirNames          = 1118
	rpmPayloadFormat     = 1124
	rpmPayloadCompressor = 1125
	rpmPayloadFlags      = 1126
	rpmFileDigestAlgo    = 5011
	rpmEncoding          = 5062
	rpmPayloadDigest     = 5092
	rpmPayloadDigestAlgo = 5093
)

const (
	rpmLead       = 96
	rpmMagic      = "\xed\xab\xee\xdb\x03\x00"
	rpmHeadMagic  = "\x8e\xad\xe8\x01\x00\x00\x00\x00"
	rpmDigestAlgo = 8 // SHA-256, as OpenPGP numbers it
	rpmEqual      = 1 << 3
	rpmLess       = 1 << 1
	rpmLib        = 1 << 24 // what rpm itself provides
	rpmVerifyAll  = 0xffffffff
)

// An rpmHeader collects entries.
type rpmHeader struct {
	index []byte
	store []byte
}

func (h *rpmHeader) add(tag, kind uint32, align, count int, data []byte) {
	h.store = pad(h.store, align)
	for _, v := range []uint32{tag, kind, uint32(len(h.store)), uint32(count)} {
		h.index = binary.BigEndian.AppendUint32(h.index, v)
	}
	h.store = append(h.store, data...)
}

func (h *rpmHeader) string(tag uint32, s string) { h.add(tag, rpmString, 1, 1, append([]byte(s), 0)) }
func (h *rpmHeader) localized(tag uint32, s string) {
	h.add(tag, rpmI18NStrings, 1, 1, append([]byte(s), 0))
}
func (h *rpmHeader) bytes(tag uint32, b []byte) { h.add(tag, rpmBytes, 1, len(b), b) }

func (h *rpmHeader) strings(tag uint32, list ...string) {
	h.add(tag, rpmStrings, 1, len(list), []byte(strings.Join(list, "\x00")+"\x00"))
}

func (h *rpmHeader) int32s(tag uint32, list ...uint32) {
	var data []byte
	for _, v := range list {
		data = binary.BigEndian.AppendUint32(data, v)
	}
	h.add(tag, rpmInt32, 4, len(list), data)
}

func (h *rpmHeader) int16s(tag uint32, list ...uint16) {
	var data []byte
	for _, v := range list {
		data = binary.BigEndian.AppendUint16(data, v)
	}
	h.add(tag, rpmInt16, 2, len(list), data)
}

// encode returns the header with its region, which is the first entry of the index and the last of the store.
func (h *rpmHeader) encode(region uint32) []byte {
	const entry = 16
	entries := len(h.index)/entry + 1
	out := []byte(rpmHeadMagic)
	for _, v := range []uint32{uint32(entries), uint32(len(h.store) + entry), region, rpmBytes, uint32(len(h.store)), entry} {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	out = append(append(out, h.index...), h.store...)
	for _, v := range []uint32{region, rpmBytes, uint32(-entries * entry), entry} {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

// RPMName returns the file name of the RPM package.
func (p *Package) RPMName() string {
	return fmt.Sprintf("%s-%s-1.%s.rpm", p.Name, p.rpmVersion(), machine.Of(p.GOARCH).Name)
}

// rpmVersion is the version as RPM allows it: "-" ends it, and "~" sorts before the version without it.
func (p *Package) rpmVersion() string { return strings.ReplaceAll(p.Version, "-", "~") }

// RPM returns an RPM package.
func RPM(p *Package, set *fileset.Set, date time.Time) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if machine.Of(p.GOARCH) == nil {
		return nil, fmt.Errorf("rpm: no name for GOARCH %q", p.GOARCH)
	}
	if p.Licence == "" {
		return nil, errors.New("license: want an SPDX expression, which RPM demands")
	}
	cpio := writeCPIO(set, date)
	payload, err := Gzip(cpio)
	if err != nil {
		return nil, err
	}
	return p.rpm(set, cpio, payload, date), nil
}

// rpm returns the package with that payload.
func (p *Package) rpm(set *fileset.Set, cpio, payload []byte, date time.Time) []byte {
	header := p.rpmHeader(set, payload, date).encode(rpmRegionHeader)

	body := append(slices.Clone(header), payload...)
	var sig rpmHeader
	sum1, sum256, sumMD5 := sha1.Sum(header), sha256.Sum256(header), md5.Sum(body)
	sig.string(rpmSHA1, fmt.Sprintf("%x", sum1))
	sig.string(rpmSHA256, fmt.Sprintf("%x", sum256))
	sig.int32s(rpmSigSize, uint32(len(body)))
	sig.bytes(rpmSigMD5, sumMD5[:])
	sig.int32s(rpmSigPayloadSize, uint32(len(cpio)))

	out := append([]byte(rpmMagic), 0, 0, 0, 1)
	out = append(out, fmt.Sprintf("%.65s", fmt.Sprintf("%s-%s-1", p.Name, p.rpmVersion()))...)
	out = pad(out, rpmLead)
	copy(out[76:], "\x00\x01\x00\x05") // Linux; a signature header follows
	out = pad(append(out, sig.encode(rpmRegionSignature)...), 8)
	return append(out, body...)
}

func (p *Package) rpmHeader(set *fileset.Set, payload []byte, date time.Time) *rpmHeader {
	files := set.Files()
	n := len(files)
	var (
		sizes, times, flags, verify, devices, inodes, dirIndexes []uint32
		modes, rdevs                                             []uint16
		digests, links, users, langs, bases, dirs                []string
		total                                                    uint32
	)
	for i, f := range files {
		dir := "/" + path.Dir(f.Path) + "/"
		d := slices.Index(dirs, dir)
		if d < 0 {
			d, dirs = len(dirs), append(dirs, dir)
		}
		sizes, total = append(sizes, uint32(len(f.Data))), total+uint32(len(f.Data))
		times = append(times, uint32(date.Unix()))
		modes = append(modes, uint16(cpio.Regular|uint32(f.Mode)))
		digests = append(digests, fmt.Sprintf("%x", sha256.Sum256(f.Data)))
		verify = append(verify, rpmVerifyAll)
		inodes = append(inodes, uint32(i+1))
		devices = append(devices, 1)
		dirIndexes = append(dirIndexes, uint32(d))
		users = append(users, "root")
		bases = append(bases, path.Base(f.Path))
	}
	flags, rdevs, links, langs = make([]uint32, n), make([]uint16, n), make([]string, n), make([]string, n)
	description := p.Description
	if description == "" {
		description = p.Summary
	}
	payloadSum := sha256.Sum256(payload)
	h := &rpmHeader{}
	// In the order of the tags.
	h.strings(rpmI18NTable, "C")
	h.string(rpmName, p.Name)
	h.string(rpmVersion, p.rpmVersion())
	h.string(rpmRelease, "1")
	h.localized(rpmSummary, p.Summary)
	h.localized(rpmDescription, description)
	h.int32s(rpmBuildTime, uint32(date.Unix()))
	h.string(rpmBuildHost, "localhost")
	h.int32s(rpmSize, total)
	h.string(rpmLicence, p.Licence)
	h.string(rpmPackager, p.Maintainer)
	h.localized(rpmGroup, "Unspecified")
	if p.Homepage != "" {
		h.string(rpmURL, p.Homepage)
	}
	h.string(rpmOS, "linux")
	h.string(rpmArchitecture, machine.Of(p.GOARCH).Name)
	h.int32s(rpmFileSizes, sizes...)
	h.int16s(rpmFileModes, modes...)
	h.int16s(rpmFileRdevs, rdevs...)
	h.int32s(rpmFileTimes, times...)
	h.strings(rpmFileDigests, digests...)
	h.strings(rpmFileLinks, links...)
	h.int32s(rpmFileFlags, flags...)
	h.strings(rpmFileUsers, users...)
	h.strings(rpmFileGroups, users...)
	h.string(rpmSourceRPM, fmt.Sprintf("%s-%s-1.src.rpm", p.Name, p.rpmVersion())) // without it rpm takes the package for a source package
	h.int32s(rpmFileVerify, verify...)
	h.strings(rpmProvideName, p.Name)
	h.int32s(rpmRequireFlags, rpmLib|rpmLess|rpmEqual, rpmLib|rpmLess|rpmEqual, rpmLib|rpmLess|rpmEqual)
	h.strings(rpmRequireName, "rpmlib(CompressedFileNames)", "rpmlib(FileDigests)", "rpmlib(PayloadFilesHavePrefix)")
	h.strings(rpmRequireVersion, "3.0.4-1", "4.6.0-1", "4.0-1")
	h.int32s(rpmFileDevices, devices...)
	h.int32s(rpmFileInodes, inodes...)
	h.strings(rpmFileLangs, langs...)
	h.int32s(rpmProvideFlags, rpmEqual)
	h.strings(rpmProvideVersion, p.rpmVersion()+"-1")
	h.int32s(rpmDirIndexes, dirIndexes...)
	h.strings(rpmBaseNames, bases...)
	h.strings(rpmDirNames, dirs...)
	h.string(rpmPayloadFormat, "cpio")
	h.string(rpmPayloadCompressor, "gzip")
	h.string(rpmPayloadFlags, strconv.Itoa(level))
	h.int32s(rpmFileDigestAlgo, rpmDigestAlgo)
	h.string(rpmEncoding, "utf-8")
	h.strings(rpmPayloadDigest, fmt.Sprintf("%x", payloadSum))
	h.int32s(rpmPayloadDigestAlgo, rpmDigestAlgo)
	return h
}

// ReadRPM returns what an RPM package of RPM installs. To refuse what a header may say besides, such as scripts, it wants the very
// headers that RPM writes for p and the payload.
func ReadRPM(p *Package, data []byte, date time.Time) (*Contents, error) {
	off := rpmLead
	for _, align := range []int{8, 1} {
		if len(data) < off+16 || !bytes.Equal(data[off:off+8], []byte(rpmHeadMagic)) {
			return nil, fmt.Errorf("rpm: offset %d: no header", off)
		}
		entries, store := binary.BigEndian.Uint32(data[off+8:]), binary.BigEndian.Uint32(data[off+12:])
		size := 16 + 16*int64(entries) + int64(store)
		if size > int64(len(data)-off) {
			return nil, fmt.Errorf("rpm: offset %d: the header goes beyond the end", off)
		}
		off += int(size)
		off += (align - off%align) % align
	}
	if off > len(data) {
		return nil, errors.New("rpm: no payload")
	}
	cpio, err := gunzip(data[off:])
	if err != nil {
		return nil, fmt.Errorf("rpm: %w", err)
	}
	c, err := readCPIO(cpio)
	if err != nil {
		return nil, fmt.Errorf("rpm: %w", err)
	}
	if !bytes.Equal(p.rpm(&c.Set, cpio, data[off:], date), data) {
		return nil, errors.New("rpm: its headers are not those of the payload and of what the release says of the package")
	}
	return c, nil
}

// pad appends zero bytes up to a multiple of n.
func pad(b []byte, n int) []byte {
	for len(b)%n != 0 {
		b = append(b, 0)
	}
	return b
}
