/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * instructions: BPF programs by the instruction, for tests and benchmarks that put a small program of their own in front of the
 * filter and let it go on with the filter by a tail call.
 */
#ifndef POSTERN_TESTS_UNIT_EBPF_INSTRUCTIONS_H
#define POSTERN_TESTS_UNIT_EBPF_INSTRUCTIONS_H

#include <stdint.h>

#include <linux/bpf.h>

#include <bpf/bpf.h>

#define INSN(op, to, from, offset, value)                                                                              \
	((struct bpf_insn){                                                                                            \
		.code = (op), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (int32_t)(value) })
#define MOVE(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define SET(to, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define CALCULATE(operation, to, value) INSN(BPF_ALU | (operation) | BPF_K, to, 0, 0, value)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* The verdict of a program whose tail call failed. */
#define TAIL_CALL_FAILED 99
/* Go on with the program in `targets_fd`, the context being in register 6; the program's end. */
#define TAIL_CALL(targets_fd)                                                                                          \
	MOVE(BPF_REG_1, BPF_REG_6), INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, targets_fd),      \
		INSN(0, 0, 0, 0, 0), SET(BPF_REG_3, 0), CALL(BPF_FUNC_tail_call), SET(BPF_REG_0, TAIL_CALL_FAILED),    \
		EXIT

/* A program array that holds `target_fd`: a descriptor that the caller closes, or a negative errno. */
static inline int program_array(int target_fd)
{
	const uint32_t zero = 0;
	int fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "targets", sizeof zero, sizeof target_fd, 1, NULL);
	int rc = fd < 0 ? fd : bpf_map_update_elem(fd, &zero, &target_fd, BPF_ANY);

	return rc < 0 ? rc : fd;
}

#endif
