package policy

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// Values of FIPSFacts.Integrity; any other is the reason why it cannot be told.
const (
	IntegrityRight  = "right"  // the program would pass its own check
	IntegrityWrong  = "wrong"  // it would refuse to start
	IntegrityAbsent = "absent" // there is no record
)

// FIPSFacts is what a file says of its FIPS 140 module, without judgement. The rules fips-sum, fips-module and fips-on judge it.
type FIPSFacts struct {
	SHA256    string // of the file
	GOARCH    string
	GoVersion string // "" where it is not told
	Module    string // version by the names of functions; "" for none, or where functions have no names
	Recorded  string // build setting GOFIPS140; "" for none
	Starts    string // initial fips140 of GODEBUG; "" for none
	Integrity string
	Checksum  string // that the file records, hexadecimal; "" for none
}

// ReadFIPSFacts reads them of f, or of what f unpacks to if it is packed. symbols are the names that were taken out of it, or nil.
func ReadFIPSFacts(f *goelf.File, symbols *pcln.Symbols) *FIPSFacts {
	in := NewInput(f)
	defer in.close()
	in.Symbols = symbols
	facts := &FIPSFacts{SHA256: sumOf(f), GOARCH: f.GOARCH(), Integrity: IntegrityAbsent}
	if pack.IsPacked(f) {
		original, err := in.original()
		if err != nil {
			facts.Integrity = in.reason(err)
			return facts
		}
		in = original
	}
	if info, err := in.buildInfo(); err == nil {
		facts.GoVersion = clip(info.GoVersion)
		v, _ := setting(info, "GOFIPS140")
		facts.Recorded = clip(v)
	}
	facts.Module = clip(fipsVersion(in))
	text, _, _ := defaultGODEBUG(in)
	facts.Starts = clip(fipsMode(text))

	info, err := gobin.ReadFIPSInfo(in.File)
	if errors.Is(err, gobin.ErrNotGo) {
		return facts
	}
	if err == nil {
		facts.Checksum = hex.EncodeToString(info.Sum[:])
		var sum [32]byte
		if sum, err = info.Compute(in.File); err == nil {
			facts.Integrity = IntegrityWrong
			if hmac.Equal(sum[:], info.Sum[:]) {
				facts.Integrity = IntegrityRight
				if findings := fipsSum.Check(in); len(findings) > 0 { // the program may check another record
					facts.Integrity = findings[0].Detail
				}
			}
			return facts
		}
	}
	facts.Integrity = in.reason(err)
	return facts
}
