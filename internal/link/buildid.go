package link

// # Build IDs
//
// A program has two: the GNU build ID, by which debuggers find its debug information, and the Go build ID, which
// `go tool buildid` prints. cmd/go derives the Go build ID from the actions that made a program. Other build systems have to give
// cmd/link one, and a constant would make all their programs look alike. So golink derives both from one sum, over what is
// loaded of the program but for the ELF header, which tells where the rest is: a program has the same IDs with and
// without symbols and debug information, and equal inputs give equal IDs. For the sum, the GNU build ID is zero and the
// Go build ID is GoBuildIDPlaceholder, by which Link recognizes that it is to derive one.

import (
	"crypto/sha256"
	"crypto/sha512"
	"debug/elf"
	"encoding/base64"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

const (
	noteHeader  = 16 // three words, then the name "GNU\0" or "Go\0\0"
	noteBuildID = 3  // NT_GNU_BUILD_ID
	// buildIDSize is the length of a build-id that Link derives. Readers show 20
	// bytes as a SHA-1, whatever it is.
	buildIDSize = 20

	noteGoBuildID    = 4 // ELF_NOTE_GOBUILDID_TAG of cmd/link
	goBuildIDSection = ".note.go.buildid"
	goBuildIDParts   = 4
	goBuildIDDigits  = 20 // in each part
)

// GoBuildIDPlaceholder is the Go build ID that Link replaces by one derived from the contents. It has
// the length of those that cmd/go makes: four parts of 20 characters.
var GoBuildIDPlaceholder = goBuildID(strings.Repeat("0", goBuildIDParts*goBuildIDDigits))

// goBuildID puts the slashes between the parts.
func goBuildID(digits string) string {
	var parts []string
	for i := range goBuildIDParts {
		parts = append(parts, digits[i*goBuildIDDigits:][:goBuildIDDigits])
	}
	return strings.Join(parts, "/")
}

// deriveGoBuildID makes a Go build ID of a sum. The four parts, which cmd/go takes from hashes of actions
// and of contents, are all parts of one hash of it.
func deriveGoBuildID(sum []byte) []byte {
	h := sha512.Sum512(append([]byte("Go build ID\n"), sum...))
	return []byte(goBuildID(base64.RawURLEncoding.EncodeToString(h[:])[:goBuildIDParts*goBuildIDDigits]))
}

// A Patch is bytes to write at an offset of a file.
type Patch struct {
	Off  int64
	Data []byte
}

// buildID returns the given build-id, or room for one.
func (l *linker) buildID() []byte {
	if l.opt.BuildID != nil {
		return l.opt.BuildID
	}
	return make([]byte, buildIDSize)
}

// A derivedID is a build ID to derive: where it is in the file, and how it follows from the sum.
type derivedID struct {
	off    uint64
	derive func(sum []byte) []byte
}

// identify writes the build-id note, given or the start of a SHA-256, and the Go build ID if it is to be derived.
func (l *linker) identify() error {
	if !l.opt.NoBuildID {
		s := l.section(".note.gnu.build-id")
		copy(l.image[s.off:s.off+s.size], goelf.AppendNote(nil, "GNU\x00", noteBuildID, l.buildID()))
		if l.opt.BuildID == nil {
			l.derived = append(l.derived, derivedID{s.off + noteHeader, func(sum []byte) []byte { return sum[:buildIDSize] }})
		}
	}
	for _, s := range l.sections {
		if s.name == goBuildIDSection && isGoBuildIDPlaceholder(s.data) {
			l.derived = append(l.derived, derivedID{s.off + noteHeader, deriveGoBuildID})
		}
	}
	if !l.opt.DeferBuildIDs {
		for _, p := range l.derivedIDs() {
			copy(l.image[p.Off:], p.Data)
		}
	}
	return nil
}

// derivedIDs returns the build IDs that derive from what is loaded. It reads nothing of the object, which
// may be gone by now.
func (l *linker) derivedIDs() []Patch {
	if len(l.derived) == 0 {
		return nil
	}
	var end uint64
	for _, g := range l.segments {
		if g.typ == elf.PT_LOAD {
			end = max(end, g.off+g.filesz)
		}
	}
	sum := sha256.Sum256(l.image[goelf.HeaderSize:end]) // one segment follows the other
	var ids []Patch
	for _, d := range l.derived {
		ids = append(ids, Patch{int64(d.off), d.derive(sum[:])})
	}
	return ids
}

// isGoBuildIDPlaceholder reports whether note is the note of a Go build ID that is to be derived.
func isGoBuildIDPlaceholder(note []byte) bool {
	return len(note) >= noteHeader+len(GoBuildIDPlaceholder) && le.Uint32(note[8:]) == noteGoBuildID &&
		le.Uint32(note[4:]) == uint32(len(GoBuildIDPlaceholder)) && string(note[noteHeader:][:len(GoBuildIDPlaceholder)]) == GoBuildIDPlaceholder
}

// DeferredBuildIDs returns the build IDs that Options.DeferBuildIDs left out of File.
func (o *Output) DeferredBuildIDs() []Patch {
	if !o.l.opt.DeferBuildIDs {
		return nil
	}
	return o.l.derivedIDs()
}
