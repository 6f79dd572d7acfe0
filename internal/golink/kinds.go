package golink

import "github.com/go3s/rules_go3s/internal/goobj"

// A kind says what a symbol is, and so where it goes. The order is that of the program: symbols of one segment follow each other
// by kind, and within a kind by size.
type kind uint8

const (
	kindNone kind = iota // referenced, not defined

	kindText
	kindTextFIPSStart
	kindTextFIPS
	kindTextFIPSEnd
	kindTextEnd

	kindType
	kindGoString
	kindGoFunc
	kindGCBits
	kindROData
	kindRODataFIPSStart
	kindRODataFIPS
	kindRODataFIPSEnd
	kindPCLnTab
	kindTypeLink
	kindItabLink

	// What has addresses, in a position-independent program.
	kindTypeRel
	kindGoFuncRel
	kindRODataRel

	kindBuildInfo
	kindFIPSInfo
	kindModuleData
	kindNoPtrData
	kindNoPtrDataFIPSStart
	kindNoPtrDataFIPS
	kindNoPtrDataFIPSEnd
	kindData
	kindDataFIPSStart
	kindDataFIPS
	kindDataFIPSEnd
	kindBSS
	kindNoPtrBSS
	kindGCMask  // room for masks of types, since Go 1.27
	kindCounter // of coverage and fuzzing
	kindTLSBSS

	kindUnloaded // debugging information
	numKinds
)

// objectKinds translate the kinds of symbols in objects (cmd/internal/objabi, SymKind).
var objectKinds = [256]kind{
	1: kindText, 2: kindTextFIPS, 3: kindROData, 4: kindRODataFIPS, 5: kindNoPtrData, 6: kindNoPtrDataFIPS, 7: kindData, 8: kindDataFIPS,
	9: kindBSS, 10: kindNoPtrBSS, 11: kindTLSBSS,
	12: kindUnloaded, 13: kindUnloaded, 14: kindUnloaded, 15: kindUnloaded, 16: kindUnloaded, 17: kindUnloaded, 18: kindUnloaded,
	19: kindUnloaded, 20: kindUnloaded, 21: kindUnloaded, 22: kindCounter, 23: kindCounter, 24: kindCounter, 25: kindUnloaded,
}

func kindOf(k goobj.Kind) kind { return objectKinds[k] }

// maxKind is the last one of objectKinds.
const maxKind goobj.Kind = 25

func (k kind) isText() bool { return kindText <= k && k <= kindTextEnd }

// isCollected reports whether k is writable data that the garbage collector looks at.
func (k kind) isCollected() bool { return k == kindData || k == kindBSS }

// isData reports whether k is writable data, zeroed or not.
func (k kind) isData() bool { return kindNoPtrData <= k && k <= kindNoPtrBSS }
