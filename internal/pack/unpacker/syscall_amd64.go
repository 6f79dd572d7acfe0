//go:build unpacker

package unpacker

// System calls by number.
const (
	sysWrite            = 1
	sysMmap             = 9
	sysMprotect         = 10
	sysMunmap           = 11
	sysMadvise          = 28
	sysExitGroup        = 231
	sysFutex            = 202
	sysGetcpu           = 309
	sysSchedSetaffinity = 203
	sysSchedGetaffinity = 204
	sysMemfdCreate      = 319
	sysFcntl            = 72
	sysClose            = 3
)
