package syscalls

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:generate sh -c "cd ../.. && go run ./internal/syscalls/gentable"

// A Table holds the system calls of one machine.
type Table struct{ load func() *numbers }

type numbers struct {
	names   map[int64]string
	numbers map[string]int64
}

//go:embed table_amd64.txt
var amd64Table string

//go:embed table_arm64.txt
var arm64Table string

//go:embed table_riscv64.txt
var riscv64Table string

// Tables are the tables by Go's name of the machine.
var Tables = map[string]Table{"amd64": newTable(amd64Table), "arm64": newTable(arm64Table), "riscv64": newTable(riscv64Table)}

func newTable(text string) Table {
	return Table{sync.OnceValue(func() *numbers {
		t := &numbers{map[int64]string{}, map[string]int64{}}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			number, name, _ := strings.Cut(strings.TrimSpace(line), " ")
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				panic(fmt.Sprintf("syscalls: table line %q: %v", line, err)) // the text is part of this program
			}
			t.names[n], t.numbers[name] = name, n
		}
		return t
	})}
}

// Name returns the kernel's name of a number, "syscall_N" where it has none.
func (t Table) Name(number int64) string {
	if name, ok := t.load().names[number]; ok {
		return name
	}
	return fmt.Sprintf("syscall_%d", number)
}

// Number returns the number of a name, also of one that Name has made up.
func (t Table) Number(name string) (number int64, ok bool) {
	if number, ok = t.load().numbers[name]; ok {
		return number, true
	}
	if rest, made := strings.CutPrefix(name, "syscall_"); made {
		n, err := strconv.ParseUint(rest, 10, 32)
		return int64(n), err == nil
	}
	return 0, false
}
