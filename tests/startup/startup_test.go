// Package startup tests what the programs that Bazel builds start with; run it by `bazel test`.
package startup

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"testing"
)

type report struct {
	GCPercent      int
	MemoryLimit    int64
	MaxProcs       int
	PanicNil       bool
	AsyncTimerChan bool
	DefaultGODEBUG string
}

func TestStartup(t *testing.T) {
	const unlimited = math.MaxInt64
	for _, test := range []struct {
		name, variable string
		env            []string
		want           report
	}{
		{
			name: "//go:debug line", variable: "PLAIN", env: []string{"GOMAXPROCS=2"},
			want: report{100, unlimited, 2, true, false, "panicnil=1"},
		}, {
			name: "the environment over a //go:debug line", variable: "PLAIN", env: []string{"GOMAXPROCS=2", "GODEBUG=panicnil=0"},
			want: report{100, unlimited, 2, false, false, "panicnil=1"},
		}, {
			name: "attributes", variable: "LIMITS",
			want: report{-1, 300 << 20, 1, false, true, "asynctimerchan=1,panicnil=0"},
		}, {
			name: "the environment over attributes", variable: "LIMITS",
			env:  []string{"GOGC=70", "GOMEMLIMIT=1GiB", "GOMAXPROCS=2", "GODEBUG=panicnil=1,asynctimerchan=0"},
			want: report{70, 1 << 30, 2, true, false, "asynctimerchan=1,panicnil=0"},
		}, {
			name: "the environment over single attributes", variable: "LIMITS", env: []string{"GOGC=off", "GOMEMLIMIT=off"},
			want: report{-1, unlimited, 1, false, true, "asynctimerchan=1,panicnil=0"},
		}, {
			name: "variables that are empty", variable: "LIMITS", env: []string{"GOGC=", "GOMEMLIMIT=", "GOMAXPROCS="},
			want: report{-1, 300 << 20, 1, false, true, "asynctimerchan=1,panicnil=0"},
		}, {
			name: "one attribute", variable: "PIE", env: []string{"GOMAXPROCS=3"},
			want: report{50, unlimited, 3, true, false, "panicnil=1"},
		}, {
			name: "a wrapped go_binary", variable: "WRAPPED", env: []string{"GOMAXPROCS=3"},
			want: report{100, unlimited, 3, true, true, "asynctimerchan=1,panicnil=1"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := os.Getenv(test.variable)
			if path == "" {
				t.Fatalf("%s is not set: run this test by `bazel test`", test.variable)
			}
			cmd := exec.Command(path)
			cmd.Env = append([]string{}, test.env...)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got report
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("started with %+v, want %+v", got, test.want)
			}
		})
	}
}
