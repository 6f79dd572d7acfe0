package disasm

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// A processor runs single instructions in a process of its own, which has one page of code before one that is not
// mapped: an instruction of which the last byte is missing there faults at the page's end.
type processor struct {
	pid  int
	regs syscall.PtraceRegs
}

const (
	codePage = 0x400000
	codeEnd  = codePage + 4096
)

// newProcessor starts the process. The error says what this machine does not allow. The calling goroutine must
// stay on its thread.
func newProcessor(dir string) (*processor, error) {
	exe := filepath.Join(dir, "page")
	if err := os.WriteFile(exe, onePage(), 0o755); err != nil {
		return nil, err
	}
	pid, err := syscall.ForkExec(exe, []string{exe}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		return nil, err
	}
	p := &processor{pid: pid}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return nil, err
	}
	if !status.Stopped() {
		return nil, fmt.Errorf("the process ended: %v", status)
	}
	if err := syscall.PtraceGetRegs(pid, &p.regs); err != nil {
		return nil, err
	}
	// Operands in memory are in the page; system calls have a number that does not exist.
	for _, r := range []*uint64{&p.regs.Rbx, &p.regs.Rdx, &p.regs.Rsi, &p.regs.Rdi, &p.regs.Rbp, &p.regs.R8, &p.regs.R9} {
		*r = codePage + 0x400
	}
	p.regs.Rax, p.regs.Orig_rax, p.regs.Rcx, p.regs.Rsp = 0xffff, ^uint64(0), 1, codePage+0x800
	return p, nil
}

func (p *processor) close() {
	syscall.Kill(p.pid, syscall.SIGKILL)
	syscall.Wait4(p.pid, nil, 0, nil)
}

// onePage is an executable of one page, which is readable, writable and executable.
func onePage() []byte {
	le := binary.LittleEndian
	b := make([]byte, 4096)
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], 2)
	le.PutUint16(b[18:], 62)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[24:], codePage+0x200)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 1)
	le.PutUint32(b[64:], 1)
	le.PutUint32(b[68:], 7)
	for i, v := range []uint64{0, codePage, codePage, 4096, 4096, 4096} {
		le.PutUint64(b[72+8*i:], v)
	}
	return b
}

var errGone = errors.New("the process is gone")

// fits reports whether the processor finds a whole instruction in code, at the end of the page. ok is false when it says
// that the instruction is none.
func (p *processor) fits(code []byte) (fits, ok bool, err error) {
	var tail [16]byte
	copy(tail[16-len(code):], code)
	if _, err := syscall.PtracePokeData(p.pid, codeEnd-16, tail[:]); err != nil {
		return false, false, err
	}
	regs := p.regs
	regs.Rip = uint64(codeEnd - len(code))
	if err := syscall.PtraceSetRegs(p.pid, &regs); err != nil {
		return false, false, err
	}
	if err := syscall.PtraceSingleStep(p.pid); err != nil {
		return false, false, err
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.pid, &status, 0, nil); err != nil {
		return false, false, err
	}
	if !status.Stopped() {
		return false, false, errGone
	}
	switch status.StopSignal() {
	case syscall.SIGILL:
		return false, false, nil
	case syscall.SIGSEGV, syscall.SIGBUS:
		const ptraceGetSigInfo = 0x4202
		var info [128]byte
		_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, ptraceGetSigInfo, uintptr(p.pid), 0, uintptr(unsafe.Pointer(&info)), 0, 0)
		if errno != 0 {
			return false, false, errno
		}
		return binary.LittleEndian.Uint64(info[16:]) != codeEnd, true, nil
	}
	return true, true, nil
}

// candidates yields instructions: each opcode of four maps after some prefixes, with operands in registers and memory.
func candidates(yield func(code []byte)) {
	maps := [][]byte{nil, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}}
	prefixes := [][]byte{nil, {0x66}, {0xf2}, {0xf3}, {0x48}, {0x66, 0x48}, {0x67}, {0x66, 0x66}, {0xf2, 0x66}, {0x66, 0xf3}, {0x2e}, {0x41}}
	operands := [][]byte{{0xc0}, {0x03}, {0x04, 0x23}, {0x05, 0x00, 0xf8, 0xff, 0xff}, {0x43}, {0x83}, {0x44, 0x23}, {0xc8}, {0x0b}, {0xd0},
		{0xd8}, {0xe0}, {0xe8}, {0xf0}, {0xf8}, {0x33}}
	for _, prefix := range prefixes {
		for _, m := range maps {
			for op := range 256 {
				for _, operand := range operands {
					code := append(append(append([]byte{}, prefix...), m...), byte(op))
					yield(append(append(code, operand...), make([]byte, 12)...))
				}
			}
		}
	}
	for op := range 256 { // VEX
		for _, operand := range operands {
			yield(append(append([]byte{0xc5, 0xf8, byte(op)}, operand...), make([]byte, 12)...))
			for m := range 3 {
				yield(append(append([]byte{0xc4, byte(0xe1 + m), 0x79, byte(op)}, operand...), make([]byte, 12)...))
			}
		}
	}
}

// reportsTables reports whether code is SGDT, SIDT, SLDT, SMSW or STR, for which the kernel reads code beyond the
// instruction where programs may not use them (arch/x86/kernel/umip.c).
func reportsTables(code []byte) bool {
	i := 0
	for i < len(code)-3 && code[i] != 0x0f {
		i++
	}
	if code[i] != 0x0f {
		return false
	}
	group := code[i+2] >> 3 & 7
	return code[i+1] == 0 && group < 2 || code[i+1] == 1 && (group < 2 || group == 4)
}

// TestLengthsOfProcessor: what is decoded as an instruction has the length that this machine's processor gives it. Where
// the two differ, a system call could be in what the decoder takes for the rest of an instruction.
func TestLengthsOfProcessor(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := newProcessor(t.TempDir())
	if err != nil {
		t.Skipf("NOT TESTED: no process can be run step by step here: %v", err)
	}
	defer func() { p.close() }()
	if fits, ok, err := p.fits([]byte{0x90}); !fits || !ok || err != nil {
		t.Skipf("NOT TESTED: a NOP cannot be run step by step here: %v %v %v", fits, ok, err)
	}
	if fits, ok, err := p.fits([]byte{0xb8, 1, 0}); fits || !ok || err != nil {
		t.Skipf("NOT TESTED: the end of an instruction cannot be told here: %v %v %v", fits, ok, err)
	}
	tried, unknown, wrong := 0, 0, 0
	fits := func(code []byte) (bool, bool) {
		for range 3 {
			fits, ok, err := p.fits(code)
			if err == nil {
				return fits, ok
			}
			p.close()
			if p, err = newProcessor(t.TempDir()); err != nil {
				t.Fatal(err)
			}
		}
		return false, false
	}
	candidates(func(code []byte) {
		code = code[:min(len(code), 15)]
		n := LenAMD64(code)
		if n == 0 || reportsTables(code) {
			return // what cannot be decoded is searched byte by byte
		}
		whole, known := fits(code[:n])
		if !whole && known { // it reads on, perhaps to say that it is no instruction
			_, known = fits(code)
		}
		if !known {
			unknown++
			return
		}
		tried++
		short, shortKnown := n > 1, false
		if n > 1 {
			short, shortKnown = fits(code[:n-1])
		}
		if !whole || short && shortKnown {
			if wrong++; wrong <= 40 {
				t.Errorf("%s is decoded as %d bytes, but the processor takes it for %s", hex.EncodeToString(code), n, map[bool]string{true: "fewer", false: "more"}[whole])
			}
		}
	})
	t.Logf("%d instructions tried, %d unknown to this processor, %d of another length", tried, unknown, wrong)
	if tried < 10000 {
		t.Errorf("only %d instructions were tried", tried)
	}
}
