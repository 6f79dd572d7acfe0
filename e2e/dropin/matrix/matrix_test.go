package main

import "testing"

func TestLabel(t *testing.T) {
	if label == "" {
		t.Error("no label")
	}
}
