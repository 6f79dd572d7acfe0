package link

import "github.com/go3s/rules_go3s/internal/arch/all"

// Relay returns a program for Linux on goarch, an ELF file, that stands in for an
// external linker which runs elsewhere: it writes its arguments, each with a zero
// byte after it, to file descriptor 3, reads one byte there, and ends with that as
// its exit status; with 1 if either fails. It is internal/arch/<arch>/relay.s.
// Relay returns nil for a machine it does not know.
func Relay(goarch string) []byte {
	a := all.Of(goarch)
	if a == nil {
		return nil
	}
	return (&asmLinker{arch: a, image: a.Relay.Code}).write(asmBase + asmHeaders)
}
