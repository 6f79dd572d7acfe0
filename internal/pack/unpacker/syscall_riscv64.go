//go:build unpacker

package unpacker

// System calls by number.
const (
	sysWrite            = 64
	sysMmap             = 222
	sysMprotect         = 226
	sysMunmap           = 215
	sysMadvise          = 233
	sysExitGroup        = 94
	sysFutex            = 98
	sysGetcpu           = 168
	sysSchedSetaffinity = 122
	sysSchedGetaffinity = 123
	sysMemfdCreate      = 279
	sysFcntl            = 25
	sysClose            = 57
)
