// Package vectors holds published test vectors to the FIPS 140-3 module in finished programs.
//
// Vectors of NIST's ACVP go to the test program of GOROOT/src/crypto/internal/fips140test, which answers requests on its standard
// input: acvp.go makes the requests of a vector and compares the answers. Those of Wycheproof go to the program in
// testdata/wycheproof, which calls the public packages of crypto. Only tests use this package.
package vectors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Module is a running test program that answers requests (the protocol of acvptool's module wrappers): both ways a number of
// byte strings, their lengths and they themselves, numbers as 4 bytes, little-endian.
type Module struct {
	in      io.Writer
	out     *bufio.Reader
	offered map[[2]string]bool // algorithms with mode, "" for none
}

// NewModule asks the program behind in and out what it offers.
func NewModule(in io.Writer, out io.Reader) (*Module, error) {
	m := &Module{in: in, out: bufio.NewReader(out), offered: map[[2]string]bool{}}
	answer, err := m.call("getConfig", 1)
	if err != nil {
		return nil, err
	}
	var list []struct{ Algorithm, Mode string }
	if err := json.Unmarshal(answer[0], &list); err != nil {
		return nil, fmt.Errorf("getConfig: %w", err)
	}
	for _, c := range list {
		m.offered[[2]string{c.Algorithm, c.Mode}] = true
	}
	return m, nil
}

// call makes one request and returns want byte strings.
func (m *Module) call(name string, want int, args ...[]byte) ([][]byte, error) {
	args = append([][]byte{[]byte(name)}, args...)
	request := u32(len(args))
	for _, a := range args {
		request = append(request, u32(len(a))...)
	}
	for _, a := range args {
		request = append(request, a...)
	}
	if _, err := m.in.Write(request); err != nil {
		return nil, fmt.Errorf("%s: the program ended: %w", name, err)
	}
	var n uint32
	if err := binary.Read(m.out, binary.LittleEndian, &n); err != nil {
		return nil, fmt.Errorf("%s: no answer: %w", name, err)
	}
	if int(n) != want {
		return nil, fmt.Errorf("%s: %d byte strings in the answer, want %d", name, n, want)
	}
	lengths, answer := make([]uint32, n), make([][]byte, n)
	if err := binary.Read(m.out, binary.LittleEndian, lengths); err != nil {
		return nil, fmt.Errorf("%s: answer cut off: %w", name, err)
	}
	for i, l := range lengths {
		if l > 1<<24 {
			return nil, errors.New(name + ": the answer is too long")
		}
		answer[i] = make([]byte, l)
		if _, err := io.ReadFull(m.out, answer[i]); err != nil {
			return nil, fmt.Errorf("%s: answer cut off: %w", name, err)
		}
	}
	return answer, nil
}

func u32(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
