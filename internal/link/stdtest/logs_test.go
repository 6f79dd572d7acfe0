package stdtest

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadLog(t *testing.T) {
	want := []Result{
		{Place{"net/http", "amd64", "exe"}, 1449, 0, 64, nil},
		{Place{"sync/atomic", "arm64", "static-pie+functions"}, 108, 1, 2, []string{"TestX/a: b", "the test program"}},
	}
	log := "=== RUN   Test\n=== RUN   Test/net/http\n"
	for _, r := range want {
		log += "    stdtest_gotool_test.go:71: " + r.String() + "\n    stdtest_gotool_test.go:74: net/http amd64 exe: TestX fails on both sides (FAIL)\n"
		for _, name := range r.Differ {
			log += "    stdtest_gotool_test.go:75: " + r.differ(name, "FAIL", "") + "\n"
		}
	}
	got, err := ReadLog(strings.NewReader(log + "PASS\n"))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestReadLogOverflow(t *testing.T) {
	if got, err := ReadLog(strings.NewReader("a.go:1: p amd64 exe: 99999999999999999999 PASS, 0 FAIL, 0 SKIP, 0 differ from go test\n")); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}
