package disasm

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDecode has one row for each kind of control flow and each form of an address.
func TestDecode(t *testing.T) {
	const pc = 0x1000
	for _, tt := range []struct {
		goarch, text, code string
		want               Inst
	}{
		{"amd64", "call", "e8 fb 0f 00 00", Inst{Len: 5, Flow: Call, Target: 0x2000}},
		{"amd64", "call rax", "ff d0", Inst{Len: 2, Flow: CallIndirect}},
		{"amd64", "jmp", "eb fe", Inst{Len: 2, Flow: Jump, Target: 0x1000}},
		{"amd64", "jmp [rip]", "ff 25 00 00 00 00", Inst{Len: 6, Flow: JumpIndirect, Ref: 0x1006}},
		{"amd64", "je", "0f 84 00 01 00 00", Inst{Len: 6, Flow: Branch, Target: 0x1106}},
		{"amd64", "ret", "c3", Inst{Len: 1, Flow: Return}},
		{"amd64", "syscall", "0f 05", Inst{Len: 2, Flow: Syscall}},
		{"amd64", "rex syscall", "48 0f 05", Inst{Len: 3, Flow: Syscall}},
		{"amd64", "sysenter", "0f 34", Inst{Len: 2, Flow: Syscall32}},
		{"amd64", "int 0x80", "cd 80", Inst{Len: 2, Flow: Syscall32}},
		{"amd64", "int3", "cc", Inst{Len: 1, Flow: Stop}},
		{"amd64", "ud2", "0f 0b", Inst{Len: 2, Flow: Stop}},
		{"amd64", "lea rax, [rip+16]", "48 8d 05 10 00 00 00", Inst{Len: 7, Ref: 0x1017}},
		{"amd64", "lea rax, [rip-16]", "48 8d 05 f0 ff ff ff", Inst{Len: 7, Ref: 0xff7}},
		{"amd64", "vmovdqu ymm0, [rsi]", "c5 fe 6f 06", Inst{Len: 4}},
		{"amd64", "cut off", "48", Inst{Len: 1, Flow: Stop}},
		{"arm64", "bl", "00 04 00 94", Inst{Len: 4, Flow: Call, Target: 0x2000}},
		{"arm64", "blr x0", "00 00 3f d6", Inst{Len: 4, Flow: CallIndirect}},
		{"arm64", "b", "00 00 00 14", Inst{Len: 4, Flow: Jump, Target: 0x1000}},
		{"arm64", "br x16", "00 02 1f d6", Inst{Len: 4, Flow: JumpIndirect}},
		{"arm64", "b.ne", "41 00 00 54", Inst{Len: 4, Flow: Branch, Target: 0x1008}},
		{"arm64", "cbz x1", "e1 ff ff b4", Inst{Len: 4, Flow: Branch, Target: 0xffc}},
		{"arm64", "tbnz x0, #3", "40 00 18 37", Inst{Len: 4, Flow: Branch, Target: 0x1008}},
		{"arm64", "ret", "c0 03 5f d6", Inst{Len: 4, Flow: Return}},
		{"arm64", "svc #0", "01 00 00 d4", Inst{Len: 4, Flow: Syscall}},
		{"arm64", "svc #128", "01 10 00 d4", Inst{Len: 4, Flow: Syscall}},
		{"arm64", "brk", "00 00 20 d4", Inst{Len: 4, Flow: Stop}},
		{"arm64", "zeros", "00 00 00 00", Inst{Len: 4, Flow: Stop}},
		{"arm64", "adr x0", "00 01 00 10", Inst{Len: 4, Ref: 0x1020}},
		{"arm64", "cut off", "01 00 00", Inst{Len: 3, Flow: Stop}},
		{"riscv64", "jal ra", "ef 10 00 00", Inst{Len: 4, Flow: Call, Target: 0x2000}},
		{"riscv64", "jal t0", "ef 12 00 00", Inst{Len: 4, Flow: Call, Target: 0x2000}},
		{"riscv64", "j", "6f 00 00 00", Inst{Len: 4, Flow: Jump, Target: 0x1000}},
		{"riscv64", "jalr ra, a0", "e7 00 05 00", Inst{Len: 4, Flow: CallIndirect}},
		{"riscv64", "jr a0", "67 00 05 00", Inst{Len: 4, Flow: JumpIndirect}},
		{"riscv64", "ret", "67 80 00 00", Inst{Len: 4, Flow: Return}},
		{"riscv64", "c.jr ra", "82 80", Inst{Len: 2, Flow: Return}},
		{"riscv64", "c.j", "01 a0", Inst{Len: 2, Flow: Jump, Target: 0x1000}},
		{"riscv64", "beqz a0", "63 04 05 00", Inst{Len: 4, Flow: Branch, Target: 0x1008}},
		{"riscv64", "c.bnez a0", "7d fd", Inst{Len: 2, Flow: Branch, Target: 0xffe}},
		{"riscv64", "ecall", "73 00 00 00", Inst{Len: 4, Flow: Syscall}},
		{"riscv64", "ebreak", "73 00 10 00", Inst{Len: 4, Flow: Stop}},
		{"riscv64", "c.ebreak", "02 90", Inst{Len: 2, Flow: Stop}},
		{"riscv64", "zeros", "00 00", Inst{Len: 2, Flow: Stop}},
		{"riscv64", "cut off", "73 00 00", Inst{Len: 2, Flow: Stop}},
	} {
		t.Run(tt.goarch+"/"+tt.text, func(t *testing.T) {
			tt.want.PC = pc
			if got := Arches[tt.goarch].Decode(unhex(t, tt.code), pc); got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestEffects(t *testing.T) {
	const pc = 0x1000
	for _, tt := range []struct {
		goarch, text, code string
		want               []Effect
	}{
		{"amd64", "mov eax, 257", "b8 01 01 00 00", []Effect{{Op: Set, Dst: rax, Imm: 257}}},
		{"amd64", "mov eax, -1", "b8 ff ff ff ff", []Effect{{Op: Set, Dst: rax, Imm: 0xffffffff}}},
		{"amd64", "mov rax, -1", "48 c7 c0 ff ff ff ff", []Effect{{Op: Set, Dst: rax, Imm: -1}}},
		{"amd64", "xor esi, esi", "31 f6", []Effect{{Op: Set, Dst: rsi}}},
		{"amd64", "mov al, 1", "b0 01", []Effect{{Op: Clobber, Dst: rax}}},
		{"amd64", "mov ah, 1", "b4 01", []Effect{{Op: Clobber, Dst: rax}}},
		{"amd64", "mov [rsp+0x60], rax", "48 89 44 24 60", []Effect{{Op: Store, Dst: rsp, Imm: 0x60, Src: rax, Size: 8}}},
		{"amd64", "mov rax, [rsp+0x60]", "48 8b 44 24 60", []Effect{{Op: Load, Dst: rax, Src: rsp, Imm: 0x60, Size: 8}}},
		{"amd64", "mov [rsp-0x1000], rax", "48 89 84 24 00 f0 ff ff", []Effect{{Op: Store, Dst: rsp, Imm: -0x1000, Src: rax, Size: 8}}},
		{"amd64", "lea rsi, [rsp-16]", "48 8d 74 24 f0", []Effect{{Op: Add, Dst: rsi, Src: rsp, Imm: -16}}},
		{"amd64", "mov qword [rsp], 7", "48 c7 04 24 07 00 00 00", []Effect{{Op: StoreImm, Dst: rsp, Size: 8, Value: 7}}},
		{"amd64", "sub rsp, 0x38", "48 83 ec 38", []Effect{{Op: Add, Dst: rsp, Src: rsp, Imm: -0x38}}},
		{"amd64", "push rbp", "55", []Effect{{Op: Add, Dst: rsp, Src: rsp, Imm: -8}, {Op: Store, Dst: rsp, Src: rbp, Size: 8}}},
		{"amd64", "lea rax, [rip+0]", "48 8d 05 00 00 00 00", []Effect{{Op: Set, Dst: rax, Imm: 0x1007}}},
		{"amd64", "mov rax, fs:[-8]", "64 48 8b 04 25 f8 ff ff ff", []Effect{{Op: Clobber, Dst: rax}}},
		{"amd64", "cmove rax, rbx", "48 0f 44 c3", []Effect{{Op: Merge, Dst: rax, Src: rbx}}},
		{"amd64", "cmpxchg [rdi], ecx", "f0 0f b1 0f", []Effect{{Op: Clobber, Dst: rax}, {Op: Store, Dst: rdi, Src: NoReg, Size: 4}}},
		{"amd64", "cmp rax, rbx", "48 39 d8", nil},
		{"amd64", "shlx rax, rbx, rcx", "c4 e2 f1 f7 c3", []Effect{{Op: ClobberAll}, {Op: StoreAny}}},
		{"amd64", "rep movsq", "f3 48 a5", []Effect{{Op: Clobber, Dst: rcx}, {Op: Clobber, Dst: rsi}, {Op: Clobber, Dst: rdi}, {Op: StoreAny}}},
		{"arm64", "mov x8, #56", "08 07 80 d2", []Effect{{Op: Set, Dst: 8, Imm: 56}}},
		{"arm64", "mov x8, #-1", "08 00 80 92", []Effect{{Op: Set, Dst: 8, Imm: -1}}},
		{"arm64", "movk x8, #1, lsl #16", "28 00 a0 f2", []Effect{{Op: Insert, Dst: 8, Imm: 1, Shift: 16, Size: 8}}},
		{"arm64", "orr x8, xzr, #0x1e", "e8 0f 7f b2", []Effect{{Op: Set, Dst: 8, Imm: 0x1e}}},
		{"arm64", "orr w8, wzr, #0x1e", "e8 0f 1f 32", []Effect{{Op: Set, Dst: 8, Imm: 0x1e}}},
		{"arm64", "mov x8, x0", "e8 03 00 aa", []Effect{{Op: Move, Dst: 8, Src: 0, Size: 8}}},
		{"arm64", "mov x4, xzr", "e4 03 1f aa", []Effect{{Op: Move, Dst: 4, Src: arm64Zero, Size: 8}}},
		{"arm64", "str x30, [sp, #-64]!", "fe 0f 1c f8", []Effect{{Op: Add, Dst: 31, Src: 31, Imm: -64}, {Op: Store, Dst: 31, Src: 30, Size: 8}}},
		{"arm64", "ldr x30, [sp], #96", "fe 07 46 f8", []Effect{{Op: Load, Dst: 30, Src: 31, Size: 8}, {Op: Add, Dst: 31, Src: 31, Imm: 96}}},
		{"arm64", "stp x29, x30, [x20, #-8]", "9d fa 3f a9", []Effect{{Op: Store, Dst: 20, Imm: -8, Src: 29, Size: 8}, {Op: Store, Dst: 20, Src: 30, Size: 8}}},
		{"arm64", "ldr x0, [sp, #104]", "e0 37 40 f9", []Effect{{Op: Load, Dst: 0, Src: 31, Imm: 104, Size: 8}}},
		{"arm64", "sub x20, sp, #256", "f4 03 04 d1", []Effect{{Op: Add, Dst: 20, Src: 31, Imm: -256}}},
		{"arm64", "subs xzr, x0, #1", "1f 04 00 f1", []Effect{{Op: Add, Dst: arm64Zero, Src: 0, Imm: -1}}},
		{"arm64", "adrp x1, +0x1000", "01 00 00 b0", []Effect{{Op: Set, Dst: 1, Imm: 0x2000}}},
		{"arm64", "csel x0, x1, x2, eq", "20 00 82 9a", []Effect{{Op: Move, Dst: 0, Src: 1, Size: 8}, {Op: Merge, Dst: 0, Src: 2}}},
		{"arm64", "sub sp, sp, x27", "ff 63 3b cb", []Effect{{Op: SubReg, Dst: 31, Src: 31, Src2: 27}}},
		{"arm64", "mul x0, x1, x2", "20 7c 02 9b", []Effect{{Op: Clobber, Dst: 0}}},
		{"riscv64", "li a7, 93", "93 08 d0 05", []Effect{{Op: Add, Dst: 17, Src: 0, Imm: 93, Size: 8}}},
		{"riscv64", "c.mv a7, a0", "aa 88", []Effect{{Op: AddReg, Dst: 17, Src: 0, Src2: 10}}},
		{"riscv64", "c.li a0, -1", "7d 55", []Effect{{Op: Add, Dst: 10, Src: 0, Imm: -1, Size: 8}}},
		{"riscv64", "c.sdsp a0, 96(sp)", "aa f0", []Effect{{Op: Store, Dst: 2, Imm: 96, Src: 10, Size: 8}}},
		{"riscv64", "c.ldsp a0, 96(sp)", "06 75", []Effect{{Op: Load, Dst: 10, Src: 2, Imm: 96, Size: 8}}},
		{"riscv64", "sd ra, -64(sp)", "23 30 11 fc", []Effect{{Op: Store, Dst: 2, Imm: -64, Src: 1, Size: 8}}},
		{"riscv64", "c.addi16sp -64", "39 71", []Effect{{Op: Add, Dst: 2, Src: 2, Imm: -64, Size: 8}}},
		{"riscv64", "auipc a0, 1", "17 15 00 00", []Effect{{Op: Set, Dst: 10, Imm: 0x2000}}},
		{"riscv64", "c.lui t0, -1", "fd 72", []Effect{{Op: Set, Dst: 5, Imm: -4096}}},
		{"riscv64", "mul a0, a1, a2", "33 85 c5 02", []Effect{{Op: Clobber, Dst: 10}}},
	} {
		t.Run(tt.goarch+"/"+tt.text, func(t *testing.T) {
			if got := Arches[tt.goarch].Effects(nil, unhex(t, tt.code), pc); !slices.Equal(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestInsts: addresses that several instructions form, and decoding after bytes that are
// no instruction.
func TestInsts(t *testing.T) {
	for _, tt := range []struct {
		goarch, text, code string
		want               []Inst // PC from 0x1000 on
	}{
		{"amd64", "bad; syscall", "06 0f 05", []Inst{{0, 1, Stop, 0, 0, false}, {1, 2, Syscall, 0, 0, false}}},
		{"arm64", "adrp x0; add x0, x0, #0x360", "00 00 00 b0 00 80 0d 91", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Next, 0, 0x2360, false}}},
		{"arm64", "adrp x27; ldr x0, [x27, #8]", "1b 00 00 b0 60 07 40 f9", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Next, 0, 0x2008, false}}},
		{"arm64", "adrp x16; add x16, x16, #0; br x16", "10 00 00 b0 10 02 00 91 00 02 1f d6", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Next, 0, 0x2000, false}, {8, 4, Jump, 0x2000, 0, true}}},
		{"arm64", "adrp x0; add x0, x0, #0x360; ldr x1, [x0, #24]", "00 00 00 b0 00 80 0d 91 01 0c 40 f9", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Next, 0, 0x2360, false}, {8, 4, Next, 0, 0, false}}},
		{"arm64", "adrp x27; b; ldr x0, [x27, #8]", "1b 00 00 b0 ff ff ff 17 60 07 40 f9", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Jump, 0x1000, 0, false}, {8, 4, Next, 0, 0, false}}},
		{"arm64", "adrp x0; bl; add x0, x0, #1", "00 00 00 b0 ff ff ff 97 00 04 00 91", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Call, 0x1000, 0, false}, {8, 4, Next, 0, 0, false}}},
		{"riscv64", "auipc a0, 1; addi a0, a0, -1", "17 15 00 00 13 05 f5 ff", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Next, 0, 0x1fff, false}}},
		{"riscv64", "auipc ra, 1; jalr ra, 8(ra)", "97 10 00 00 e7 80 80 00", []Inst{{0, 4, Next, 0, 0, false}, {4, 4, Call, 0x2008, 0, false}}},
	} {
		t.Run(tt.goarch+"/"+tt.text, func(t *testing.T) {
			p := &Program{Arch: Arches[tt.goarch]}
			got := slices.Collect(p.Insts(&Func{Addr: 0x1000, Code: unhex(t, tt.code)}))
			for i := range tt.want {
				tt.want[i].PC += 0x1000
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}
