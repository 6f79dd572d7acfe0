//go:build !unix

package atomicfile

import (
	"io/fs"
	"os"
)

func chown(*os.File, fs.FileInfo) bool { return false }
