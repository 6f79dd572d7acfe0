//go:debug panicnil=1

// Command startup prints what it was started with.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// report is what it prints, as JSON.
type report struct {
	GCPercent      int
	MemoryLimit    int64
	MaxProcs       int
	PanicNil       bool   // GODEBUG=panicnil=1
	AsyncTimerChan bool   // GODEBUG=asynctimerchan=1
	DefaultGODEBUG string // as the build information has it
}

func main() {
	r := report{
		GCPercent:      debug.SetGCPercent(100),
		MemoryLimit:    debug.SetMemoryLimit(-1),
		MaxProcs:       runtime.GOMAXPROCS(0),
		PanicNil:       recoverNil() == nil,
		AsyncTimerChan: cap(time.NewTimer(time.Hour).C) == 1,
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "DefaultGODEBUG" {
				r.DefaultGODEBUG = s.Value
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(r)
}

func recoverNil() (r any) {
	defer func() { r = recover() }()
	panic(nil)
}
