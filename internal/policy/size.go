package policy

import (
	"fmt"
	"math/big"
	"strings"
)

var sizeBudget = Rule{
	ID:       "size-budget",
	What:     "The file is not larger than its budget.",
	Why:      "Programs grow by one dependency at a time. A budget makes the growth somebody's decision.",
	Evidence: "Size of the file in bytes.",
	Remedy:   "Find what has grown (`go tool nm -size -sort size` on the file before stripping), drop the dependency, or raise the budget.",
	Ref:      "--size-budget, the policy's size_budget",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.SizeBudget == 0 {
			return "no size budget is set"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		if size := uint64(len(in.File.Data)); size > in.SizeBudget {
			return one("file size", "the file has %d bytes, %d more than its budget of %d", size, size-in.SizeBudget, in.SizeBudget)
		}
		return nil
	},
}

// sizeUnits are the units of ParseSize, longer suffixes first.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1000}, {"KB", 1000}, {"MB", 1000 * 1000}, {"GB", 1000 * 1000 * 1000},
	{"B", 1},
}

// ParseSize reads a size such as "5452595", "6MB" (6,000,000 bytes) or "5.2MiB"
// and returns it in bytes, rounded down. It accepts B, kB, KB, MB, GB (powers of
// 1000) and KiB, MiB, GiB (powers of 1024). The size must be positive, and without a unit, whole.
func ParseSize(s string) (uint64, error) {
	number, unit, digits := strings.TrimSpace(s), int64(1), "0123456789"
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit, digits = strings.TrimSpace(rest), u.bytes, "0123456789."
			break
		}
	}
	// Rat also takes signs, exponents and fractions; a float would round 4.35MB.
	n, ok := new(big.Rat).SetString(number)
	if ok && len(number) <= 20 && strings.Trim(number, digits) == "" {
		n.Mul(n, big.NewRat(unit, 1))
		bytes := new(big.Int).Quo(n.Num(), n.Denom())
		if bytes.Sign() > 0 && bytes.IsUint64() {
			return bytes.Uint64(), nil
		}
	}
	return 0, fmt.Errorf("size %q: want a positive number of bytes, or one with kB, MB, GB, KiB, MiB or GiB, such as 6MB or 5.2MiB", s)
}
