package goabi

// # Type descriptors
//
// A descriptor begins with internal/abi.Type, and the kind in it has not moved since Go 1.18.
const (
	TypeKind     = 23 // offset of Kind_ in bytes
	TypeKindMask = 31 // of its bits: older releases have flags in the others
	KindFunc     = 19 // internal/abi.Func
)
