package main

import (
	"strings"
	"testing"
)

// TestJudge: a machine that fails for another reason counts neither as started nor as refused.
func TestJudge(t *testing.T) {
	const (
		denied    = `BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x2,0x0): Access Denied`
		violation = `BdsDxe: failed to load Boot0001 "UEFI Misc Device" from VenHw(): Security Violation`
		notFound  = `BdsDxe: failed to load Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x2,0x0): Not Found`
		started   = "secure boot: on\npcr11: 0123\n"
	)
	for _, tt := range []struct {
		name   string
		test   test
		output string
		want   string // "" when the test passes
	}{
		{"started", test{Expect: []string{"secure boot: on", "pcr11: {pcr11}"}}, started, ""},
		{"started, with another register", test{Expect: []string{"pcr11: {pcr11}4"}}, started, `did not print "pcr11: 01234"`},
		{"started, and printed too much", test{Expect: []string{"pcr11"}, Forbid: []string{"secure boot"}}, started, `printed "secure boot"`},
		{"silent", test{Expect: []string{"secure boot: on"}}, "", `did not print "secure boot: on"`},
		{"refused", test{Refused: true}, denied, ""},
		{"refused by other words", test{Refused: true}, violation, ""},
		{"refused, want a start", test{Expect: []string{"secure boot: on"}}, denied, "the firmware refused the image, want it started"},
		{"started, want it refused", test{Refused: true}, started, "the firmware started the image, want it refused"},
		{"silent, want it refused", test{Refused: true}, "", "the firmware started the image, want it refused"},
		{"failed, want it refused", test{Refused: true}, notFound, "not because of Secure Boot"},
		{"failed, want a start", test{Expect: []string{"secure boot: on"}}, notFound, "not because of Secure Boot"},
		{"a program says so", test{Refused: true}, "init: Access Denied", "the firmware started the image, want it refused"},
	} {
		w := &watch{}
		for line := range strings.Lines(tt.output) {
			if w.line(line) {
				break
			}
		}
		err := tt.test.judge(w, tt.output, map[string]string{"pcr11": "0123"})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}
