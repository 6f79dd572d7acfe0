//go:debug panicnil=1

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"testing"
)

// TestDirective: the directive in this file holds.
func TestDirective(t *testing.T) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("panic(nil) gave %v, want nil: //go:debug panicnil=1 of the test does not hold", r)
		}
	}()
	panic(nil)
}

// TestDirectiveOfPackage: the directive of the package holds, too.
func TestDirectiveOfPackage(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "../outside"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := tar.NewReader(&b).Next(); !errors.Is(err, tar.ErrInsecurePath) {
		t.Errorf("error %v, want %v: //go:debug tarinsecurepath=0 of the package does not hold", err, tar.ErrInsecurePath)
	}
}
