package main

import (
	"os"
	"path/filepath"
)

// sources are the programs that are not examples of rules_go3s, by path.
var sources = map[string]string{
	"go.mod": "module example.com/zoo\n\ngo 1.26\n",
	"hello/main.go": `package main

import "fmt"

func main() { fmt.Println("hello") }
`,
	// With cgo on, net and os/user bring the C library in.
	"seed/main.go": `package main

import (
	"fmt"
	"net/http"
	"os"
	"os/user"
)

func main() {
	if len(os.Args) > 1 {
		return
	}
	fmt.Println(http.Get("https://localhost"))
	fmt.Println(user.Current())
}
`,
	// C code without cgo: the go command links object files in a package's directory.
	"object/main.go":      "package main\n\nfunc call() int32\n\nfunc main() { println(call()) }\n",
	"object/call_amd64.s": "#include \"textflag.h\"\n\nTEXT ·call(SB), NOSPLIT, $0-4\n\tCALL answer(SB)\n\tMOVL AX, ret+0(FP)\n\tRET\n",
	"library.c":           "int answer(void) { return 42; }\n",

	"hello.c":  "#include <stdio.h>\n\nint main(void) { puts(\"hello\"); return 0; }\n",
	"hello.rs": "fn main() { println!(\"hello\"); }\n",
}

func (k *keeper) writeSources() error {
	for name, text := range sources {
		path := filepath.Join(k.dir, "src", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
