/*
 * What one probe is made of, for the assembler. `stubs.gen.S` says which probes there are.
 *
 * A stub is an ordinary function of the C calling convention whose first instruction is the probe's site, so that the
 * arguments are in the argument registers when the kernel stops there. It returns nothing and changes nothing.
 *
 * The site is one single-byte nop (x86-64) or one nop word (aarch64). The kernel steps over it without leaving the trap.
 * On x86-64 a ten-byte nop follows it, never a five-byte one: kernels from 6.18 turn a five-byte nop into a call, which
 * writes into the caller's red zone and kills the child of a fork (test/native/ keeps both experiments alive).
 *
 * Way back (x86-64): the trap leaves the CPU's return-stack buffer full of kernel addresses, so that the next returns are
 * mispredicted, about 225 ns each hit. POLYPROBE_RETURN_STACK dummy calls refill it. It stands once, after the stubs:
 * a stub jumps there, which keeps each at 16 bytes and all sites in a few cache lines. Only an armed site's caller comes
 * here, because callers read the site first.
 *
 * The note is SystemTap's format 3 (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation), semaphore 0: the
 * site's own byte tells whether a tracer is there.
 */

#ifndef POLYPROBE_RETURN_STACK
#define POLYPROBE_RETURN_STACK 16
#endif

	.macro NOTE provider, name, arguments
	.pushsection .note.stapsdt, "", "note"
	.balign 4
	.4byte 992f-991f, 994f-993f, 3
991:	.asciz "stapsdt"
992:	.balign 4
993:	.8byte \provider\()_\name
	.8byte _.stapsdt.base
	.8byte 0
	.asciz "\provider"
	.asciz "\name"
	.asciz "\arguments"
994:	.balign 4
	.popsection
	.endm

#if defined(__x86_64__)

	.macro STUB provider, name, x86_64, aarch64
	.balign 16
	.globl \provider\()_\name
	.type \provider\()_\name, @function
\provider\()_\name:
	.cfi_startproc
	.byte 0x90
	.byte 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00
#if POLYPROBE_RETURN_STACK > 0
	jmp polyprobe_way_back
#else
	ret
#endif
	.cfi_endproc
	.size \provider\()_\name, . - \provider\()_\name
	NOTE \provider, \name, "\x86_64"
	.endm

	.macro STUBS_BEGIN
	.section .text.polyprobe, "ax", @progbits
	.balign 64
	.endm

	.macro STUBS_END
#if POLYPROBE_RETURN_STACK > 0
	.balign 64
	.type polyprobe_way_back, @function
polyprobe_way_back:
	.cfi_startproc
	.rept POLYPROBE_RETURN_STACK
	call 1f
	.cfi_adjust_cfa_offset 8
	int3
1:
	.endr
	add $(8 * POLYPROBE_RETURN_STACK), %rsp
	.cfi_adjust_cfa_offset -(8 * POLYPROBE_RETURN_STACK)
	/* A user shadow stack (CET) has taken the calls too. rdsspq is a nop where there is none and leaves 0. */
	xor %eax, %eax
	rdsspq %rax
	test %rax, %rax
	jz 2f
	mov $POLYPROBE_RETURN_STACK, %eax
	incsspq %rax
2:	ret
	.cfi_endproc
	.size polyprobe_way_back, . - polyprobe_way_back
#endif
	STAPSDT_BASE
	/* SHSTK: the code above keeps a shadow stack right. IBT isn't claimed, the site must be the first instruction. */
	.pushsection .note.gnu.property, "a", @note
	.balign 8
	.4byte 4, 16, 5
	.asciz "GNU"
	.4byte 0xc0000002, 4, 2, 0
	.popsection
	.endm

#elif defined(__aarch64__)

	.macro STUB provider, name, x86_64, aarch64
	.balign 16
	.globl \provider\()_\name
	.type \provider\()_\name, @function
\provider\()_\name:
	.cfi_startproc
	nop
	ret
	.cfi_endproc
	.size \provider\()_\name, . - \provider\()_\name
	NOTE \provider, \name, "\aarch64"
	.endm

	.macro STUBS_BEGIN
	.section .text.polyprobe, "ax", @progbits
	.balign 64
	.endm

	.macro STUBS_END
	STAPSDT_BASE
	.endm

#else
#error "no stub for this machine: CMakeLists.txt leaves stubs.gen.S out there"
#endif

	/* Prelink moved sections once; notes are read relative to this one still. */
	.macro STAPSDT_BASE
	.pushsection .stapsdt.base, "aG", "progbits", .stapsdt.base, comdat
	.weak _.stapsdt.base
	.hidden _.stapsdt.base
_.stapsdt.base:
	.space 1
	.size _.stapsdt.base, 1
	.popsection
	.section .note.GNU-stack, "", %progbits
	.endm
